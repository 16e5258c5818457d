// A checkpoint in the making: a folder with another name until everything in it is on disk.

public import Foundation

/// Fills `checkpoint-N.partial` and renames it to `checkpoint-N` on ``commit()``; dropped before that, it deletes it.
public struct CheckpointWriter: ~Copyable {
  /// The folder to write into.
  public let folder: URL
  /// What it will be called.
  public let destination: URL
  private var isCommitted = false

  /// Makes an empty `checkpoint-<step>.partial` in `directory`.
  ///
  /// - Throws: ``CheckpointError/notWritten(path:reason:)``.
  public init(in directory: String, step: Int) throws(CheckpointError) {
    destination = URL(fileURLWithPath: directory).appendingPathComponent("checkpoint-\(step)")
    folder = destination.appendingPathExtension("partial")
    do {
      if FileManager.default.fileExists(atPath: folder.path) {
        try FileManager.default.removeItem(at: folder)
      }
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch { throw .notWritten(path: folder.path, reason: error.localizedDescription) }
  }

  deinit {
    if !isCommitted { try? FileManager.default.removeItem(at: folder) }
  }

  /// Writes a text file into the checkpoint.
  public borrowing func write(_ text: String, named name: String) throws(CheckpointError) {
    try DurableFile.write(text, to: folder.appendingPathComponent(name).path)
  }

  /// Puts the checkpoint in place, whole; one of the same step that stood there before is replaced.
  public consuming func commit() throws(CheckpointError) {
    try DurableFile.synchronize(contentsOf: folder.path)
    let replaced = destination.appendingPathExtension("replaced.partial")
    if FileManager.default.fileExists(atPath: destination.path) {
      try? FileManager.default.removeItem(at: replaced)
      guard rename(destination.path, replaced.path) == 0 else { throw DurableFile.failure(destination.path) }
    }
    guard rename(folder.path, destination.path) == 0 else { throw DurableFile.failure(destination.path) }
    isCommitted = true
    DurableFile.synchronize(folder: destination.deletingLastPathComponent().path)
    try? FileManager.default.removeItem(at: replaced)
  }
}
