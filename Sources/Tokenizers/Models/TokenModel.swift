// What a model is: the step from one piece of text to ids.

/// A model of `tokenizer.json`: a vocabulary and how a piece falls into its entries.
protocol TokenModel: Sendable {
  /// The entries and their ids.
  var vocabulary: Vocabulary { get }
  /// Whether `clean_up_tokenization_spaces` leaves decoded text alone, as it does behind byte-pair encoding.
  var keepsSpaces: Bool { get }
  /// Cuts a long piece into stretches that give its ids one behind the other.
  func cut(_ text: [Unicode.Scalar], _ range: Range<Int>, into stretches: inout [Range<Int>])
  /// Appends the ids of one piece, which is not empty.
  func encode(
    _ text: [Unicode.Scalar], _ range: Range<Int>, scratch: inout ModelScratch, into output: inout [Int32])
}

extension TokenModel {
  var keepsSpaces: Bool { false }
  func cut(_ text: [Unicode.Scalar], _ range: Range<Int>, into stretches: inout [Range<Int>]) {
    stretches.append(range)
  }
}

/// Room that the encoding of one piece leaves to the next.
struct ModelScratch: Sendable {
  var ids: [Int32] = []
  var ranks: [UInt32] = []
  var results: [Int32] = []
  var previous: [Int32] = []
  var following: [Int32] = []
  var heap = MergeHeap()
  var bytes: [UInt8] = []
  var path: [UnigramModel.Step] = []
}

/// The ids of `<0x00>` … `<0xFF>`, by which a model writes what it has no entry for.
struct ByteEntries: Sendable {
  /// The id for each byte, −1 where there is none.
  private let ids: [Int32]
  /// Whether every byte has an id.
  let isComplete: Bool

  /// The entries of a vocabulary.
  init(of vocabulary: Vocabulary) {
    ids = (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return vocabulary.id(of: "<0x" + (byte < 16 ? "0" : "") + digits + ">") ?? -1
    }
    isComplete = ids.allSatisfy { $0 >= 0 }
  }

  /// Appends the ids of some bytes; false, and nothing appended, when one of them has none.
  func append(_ bytes: some Collection<UInt8>, to output: inout [Int32]) -> Bool {
    guard bytes.allSatisfy({ ids[Int($0)] >= 0 }) else { return false }
    for byte in bytes { output.append(ids[Int(byte)]) }
    return true
  }
}

/// A binary heap of numbers, lowest first.
struct MergeHeap: Sendable {
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
