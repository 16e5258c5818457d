// The merges of a byte-pair model: which neighbours join, in which order of preference, into what.

/// A flat hash from a pair of ids to the rank of its merge and the id it makes.
struct MergeTable: Sendable {
  /// The rank of a pair that does not merge.
  static let none = UInt32.max

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
