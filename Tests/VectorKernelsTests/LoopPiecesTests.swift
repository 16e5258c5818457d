// Loops are cut without gaps, large pieces first, and never across groups.

import Testing

@testable import VectorKernels

@Suite struct LoopPiecesTests {
  @Test(arguments: [1, 2, 3, 16], [0, 1, 5, 32, 97])
  func `every place of every group is in one piece`(_ threads: Int, _ count: Int) {
    for groups in [0, 1, 2, 7] {
      for (smallest, largest) in [(1, Int.max), (4, 8), (8, 8), (1, 1), (100, 3)] {
        let pieces = loopPieces(
          count, groups: groups, threads: threads, smallest: smallest, largest: largest)
        let places = pieces.flatMap { piece in piece.places.map { [piece.group, $0] } }
        #expect(places == (0..<groups).flatMap { group in (0..<count).map { [group, $0] } })
        #expect(pieces.allSatisfy { !$0.places.isEmpty && $0.places.count <= largest })
      }
    }
  }

  @Test func `pieces shrink with what is left, and rests go along`() {
    #expect(loopPieces(96, threads: 2).map(\.places.count).prefix(5) == [24, 18, 14, 10, 8])
    #expect(loopPieces(32, threads: 2, smallest: 4, largest: 8).map(\.places.count) == [8, 6, 5, 4, 4, 5])
    #expect(loopPieces(18, threads: 2, smallest: 5, largest: 5).map(\.places.count) == [5, 5, 5, 3])
    #expect(loopPieces(3, threads: 8, smallest: 4) == [LoopPiece(group: 0, places: 0..<3)])
  }

  @Test func `groups stay whole while many are left, and the last is shared`() {
    let pieces = loopPieces(96, groups: 8, threads: 2)
    #expect(pieces.map(\.group).prefix(8) == [0, 1, 2, 3, 4, 5, 6, 6])
    #expect(pieces.filter { $0.group == 7 }.map(\.places.count).prefix(3) == [24, 18, 14])
  }

  @Test func `one thread takes whole groups`() {
    #expect(
      loopPieces(10, groups: 2, threads: 1) == [
        LoopPiece(group: 0, places: 0..<10), LoopPiece(group: 1, places: 0..<10),
      ])
    #expect(loopPieces(10, threads: 1, largest: 4).map(\.places.count) == [4, 4, 2])
  }

  @Test(arguments: [[1.0, 1.0], [1.0, 0.5], [0.5, 1.0], [0.5, 1.0, 1.0, 0.5]])
  func `threads of which some are half as fast end together`(_ speeds: [Double]) {
    // Whoever is free takes the next piece; a place takes a thread 1/speed.
    var ends = speeds.map { _ in 0.0 }
    for piece in loopPieces(96, threads: speeds.count) {
      let free = ends.indices.min { ends[$0] < ends[$1] } ?? 0
      ends[free] += Double(piece.places.count) / speeds[free]
    }
    let best = 96 / speeds.reduce(0, +)
    #expect((ends.max() ?? 0) < 1.08 * best)
  }
}
