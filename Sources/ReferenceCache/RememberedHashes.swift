// The hashes of large files, remembered for as long as the files are not touched.

public import Checkpoints
import Digests
import Foundation

/// SHA-256 of files, computed once for each content.
///
/// A file counts as untouched while its size, its times of modification and of change (to the nanosecond), its inode
/// and its device are what they were. One that was touched within the last two seconds is hashed every time: it could
/// be touched again without its times showing it.
public struct RememberedHashes: Sendable {
  private let folder: String?
  private let settlingSeconds: Int

  /// - Parameter root: the cache folder; `nil` remembers nothing.
  public init(in root: String?) { self.init(in: root, settlingSeconds: 2) }

  /// Trusts the times of files that were left alone for longer than `settlingSeconds`.
  init(in root: String?, settlingSeconds: Int) {
    (folder, self.settlingSeconds) = (root.map { $0 + "/hashes" }, settlingSeconds)
  }

  /// The hash of the file at `path`, in hexadecimal, as `sha256sum` prints it.
  ///
  /// - Throws: ``CheckpointError/notHashed(path:)``.
  public func hash(of path: String) throws(CheckpointError) -> String {
    let resolved = URL(filePath: path).resolvingSymlinksInPath().path
    guard let folder, let mark = Self.mark(of: resolved), mark.age > settlingSeconds else {
      return try SHA256.ofFile(path)
    }
    let note = folder + "/" + SHA256.hexadecimal(resolved).prefix(32)
    let known = FileManager.default.contents(atPath: note).map { String(decoding: $0, as: UTF8.self) }
    let lines = (known ?? "").split(separator: "\n", omittingEmptySubsequences: false)
    if lines.count == 4, lines[0] == mark.text, lines[1] == resolved, lines[2].count == 64 {
      return String(lines[2])
    }
    let hash = try SHA256.ofFile(path)
    // Somebody may have written to the file while it was read.
    guard Self.mark(of: resolved)?.text == mark.text else { return hash }
    let text = "\(mark.text)\n\(resolved)\n\(hash)\n"
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // Atomic, so that another process reads all of it or nothing; where it cannot be written, nothing is lost.
    try? Data(text.utf8).write(to: URL(filePath: note), options: .atomic)
    return hash
  }

  /// What changes when a file does.
  private static func mark(of path: String) -> (text: String, age: Int)? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    #if canImport(Darwin)
      let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
    #else
      let (modified, changed) = (status.st_mtim, status.st_ctim)
    #endif
    let text =
      "1 \(status.st_size) \(modified.tv_sec).\(modified.tv_nsec) \(changed.tv_sec).\(changed.tv_nsec) "
      + "\(status.st_ino) \(status.st_dev)"
    let newest = max(modified.tv_sec, changed.tv_sec)
    return (text, time(nil) - newest)
  }
}
