// The merges of a byte-pair model: which neighbours join, in which order of preference, into what.

/// A flat hash from a pair of ids to the rank of its merge and the id it makes.
struct MergeTable: Sendable {
  /// The rank of a pair that does not merge.
  static let none = UInt32.max

  /// The characters that merges bring together.
  private(set) var joins = JoinTable()

  private var keys: [UInt64]
  private var values: [UInt64]
  private var count = 0
  private var mask: Int { keys.count - 1 }
  private static let empty = UInt64.max

  /// An empty table with room for `count` merges; it grows for more.
  init(count: Int) {
    var capacity = 16
    while capacity < count * 2 { capacity *= 2 }
    keys = [UInt64](repeating: Self.empty, count: capacity)
    values = [UInt64](repeating: 0, count: capacity)
  }

  /// Lets `left` and `right` merge into `result`; of several merges of one pair the last one holds.
  mutating func insert(_ left: Int32, _ right: Int32, rank: UInt32, result: Int32) {
    if count * 2 >= keys.count { grow() }
    let slot = slot(of: Self.key(left, right))
    if keys[slot] == Self.empty { count += 1 }
    keys[slot] = Self.key(left, right)
    values[slot] = UInt64(rank) << 32 | UInt64(UInt32(bitPattern: result))
  }

  /// The rank of the merge of two ids, or `none`, and the id it makes.
  func merge(_ left: Int32, _ right: Int32) -> (rank: UInt32, result: Int32) {
    let key = Self.key(left, right)
    let slot = slot(of: key)
    guard keys[slot] == key else { return (Self.none, -1) }
    return (UInt32(values[slot] >> 32), Int32(bitPattern: UInt32(truncatingIfNeeded: values[slot])))
  }

  private mutating func grow() {
    let old = self
    self = MergeTable(count: old.keys.count)
    count = old.count
    for (key, value) in zip(old.keys, old.values) where key != Self.empty {
      let slot = slot(of: key)
      keys[slot] = key
      values[slot] = value
    }
  }

  private func slot(of key: UInt64) -> Int {
    let mixed = key &* 0x9E37_79B9_7F4A_7C15
    var slot = Int(truncatingIfNeeded: (mixed >> 32) ^ mixed >> 15) & mask
    while keys[slot] != key, keys[slot] != Self.empty { slot = (slot + 1) & mask }
    return slot
  }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }
}

extension MergeTable {
  /// Reads merges in both spellings, `"a b"` and `["a", "b"]`; the right side loses the model's `prefix` in what
  /// they make.
  ///
  /// - Throws: `TokenizerError` with the place of a merge that is none, or whose pieces have no ids.
  init(
    reading reader: inout JSONReader, _ vocabulary: Vocabulary, prefix: String
  ) throws(TokenizerError) {
    self.init(count: vocabulary.count)
    let prefixLength = prefix.unicodeScalars.count
    var text: [UInt8] = []
    var rank: UInt32 = 0
    try reader.beginArray()
    while try reader.nextElement() {
      text.removeAll(keepingCapacity: true)
      guard let middle = try Self.sides(&reader, into: &text, rank: rank) else { continue }
      func id(_ range: Range<Int>) throws(TokenizerError) -> Int32 {
        if let id = vocabulary.id(of: text, range) { return id }
        let piece = String(decoding: text[range], as: UTF8.self)
        throw TokenizerError(
          field: "model.merges[\(rank)]", problem: "piece '\(piece)' is not in the vocabulary")
      }
      let left = try id(0..<middle)
      let right = try id(middle..<text.count)
      if let before = Self.lastScalar(of: text[..<middle]), let after = Self.firstScalar(of: text[middle...])
      {
        joins.insert(before, after)
      }
      if prefixLength > 0 { text.removeSubrange(middle..<min(middle + prefixLength, text.count)) }
      insert(left, right, rank: rank, result: try id(0..<text.count))
      rank += 1
    }
  }

  private static func firstScalar(of text: ArraySlice<UInt8>) -> Unicode.Scalar? {
    var iterator = text.prefix(4).makeIterator()
    var decoder = UTF8()
    guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
    return scalar
  }

  private static func lastScalar(of text: ArraySlice<UInt8>) -> Unicode.Scalar? {
    text.lastIndex { $0 & 0xC0 != 0x80 }.flatMap { firstScalar(of: text[$0...]) }
  }

  /// Appends both sides of a merge to `text` and returns where the right one starts; nil for the version line that
  /// lists taken from old files begin with.
  private static func sides(
    _ reader: inout JSONReader, into text: inout [UInt8], rank: UInt32
  ) throws(TokenizerError) -> Int? {
    let problem = TokenizerError(
      field: "model.merges[\(rank)]", problem: "expected two pieces, as \"a b\" or [\"a\", \"b\"]")
    if reader.peek() == UInt8(ascii: "[") {
      var middle = 0
      var sides = 0
      try reader.beginArray()
      while try reader.nextElement() {
        if sides == 1 { middle = text.count }
        try reader.string(into: &text)
        sides += 1
      }
      guard sides == 2 else { throw problem }
      return middle
    }
    try reader.string(into: &text)
    if text.starts(with: "#version".utf8) { return nil }
    guard let space = text.firstIndex(of: 0x20), space == text.lastIndex(of: 0x20) else { throw problem }
    text.remove(at: space)
    return space
  }
}
