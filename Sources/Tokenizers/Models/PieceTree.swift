// All entries of a vocabulary that a text begins with, shortest first.

/// A tree of entries by their bytes, kept as one hash of its edges.
struct PieceTree: Sendable {
  private var keys: [UInt64]
  private var nodes: [Int32]
  private var ids: [Int32] = [-1]
  private var count = 0
  private static let empty = UInt64.max

  /// The tree of a vocabulary's entries, without the empty one.
  init(of vocabulary: Vocabulary) {
    keys = [UInt64](repeating: Self.empty, count: 1024)
    nodes = [Int32](repeating: -1, count: 1024)
    vocabulary.forEachEntry { bytes, id in
      guard !bytes.isEmpty else { return }
      var node: Int32 = 0
      for byte in bytes { node = child(of: node, byte) }
      ids[Int(node)] = id
    }
  }

  /// Calls `body` with the end and the id of every entry that stands in `text` from `start` on.
  @inline(__always)
  func forEachPrefix(of text: [UInt8], from start: Int, _ body: (_ end: Int, _ id: Int32) -> Void) {
    var node: Int32 = 0
    var place = start
    while place < text.count {
      let key = Self.key(node, text[place])
      let slot = slot(of: key)
      guard keys[slot] == key else { return }
      node = nodes[slot]
      place += 1
      if ids[Int(node)] >= 0 { body(place, ids[Int(node)]) }
    }
  }

  private mutating func child(of node: Int32, _ byte: UInt8) -> Int32 {
    let key = Self.key(node, byte)
    let slot = slot(of: key)
    if keys[slot] == key { return nodes[slot] }
    keys[slot] = key
    nodes[slot] = Int32(ids.count)
    ids.append(-1)
    count += 1
    if count * 2 > keys.count { grow() }
    return Int32(ids.count - 1)
  }

  private mutating func grow() {
    let (oldKeys, oldNodes) = (keys, nodes)
    keys = [UInt64](repeating: Self.empty, count: oldKeys.count * 2)
    nodes = [Int32](repeating: -1, count: oldKeys.count * 2)
    for (key, node) in zip(oldKeys, oldNodes) where key != Self.empty {
      let slot = slot(of: key)
      keys[slot] = key
      nodes[slot] = node
    }
  }

  private func slot(of key: UInt64) -> Int {
    let mask = keys.count - 1
    let mixed = key &* 0x9E37_79B9_7F4A_7C15
    var slot = Int(truncatingIfNeeded: mixed >> 32) & mask
    while keys[slot] != key, keys[slot] != Self.empty { slot = (slot + 1) & mask }
    return slot
  }

  private static func key(_ node: Int32, _ byte: UInt8) -> UInt64 {
    UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte)
  }
}
