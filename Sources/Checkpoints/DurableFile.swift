// Files that appear whole or not at all.

import Foundation

/// Writing so that a killed process or a full disk leaves the old file or the new one, never half of one.
enum DurableFile {
  /// Writes `text` to `path` through a temporary neighbour that is renamed once every byte is on disk.
  static func write(_ text: String, to path: String) throws(CheckpointError) {
    let temporary = "\(path).partial-\(getpid())"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failure(path) }
    do throws(CheckpointError) {
      defer { close(file) }
      try append(text, to: file, path)
      guard fsync(file) == 0 || errno == EINVAL else { throw failure(path) }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let error = failure(path)
      unlink(temporary)
      throw error
    }
    synchronize(folder: (path as NSString).deletingLastPathComponent)
  }

  /// Writes all of `text` at the end of an open file.
  static func append(_ text: String, to file: Int32, _ path: String) throws(CheckpointError) {
    var rest = ArraySlice(text.utf8)
    while !rest.isEmpty {
      let count = Array(rest).withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure(path) }
      rest = rest.dropFirst(count)
    }
  }

  /// Makes every file below `folder`, and the names in it, durable.
  static func synchronize(contentsOf folder: String) throws(CheckpointError) {
    for name in names(in: folder) {
      let path = folder + "/" + name
      let file = open(path, O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { throw failure(path) }
      defer { close(file) }
      guard fsync(file) == 0 || errno == EINVAL else { throw failure(path) }
    }
    synchronize(folder: folder)
  }

  /// Makes the names in `folder` durable; a file system that cannot is no reason to fail.
  static func synchronize(folder: String) {
    let file = open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    fsync(file)
    close(file)
  }

  /// Makes the folder `path`, and those around it where they are missing.
  static func makeFolder(_ path: String) throws(CheckpointError) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += part + "/"
      guard mkdir(made, 0o777) != 0 else { continue }
      let error = failure(path)
      var status = stat()
      guard stat(made, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { throw error }
    }
  }

  /// The names in `folder`, sorted; none where it cannot be read.
  static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  /// What the system just refused.
  static func failure(_ path: String) -> CheckpointError {
    .notWritten(path: path, reason: String(cString: strerror(errno)).lowercased())
  }
}
