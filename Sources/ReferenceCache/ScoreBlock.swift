// The bytes of a cache file: blocks, each written at once, each with its index and checksums.

import PreferenceCore

/// One value of the cache: a statistic of every token of a completion.
struct ScoreRecord {
  let key: ScoreKey
  /// One number a token, as it was scored.
  let values: [Double]
}

/// Where a record's numbers stand in a file.
struct ScoreEntry {
  let key: ScoreKey
  /// Counted from the file's first byte.
  let offset: Int
  /// How many numbers.
  let count: Int
  let checksum: UInt64
}

/// The layout of a block: a header, an index of entries, and the numbers.
///
///     header   magic · scorer · entries · bytes of numbers · checksum of the index · checksum of the header
///     entry    key (16 bytes) · offset among the numbers · count · checksum of the numbers
///
/// Everything is a 64-bit word, lowest byte first.
enum ScoreBlock {
  /// `PREFSCR1`; another layout gets another digit.
  static let magic: UInt64 = 0x3152_4353_4645_5250
  static let headerSize = 48
  static let entrySize = 40

  /// The bytes of a block with `records`, for the scorer whose digest begins with `scorer`.
  static func bytes(_ records: [ScoreRecord], scorer: UInt64) -> [UInt8] {
    var (index, numbers): ([UInt8], [UInt8]) = ([], [])
    numbers.reserveCapacity(8 * records.reduce(0) { $0 + $1.values.count })
    for record in records {
      let start = numbers.count
      for value in record.values { numbers.append(value.bitPattern) }
      index.append(record.key.high)
      index.append(record.key.low)
      index.append(UInt64(start))
      index.append(UInt64(record.values.count))
      index.append(numbers.checksum(start..<numbers.count))
    }
    var block: [UInt8] = []
    block.reserveCapacity(headerSize + index.count + numbers.count)
    block.append(magic)
    block.append(scorer)
    block.append(UInt64(records.count))
    block.append(UInt64(numbers.count))
    block.append(index.checksum(0..<index.count))
    block.append(block.checksum(0..<block.count))
    return block + index + numbers
  }

  /// What a header says; `nil` where it is none, or one of another scorer.
  static func header(_ bytes: [UInt8], scorer: UInt64) -> (entries: Int, numbers: Int, checksum: UInt64)? {
    guard bytes.count == headerSize, bytes.word(at: 0) == magic, bytes.word(at: 8) == scorer,
      bytes.word(at: 40) == bytes.checksum(0..<40),
      let entries = Int(exactly: bytes.word(at: 16)), let numbers = Int(exactly: bytes.word(at: 24)),
      entries < 1 << 40, numbers < 1 << 50, numbers % 8 == 0
    else { return nil }
    return (entries, numbers, bytes.word(at: 32))
  }

  /// The entries of an index whose block's numbers begin at byte `start` of the file; `nil` where one is impossible.
  static func entries(_ index: [UInt8], numbersAt start: Int, byteCount: Int) -> [ScoreEntry]? {
    var entries: [ScoreEntry] = []
    entries.reserveCapacity(index.count / entrySize)
    for at in stride(from: 0, to: index.count, by: entrySize) {
      let (offset, count) = (index.word(at: at + 16), index.word(at: at + 24))
      let room = UInt64(byteCount)
      guard offset <= room, offset % 8 == 0, count <= (room - offset) / 8 else { return nil }
      entries.append(
        ScoreEntry(
          key: ScoreKey(high: index.word(at: at), low: index.word(at: at + 8)), offset: start + Int(offset),
          count: Int(count), checksum: index.word(at: at + 32)))
    }
    return entries
  }
}
