// The ids of pieces that came before: most of a text is made of a few thousand words.

/// A table from pieces to their ids, emptied when it is full.
struct PieceCache: Sendable {
  private var slots: [Int32]
  private var entries: [Entry] = []
  private var scalars: [Unicode.Scalar] = []
  private var ids: [Int32] = []

  private struct Entry: Sendable {
    var hash: UInt64
    var scalarStart: Int32
    var scalarEnd: Int32
    var idStart: Int32
    var idEnd: Int32
  }

  /// Longer pieces are not kept: they seldom come again.
  static let longest = 32
  private static let capacity = 1 << 15

  /// An empty table.
  init() { slots = [Int32](repeating: -1, count: Self.capacity * 2) }

  /// A number that equal pieces share.
  @inline(__always) static func hash(_ text: [Unicode.Scalar], _ range: Range<Int>) -> UInt64 {
    var hash = UInt64(truncatingIfNeeded: range.count)
    for index in range { hash = (hash ^ UInt64(text[index].value)) &* 0x9E37_79B9_7F4A_7C15 }
    return hash ^ hash >> 32
  }

  /// Appends the ids of a piece that is known; false when it is not.
  @inline(__always)
  func append(
    _ text: [Unicode.Scalar], _ range: Range<Int>, hash: UInt64, to output: inout [Int32]
  ) -> Bool {
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] >= 0 {
      let entry = entries[Int(slots[slot])]
      if entry.hash == hash, matches(entry, text, range) {
        for place in Int(entry.idStart)..<Int(entry.idEnd) { output.append(ids[place]) }
        return true
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return false
  }

  @inline(__always)
  private func matches(_ entry: Entry, _ text: [Unicode.Scalar], _ range: Range<Int>) -> Bool {
    let start = Int(entry.scalarStart)
    guard Int(entry.scalarEnd) - start == range.count else { return false }
    for offset in 0..<range.count where scalars[start + offset] != text[range.lowerBound + offset] {
      return false
    }
    return true
  }

  /// Keeps the ids of a piece that is not known yet.
  mutating func insert(
    _ text: [Unicode.Scalar], _ range: Range<Int>, hash: UInt64, _ newIDs: ArraySlice<Int32>
  ) {
    if entries.count == Self.capacity { self = PieceCache() }
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = Int32(entries.count)
    let (scalarStart, idStart) = (Int32(scalars.count), Int32(ids.count))
    scalars.append(contentsOf: text[range])
    ids.append(contentsOf: newIDs)
    entries.append(
      Entry(
        hash: hash, scalarStart: scalarStart, scalarEnd: Int32(scalars.count), idStart: idStart,
        idEnd: Int32(ids.count)))
  }
}
