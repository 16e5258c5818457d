// The hash of a file on disk, read piece by piece.

public import Digests
import Foundation

extension SHA256 {
  /// The hash of a file's bytes, in hexadecimal.
  ///
  /// - Throws: ``CheckpointError/notHashed(path:)``.
  public static func ofFile(_ path: String) throws(CheckpointError) -> String {
    guard let file = FileHandle(forReadingAtPath: path) else { throw .notHashed(path: path) }
    defer { try? file.close() }
    var hash = SHA256()
    do {
      while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.add([UInt8](piece)) }
    } catch { throw .notHashed(path: path) }
    return hash.finish()
  }
}
