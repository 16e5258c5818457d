// The hash of a file on disk, read piece by piece.

public import Digests
import Foundation

extension SHA256 {
  /// The hash of a file's bytes, in hexadecimal.
  ///
  /// - Throws: ``CheckpointError/notHashed(path:)``.
  public static func ofFile(_ path: String) throws(CheckpointError) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .notHashed(path: path) }
    defer { close(file) }
    var hash = SHA256()
    // Small enough to be hashed while it is in the core's own cache.
    var piece = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = read(file, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .notHashed(path: path) }
      guard count > 0 else { return hash.finish() }
      hash.add(piece[..<count])
    }
  }
}
