// One file of the cache, opened for reading: it grows at its end only, by whole blocks.

import Foundation

/// A file of blocks that some process writes or has written.
///
/// It is read, not mapped: a mapped file that somebody cuts short would kill the process.
final class ScoreSegment {
  /// Where the file is.
  let path: String
  private let file: Int32
  private let scorer: UInt64
  /// How far blocks have been read.
  private var position = 0
  /// Whether something in the file is not what was written; blocks before it are still good.
  private(set) var isDamaged = false
  /// Whether not even the first block can be read, so that the file may be anybody's.
  var isForeign: Bool { isDamaged && position == 0 }

  /// Opens the file; `nil` where it is gone or may not be read.
  init?(_ path: String, scorer: UInt64) {
    file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    (self.path, self.scorer) = (path, scorer)
  }

  deinit { close(file) }

  /// The entries of blocks that were completed since the last call.
  ///
  /// A block that ends beyond the file's end is still being written, or its writer was killed.
  func newEntries() -> [ScoreEntry] {
    var found: [ScoreEntry] = []
    while !isDamaged, let size = size, position + ScoreBlock.headerSize <= size {
      guard let bytes = read(ScoreBlock.headerSize, at: position),
        let header = ScoreBlock.header(bytes, scorer: scorer)
      else {
        isDamaged = true
        break
      }
      let start = position + ScoreBlock.headerSize
      let numbers = start + header.entries * ScoreBlock.entrySize
      guard numbers + header.numbers <= size else { break }
      guard let index = read(numbers - start, at: start), index.checksum(0..<index.count) == header.checksum,
        let entries = ScoreBlock.entries(index, numbersAt: numbers, byteCount: header.numbers)
      else {
        isDamaged = true
        break
      }
      found += entries
      position = numbers + header.numbers
    }
    return found
  }

  /// The numbers of an entry; `nil` where they are not what was written.
  func values(of entry: ScoreEntry) -> [Double]? {
    guard let bytes = read(8 * entry.count, at: entry.offset),
      bytes.checksum(0..<bytes.count) == entry.checksum
    else {
      isDamaged = true
      return nil
    }
    return (0..<entry.count).map { Double(bitPattern: bytes.word(at: 8 * $0)) }
  }

  /// Whether nobody writes the file any more; it is then this process's to replace until it is closed.
  func claim() -> Bool { flock(file, LOCK_EX | LOCK_NB) == 0 }

  /// How long the file is now, in bytes.
  var size: Int? {
    var status = stat()
    return fstat(file, &status) == 0 ? Int(status.st_size) : nil
  }

  private func read(_ count: Int, at offset: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes.withUnsafeMutableBytes {
        pread(file, $0.baseAddress?.advanced(by: done), count - done, off_t(offset + done))
      }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { return nil }
      done += got
    }
    return bytes
  }
}
