// Byte-pair encoding: a piece starts as single characters, and the best-ranked neighbours merge until none are left.

/// The model behind `"type": "BPE"`.
///
/// The published meaning of its options is kept: characters without an id become their bytes (`byte_fallback`), else
/// the unknown token, else nothing; `fuse_unk` joins unknowns; `ignore_merges` takes a whole piece when it has an id.
struct BytePairModel: Sendable {
  let vocabulary: Vocabulary
  let merges: MergeTable
  let unknown: Int32?
  let fusesUnknowns: Bool
  let ignoresMerges: Bool
  /// The ids of `<0x00>` … `<0xFF>`, −1 where there is none; empty without byte fallback.
  let byteIDs: [Int32]
  /// The ids of single scalars of the basic plane, −1 where there is none.
  private let scalarIDs: [Int32]
  private let rareScalarIDs: [Unicode.Scalar: Int32]

  /// Pieces up to this length are merged by scanning; longer ones with a heap, so that no text is quadratic.
  static let scanLimit = 32

  /// A model of these parts.
  init(
    vocabulary: Vocabulary, merges: MergeTable, unknown: Int32?, fusesUnknowns: Bool, ignoresMerges: Bool,
    fallsBackToBytes: Bool
  ) {
    self.vocabulary = vocabulary
    self.merges = merges
    self.unknown = unknown
    self.fusesUnknowns = fusesUnknowns
    self.ignoresMerges = ignoresMerges
    var common = [Int32](repeating: -1, count: 0x10000)
    var rare: [Unicode.Scalar: Int32] = [:]
    vocabulary.forEachScalar { scalar, id in
      if scalar.value < 0x10000 { common[Int(scalar.value)] = id } else { rare[scalar] = id }
    }
    scalarIDs = common
    rareScalarIDs = rare
    byteIDs =
      fallsBackToBytes
      ? (0..<256).map { byte in
        let digits = String(byte, radix: 16, uppercase: true)
        return vocabulary.id(of: "<0x" + (byte < 16 ? "0" : "") + digits + ">") ?? -1
      } : []
  }

  /// Room that the encoding of one piece leaves to the next.
  struct Scratch {
    var ids: [Int32] = []
    var ranks: [UInt32] = []
    var results: [Int32] = []
    var previous: [Int32] = []
    var following: [Int32] = []
    var heap = MergeHeap()
    var bytes: [UInt8] = []
  }

  /// Appends the ids of one piece.
  func encode(
    _ text: [Unicode.Scalar], _ range: Range<Int>, scratch: inout Scratch, into output: inout [Int32]
  ) {
    if ignoresMerges {
      scratch.bytes.removeAll(keepingCapacity: true)
      for index in range { appendUTF8(of: text[index], to: &scratch.bytes) }
      if let id = vocabulary.id(of: scratch.bytes, scratch.bytes.indices) {
        output.append(id)
        return
      }
    }
    symbols(of: text, range, into: &scratch.ids)
    if scratch.ids.count > 1 {
      if scratch.ids.count <= Self.scanLimit { mergeByScanning(&scratch) } else { mergeByHeap(&scratch) }
    }
    output.append(contentsOf: scratch.ids)
  }

  private func id(of scalar: Unicode.Scalar) -> Int32 {
    scalar.value < 0x10000 ? scalarIDs[Int(scalar.value)] : rareScalarIDs[scalar] ?? -1
  }

  private func symbols(of text: [Unicode.Scalar], _ range: Range<Int>, into ids: inout [Int32]) {
    ids.removeAll(keepingCapacity: true)
    var isUnknownPending = false
    for index in range {
      let id = id(of: text[index])
      if id >= 0 {
        if isUnknownPending, let unknown { ids.append(unknown) }
        isUnknownPending = false
        ids.append(id)
        continue
      }
      if !byteIDs.isEmpty {
        let bytes = UTF8.encode(text[index]) ?? UTF8.encodedReplacementCharacter
        if bytes.allSatisfy({ byteIDs[Int($0)] >= 0 }) {
          // A pending unknown stays pending behind the bytes, as the reference implementation has it.
          for byte in bytes { ids.append(byteIDs[Int(byte)]) }
          continue
        }
      }
      if let unknown, isUnknownPending, !fusesUnknowns { ids.append(unknown) }
      isUnknownPending = true
    }
    if isUnknownPending, let unknown { ids.append(unknown) }
  }

