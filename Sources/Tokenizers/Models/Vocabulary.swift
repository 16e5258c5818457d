// The pieces of a model and their ids, in flat tables over one block of bytes.

/// A two-way map between pieces (as UTF-8) and ids.
struct Vocabulary: Sendable {
  private var bytes: [UInt8] = []
  private var ends: [Int] = [0]
  private var ids: [Int32] = []
  private var slots: [Int32] = []
  private var entryOfID: [Int32] = []

  /// The largest id plus one, at least 0.
  var idLimit: Int { entryOfID.count }
  /// How many pieces there are.
  var count: Int { ids.count }

  /// The ids of pieces are far below this in every published model; larger ones mean a broken file.
  static let largestID = 1 << 24

  /// Reads the object `{"piece": id, …}` that `reader` stands before.
  ///
  /// - Throws: `TokenizerError` naming a piece that comes twice, an id that two pieces share, or an id out of range.
  init(reading reader: inout JSONReader) throws(TokenizerError) {
    var highest = -1
    try reader.beginObject()
    while try reader.nextKey(into: &bytes) {
      ends.append(bytes.count)
      let id = try reader.integer()
      guard id >= 0, id < Self.largestID else {
        throw TokenizerError(
          field: "model.vocab",
          problem: "piece '\(piece(ofEntry: ids.count))' has the id \(id), which is out of range")
      }
      ids.append(Int32(id))
      highest = max(highest, id)
    }
    entryOfID = [Int32](repeating: -1, count: highest + 1)
    for entry in ids.indices {
      let id = Int(ids[entry])
      if entryOfID[id] >= 0 {
        let first = piece(ofEntry: Int(entryOfID[id]))
        let second = piece(ofEntry: entry)
        throw TokenizerError(
          field: "model.vocab",
          problem: "pieces '\(first)' and '\(second)' share the id \(id); ids must be unique")
      }
      entryOfID[id] = Int32(entry)
    }
    if let entry = index() {
      throw TokenizerError(field: "model.vocab", problem: "piece '\(piece(ofEntry: entry))' comes twice")
    }
  }

  /// Reads the list `[["piece", score], …]` that `reader` stands before; ids are places in it.
  ///
  /// Of equal pieces the last one is found by name.
  ///
  /// - Throws: `TokenizerError` with the place of an element that is no such pair.
  init(
    readingScored reader: inout JSONReader, into scores: inout [Double]
  ) throws(TokenizerError) {
    try reader.beginArray()
    while try reader.nextElement() {
      let problem = TokenizerError(
        field: "model.vocab[\(ids.count)]", problem: "expected a piece and its score, as [\"a\", -1.5]")
      guard reader.peek() == UInt8(ascii: "[") else { throw problem }
      try reader.beginArray()
      guard try reader.nextElement(), reader.peek() == UInt8(ascii: "\"") else { throw problem }
      try reader.string(into: &bytes)
      guard try reader.nextElement(), let score = try reader.score() else { throw problem }
      guard try !reader.nextElement() else { throw problem }
      ends.append(bytes.count)
      entryOfID.append(Int32(ids.count))
      ids.append(Int32(ids.count))
      scores.append(score)
    }
    _ = index()
  }

  /// Builds the table of pieces; the first entry that repeats an earlier one, whose place it takes.
  private mutating func index() -> Int? {
    var repeated: Int?
    var capacity = 16
    while capacity < ids.count * 2 { capacity *= 2 }
    slots = [Int32](repeating: -1, count: capacity)
    for entry in ids.indices {
      let range = ends[entry]..<ends[entry + 1]
      var slot = Self.hash(bytes, range) & (capacity - 1)
      while slots[slot] >= 0 {
        if matches(entry: Int(slots[slot]), bytes, range) {
          repeated = repeated ?? entry
          break
        }
        slot = (slot + 1) & (capacity - 1)
      }
      slots[slot] = Int32(entry)
    }
    return repeated
  }

  /// The id of the piece whose UTF-8 is `text[range]`.
  func id(of text: [UInt8], _ range: Range<Int>) -> Int32? {
    guard !slots.isEmpty else { return nil }
    var slot = Self.hash(text, range) & (slots.count - 1)
    while slots[slot] >= 0 {
      if matches(entry: Int(slots[slot]), text, range) { return ids[Int(slots[slot])] }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// The id of a piece.
  func id(of piece: String) -> Int32? {
    let text = Array(piece.utf8)
    return id(of: text, text.indices)
  }

  /// The UTF-8 of the piece with this id; nil for ids that no piece has.
  func bytes(of id: Int32) -> ArraySlice<UInt8>? {
    guard id >= 0, Int(id) < entryOfID.count, case let entry = Int(entryOfID[Int(id)]), entry >= 0 else {
      return nil
    }
    return bytes[ends[entry]..<ends[entry + 1]]
  }

  /// Calls `body` with the UTF-8 of every piece, and its id.
  func forEachEntry(_ body: (ArraySlice<UInt8>, Int32) -> Void) {
    for entry in ids.indices { body(bytes[ends[entry]..<ends[entry + 1]], ids[entry]) }
  }

  /// Calls `body` with every piece that is a single scalar, and its id.
  func forEachScalar(_ body: (Unicode.Scalar, Int32) -> Void) {
    for entry in ids.indices where ends[entry + 1] - ends[entry] <= 4 {
      let scalars = piece(ofEntry: entry).unicodeScalars
      if let scalar = scalars.first, scalars.count == 1 { body(scalar, ids[entry]) }
    }
  }

  private func piece(ofEntry entry: Int) -> String {
    String(decoding: bytes[ends[entry]..<ends[entry + 1]], as: UTF8.self)
  }

  private func matches(entry: Int, _ text: [UInt8], _ range: Range<Int>) -> Bool {
    let start = ends[entry]
    guard ends[entry + 1] - start == range.count else { return false }
    for offset in 0..<range.count where bytes[start + offset] != text[range.lowerBound + offset] {
      return false
    }
    return true
  }

  /// FNV-1a, folded so that the low bits depend on all of it.
  private static func hash(_ text: [UInt8], _ range: Range<Int>) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in range { hash = (hash ^ UInt64(text[index])) &* 0x100_0000_01B3 }
    return Int(truncatingIfNeeded: (hash ^ (hash >> 32)) & 0x7FFF_FFFF)
  }
}
