// The one file of the cache that this process appends to.

import Foundation

/// Why the cache could not be written, in the system's words.
struct CacheFailure: Error {
  let reason: String
  init(_ reason: String = String(cString: strerror(errno)).lowercased()) { self.reason = reason }
}

/// A new file in a folder, held by a lock so that no other process takes it for finished.
final class ScoreWriter {
  /// Where the file is.
  let path: String
  private let file: Int32
  private var length = 0

  /// Makes the folder where it is missing, and a file in it.
  init(in folder: String) throws(CacheFailure) {
    try Self.makeFolder(folder)
    let name = (0..<2).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 36) }.joined()
    let unfinished = folder + "/\(name).new"
    path = folder + "/\(name).scores"
    file = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw CacheFailure() }
    // Locked before it has a name that others look for. File systems without locks are merely never tidied.
    flock(file, LOCK_EX | LOCK_NB)
    guard rename(unfinished, path) == 0 else {
      let failure = CacheFailure()
      unlink(unfinished)
      throw failure
    }
  }

  deinit { close(file) }

  /// Appends a block; one that does not fit on the disk is taken back.
  func append(_ block: [UInt8]) throws(CacheFailure) {
    var done = 0
    while done < block.count {
      let count = block.withUnsafeBytes {
        write(file, $0.baseAddress?.advanced(by: done), block.count - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let failure = CacheFailure()
        ftruncate(file, off_t(length))
        throw failure
      }
      done += count
    }
    length += block.count
  }

  /// Waits until everything is on the disk.
  func synchronize() throws(CacheFailure) {
    guard fsync(file) == 0 || errno == EINVAL else { throw CacheFailure() }
  }

  /// Removes the file.
  func discard() { unlink(path) }

  /// Makes a folder and those it is in.
  private static func makeFolder(_ path: String) throws(CacheFailure) {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
      throw CacheFailure()
    }
    try makeFolder(String(path[..<slash]))
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw CacheFailure() }
  }
}