  /// Merges by looking for the best neighbours again after each merge: quickest for words.
  func mergeByScanning(_ scratch: inout Scratch) {
    var count = scratch.ids.count
    scratch.ranks.removeAll(keepingCapacity: true)
    scratch.results.removeAll(keepingCapacity: true)
    for index in 0..<(count - 1) {
      let merge = merges.merge(scratch.ids[index], scratch.ids[index + 1])
      scratch.ranks.append(merge.rank)
      scratch.results.append(merge.result)
    }
    while true {
      var best = MergeTable.none
      var place = 0
      for index in 0..<(count - 1) where scratch.ranks[index] < best {
        best = scratch.ranks[index]
        place = index
      }
      if best == MergeTable.none { break }
      scratch.ids[place] = scratch.results[place]
      scratch.ids.remove(at: place + 1)
      scratch.ranks.remove(at: place)
      scratch.results.remove(at: place)
      count -= 1
      for index in max(place - 1, 0)..<min(place + 1, count - 1) {
        let merge = merges.merge(scratch.ids[index], scratch.ids[index + 1])
        scratch.ranks[index] = merge.rank
        scratch.results[index] = merge.result
      }
    }
  }

  /// Merges through a heap of candidates over a linked list: n log n for pieces of any length.
  func mergeByHeap(_ scratch: inout Scratch) {
    let count = scratch.ids.count
    scratch.ranks = [UInt32](repeating: MergeTable.none, count: count)
    scratch.results = [Int32](repeating: -1, count: count)
    scratch.previous = (0..<Int32(count)).map { $0 - 1 }
    scratch.following = (0..<Int32(count)).map { $0 + 1 < Int32(count) ? $0 + 1 : -1 }
    scratch.heap.removeAll()
    for index in 0..<(count - 1) { consider(index, &scratch) }
    while let candidate = scratch.heap.popLowest() {
      let place = Int(candidate & 0xFFFF_FFFF)
      // An entry whose rank is no longer the rank of its place was overtaken by another merge.
      guard scratch.ranks[place] == UInt32(candidate >> 32) else { continue }
      let right = Int(scratch.following[place])
      scratch.ids[place] = scratch.results[place]
      scratch.ids[right] = -1
      scratch.ranks[right] = MergeTable.none
      let next = scratch.following[right]
      scratch.following[place] = next
      if next >= 0 { scratch.previous[Int(next)] = Int32(place) }
      consider(place, &scratch)
      if scratch.previous[place] >= 0 { consider(Int(scratch.previous[place]), &scratch) }
    }
    scratch.ids.removeAll { $0 < 0 }
  }

  private func consider(_ place: Int, _ scratch: inout Scratch) {
    let next = Int(scratch.following[place])
    guard next >= 0 else {
      scratch.ranks[place] = MergeTable.none
      return
    }
    let merge = merges.merge(scratch.ids[place], scratch.ids[next])
    scratch.ranks[place] = merge.rank
    scratch.results[place] = merge.result
    if merge.rank != MergeTable.none { scratch.heap.insert(UInt64(merge.rank) << 32 | UInt64(place)) }
  }
}

/// A binary heap of numbers, lowest first.
struct MergeHeap {
  private var items: [UInt64] = []

  /// Empties the heap and keeps its room.
  mutating func removeAll() { items.removeAll(keepingCapacity: true) }

  /// Adds a number.
  mutating func insert(_ item: UInt64) {
    var child = items.count
    items.append(item)
    while child > 0, case let parent = (child - 1) / 2, items[parent] > item {
      items[child] = items[parent]
      child = parent
    }
    items[child] = item
  }

  /// Takes the lowest number, or nil when there is none.
  mutating func popLowest() -> UInt64? {
    guard let lowest = items.first, let last = items.popLast() else { return nil }
    guard !items.isEmpty else { return lowest }
    var parent = 0
    while case var child = 2 * parent + 1, child < items.count {
      if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
      guard items[child] < last else { break }
      items[parent] = items[child]
      parent = child
    }
    items[parent] = last
    return lowest
  }
}

/// Appends the UTF-8 of one scalar.
@inline(__always) func appendUTF8(of scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
  if scalar.value < 0x80 {
    bytes.append(UInt8(scalar.value))
  } else {
    bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
  }
}
