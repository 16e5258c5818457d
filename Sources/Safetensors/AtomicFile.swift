// Files that appear under their name only when they are complete and on disk.

import Foundation
import VectorKernels

/// A file being written under a temporary name.
struct AtomicFile {
  private let descriptor: Int32
  private let path: String

  /// Lets `body` write, flushes, and puts the file in place of whatever was at `path`.
  ///
  /// - Throws: what the file system refused, or what `body` threw; nothing is left behind then.
  static func write(
    to path: String, _ body: (AtomicFile) throws(SafetensorsError) -> Void
  ) throws(SafetensorsError) {
    let temporary = "\(path).partial-\(getpid())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw SafetensorsFile.systemError(path, "cannot be created") }
    do throws(SafetensorsError) {
      defer { close(descriptor) }
      try body(AtomicFile(descriptor: descriptor, path: path))
      guard fsync(descriptor) == 0 else {
        throw SafetensorsFile.systemError(path, "cannot be written to disk")
      }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let error = SafetensorsFile.systemError(path, "cannot be put in place")
      unlink(temporary)
      throw error
    }
    synchronizeFolder(of: path)
  }

  /// Appends a buffer's bytes.
  func append<Scalar: BitwiseCopyable>(_ buffer: AlignedBuffer<Scalar>) throws(SafetensorsError) {
    let base = UnsafeRawPointer(buffer.base)
    let byteCount = buffer.count * MemoryLayout<Scalar>.stride
    var written = 0
    while written < byteCount {
      // Linux writes at most 2 GiB at once.
      let count = Foundation.write(descriptor, base + written, min(byteCount - written, 1 << 30))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SafetensorsFile.systemError(path, "cannot be written") }
      written += count
    }
  }

  /// Makes the new name itself durable; a file system that cannot is no reason to fail.
  private static func synchronizeFolder(of path: String) {
    let parent = (path as NSString).deletingLastPathComponent
    let folder = open(parent.isEmpty ? "." : parent, O_RDONLY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }
}
