// Byte-pair encoding: a piece starts as single characters, and the best-ranked neighbours merge until none are left.

/// The model behind `"type": "BPE"`.
///
/// The published meaning of its options is kept: characters without an id become their bytes (`byte_fallback`), else
/// the unknown token, else nothing; `fuse_unk` joins unknowns; `ignore_merges` takes a whole piece when it has an id;
/// `continuing_subword_prefix` and `end_of_word_suffix` are part of the entries they mark.
struct BytePairModel: TokenModel {
  let vocabulary: Vocabulary
  let merges: MergeTable
  let options: Options
  /// The entries of single bytes, where unknown characters fall back to them.
  private let byteEntries: ByteEntries?
  /// The ids of single scalars of the basic plane, −1 where there is none.
  private let scalarIDs: [Int32]
  private let rareScalarIDs: [Unicode.Scalar: Int32]

  /// Pieces up to this length are merged by scanning; longer ones with a heap, so that no text is quadratic.
  static let scanLimit = 32

  /// What the fields of the model say besides its tables.
  struct Options: Sendable {
    /// What stands for a character without an id; nil when it vanishes.
    var unknown: Int32?
    /// Whether neighbouring unknowns become one.
    var fusesUnknowns = false
    /// Whether a piece that has an id is not merged at all.
    var ignoresMerges = false
    /// Whether a character without an id becomes its bytes.
    var fallsBackToBytes = false
    /// What every character but the first of a piece carries before it.
    var continuingPrefix = ""
    /// What the last character of a piece carries behind it.
    var endSuffix = ""
  }

  var keepsSpaces: Bool { true }

  /// A model of these parts.
  init(vocabulary: Vocabulary, merges: MergeTable, options: Options) {
    self.vocabulary = vocabulary
    self.merges = merges
    self.options = options
    var common = [Int32](repeating: -1, count: 0x10000)
    var rare: [Unicode.Scalar: Int32] = [:]
    vocabulary.forEachScalar { scalar, id in
      if scalar.value < 0x10000 { common[Int(scalar.value)] = id } else { rare[scalar] = id }
    }
    scalarIDs = common
    rareScalarIDs = rare
    byteEntries = options.fallsBackToBytes ? ByteEntries(of: vocabulary) : nil
  }

  func encode(
    _ text: [Unicode.Scalar], _ range: Range<Int>, scratch: inout ModelScratch, into output: inout [Int32]
  ) {
    if options.ignoresMerges {
      scratch.bytes.removeAll(keepingCapacity: true)
      for index in range { appendUTF8(of: text[index], to: &scratch.bytes) }
      if let id = vocabulary.id(of: scratch.bytes, scratch.bytes.indices) {
        output.append(id)
        return
      }
    }
    symbols(of: text, range, &scratch)
    if scratch.ids.count > 1 {
      if scratch.ids.count <= Self.scanLimit { mergeByScanning(&scratch) } else { mergeByHeap(&scratch) }
    }
    output.append(contentsOf: scratch.ids)
  }

  func cut(_ text: [Unicode.Scalar], _ range: Range<Int>, into stretches: inout [Range<Int>]) {
    guard !options.ignoresMerges, options.continuingPrefix.isEmpty, options.endSuffix.isEmpty else {
      stretches.append(range)
      return
    }
    var start = range.lowerBound
    var isKnown = id(of: text[start]) >= 0
    for place in range.dropFirst() {
      let wasKnown = isKnown
      isKnown = id(of: text[place]) >= 0
      // Unknown characters have to stay with their neighbours: they may fuse, or become bytes that merge.
      if wasKnown, isKnown, !merges.joins.joins(text[place - 1], text[place]) {
        stretches.append(start..<place)
        start = place
      }
    }
    stretches.append(start..<range.upperBound)
  }

  private func id(of scalar: Unicode.Scalar) -> Int32 {
    scalar.value < 0x10000 ? scalarIDs[Int(scalar.value)] : rareScalarIDs[scalar] ?? -1
  }

  /// Writes the ids of a piece's characters into `scratch.ids`.
  private func symbols(of text: [Unicode.Scalar], _ range: Range<Int>, _ scratch: inout ModelScratch) {
    scratch.ids.removeAll(keepingCapacity: true)
    var isUnknownPending = false
    for index in range {
      let isFirst = index == range.lowerBound
      let isLast = index == range.upperBound - 1
      let prefix = isFirst ? "" : options.continuingPrefix
      let suffix = isLast ? options.endSuffix : ""
      var id = prefix.isEmpty && suffix.isEmpty ? id(of: text[index]) : -1
      if id < 0 {
        scratch.bytes.removeAll(keepingCapacity: true)
        scratch.bytes.append(contentsOf: prefix.utf8)
        appendUTF8(of: text[index], to: &scratch.bytes)
        scratch.bytes.append(contentsOf: suffix.utf8)
        if !prefix.isEmpty || !suffix.isEmpty {
          id = vocabulary.id(of: scratch.bytes, scratch.bytes.indices) ?? -1
        }
      }
      if id >= 0 {
        if isUnknownPending, let unknown = options.unknown { scratch.ids.append(unknown) }
        isUnknownPending = false
        scratch.ids.append(id)
        continue
      }
      // A pending unknown stays pending behind the bytes, as the reference implementation has it.
      if let byteEntries, byteEntries.append(scratch.bytes, to: &scratch.ids) { continue }
      if let unknown = options.unknown, isUnknownPending, !options.fusesUnknowns {
        scratch.ids.append(unknown)
      }
      isUnknownPending = true
    }
    if isUnknownPending, let unknown = options.unknown { scratch.ids.append(unknown) }
  }

  /// Merges by looking for the best neighbours again after each merge: quickest for words.
  func mergeByScanning(_ scratch: inout ModelScratch) {
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
  func mergeByHeap(_ scratch: inout ModelScratch) {
    let count = scratch.ids.count
    scratch.ranks.removeAll(keepingCapacity: true)
    scratch.results.removeAll(keepingCapacity: true)
    scratch.previous.removeAll(keepingCapacity: true)
    scratch.following.removeAll(keepingCapacity: true)
    for place in 0..<Int32(count) {
      scratch.ranks.append(MergeTable.none)
      scratch.results.append(-1)
      scratch.previous.append(place - 1)
      scratch.following.append(place + 1 < Int32(count) ? place + 1 : -1)
    }
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

  private func consider(_ place: Int, _ scratch: inout ModelScratch) {
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
