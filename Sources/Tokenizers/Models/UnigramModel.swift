// Unigram: of all ways to cut a piece into entries, the one whose scores add up to the most.

/// The model behind `"type": "Unigram"`.
///
/// The best path is found from left to right over bytes: `best(j) = max over entries ending at j of best(i) + score`.
/// A character that is no entry by itself may be unknown, at the lowest score less 10. Of equal sums the one that
/// was found first stays: the earlier start, and of one start the shorter entry. Neighbouring unknowns are one
/// stretch, which is looked up as a whole before it becomes bytes or the unknown token.
///
/// - Source: Kudo, 2018, "Subword regularization", Section 3.2.
struct UnigramModel: TokenModel {
  let vocabulary: Vocabulary
  let scores: [Double]
  /// What stands for unknown stretches; nil when they vanish.
  let unknown: Int32?
  private let tree: PieceTree
  private let byteEntries: ByteEntries?
  private let unknownScore: Double

  /// How much worse than the lowest score an unknown character is.
  static let unknownPenalty = 10.0

  /// The best way to reach one byte of a piece.
  struct Step: Sendable {
    var score = 0.0
    var start: Int32 = -1
    var id: Int32 = -1
  }

  /// A model of entries, whose ids are their places, and their scores.
  init(vocabulary: Vocabulary, scores: [Double], unknown: Int32?, fallsBackToBytes: Bool) {
    self.vocabulary = vocabulary
    self.scores = scores
    self.unknown = unknown
    tree = PieceTree(of: vocabulary)
    byteEntries = fallsBackToBytes ? ByteEntries(of: vocabulary) : nil
    unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
  }

  func encode(
    _ text: [Unicode.Scalar], _ range: Range<Int>, scratch: inout ModelScratch, into output: inout [Int32]
  ) {
    scratch.bytes.removeAll(keepingCapacity: true)
    for index in range { appendUTF8(of: text[index], to: &scratch.bytes) }
    findPath(&scratch)
    scratch.ids.removeAll(keepingCapacity: true)
    scratch.following.removeAll(keepingCapacity: true)
    var end = scratch.bytes.count
    while end > 0 {
      let step = scratch.path[end]
      scratch.ids.append(step.id)
      scratch.following.append(Int32(end))
      end = Int(step.start)
    }
    var start = 0
    var place = scratch.ids.count - 1
    while place >= 0 {
      let id = scratch.ids[place]
      // Entries can be unknown by name only: the unknown token itself, when it stands in the text.
      let isUnknown = id < 0 || id == unknown
      if isUnknown { while place > 0, isUnknownStep(scratch.ids[place - 1]) { place -= 1 } }
      let stop = Int(scratch.following[place])
      if isUnknown { appendUnknown(scratch.bytes, start..<stop, to: &output) } else { output.append(id) }
      start = stop
      place -= 1
    }
  }

  private func isUnknownStep(_ id: Int32) -> Bool { id < 0 || id == unknown }

  private func appendUnknown(_ bytes: [UInt8], _ range: Range<Int>, to output: inout [Int32]) {
    if let id = vocabulary.id(of: bytes, range) {
      output.append(id)
    } else if let byteEntries, byteEntries.append(bytes[range], to: &output) {
    } else if let unknown {
      output.append(unknown)
    }
  }

  /// Writes the best way to every byte of `scratch.bytes` where a character ends into `scratch.path`.
  private func findPath(_ scratch: inout ModelScratch) {
    let count = scratch.bytes.count
    scratch.path.removeAll(keepingCapacity: true)
    scratch.path.append(contentsOf: repeatElement(Step(), count: count + 1))
    var start = 0
    while start < count {
      let score = scratch.path[start].score
      let length = Self.length(ofCharacterStartingWith: scratch.bytes[start])
      var isEntry = false
      tree.forEachPrefix(of: scratch.bytes, from: start) { end, id in
        Self.offer(
          Step(score: scores[Int(id)] + score, start: Int32(start), id: id), to: &scratch.path[end])
        if end - start == length { isEntry = true }
      }
      if !isEntry {
        Self.offer(
          Step(score: unknownScore + score, start: Int32(start), id: unknown ?? -1),
          to: &scratch.path[start + length])
      }
      start += length
    }
  }

  private static func offer(_ step: Step, to best: inout Step) {
    if best.start < 0 || step.score > best.score { best = step }
  }

  private static func length(ofCharacterStartingWith byte: UInt8) -> Int {
    byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
  }
}
