// `trainer_log.jsonl`: one line for every logged step, on disk before the next step begins.

import Foundation
public import PreferenceCore

/// Appends every logged entry of a run to a file.
public final class RunLog: RunObserver {
  /// Where the file is.
  public let path: String
  private let file: Int32

  /// Opens the log at `path` with the lines of `history` and nothing else.
  ///
  /// Lines that a killed run wrote after its last checkpoint are thus gone, and will be written again.
  ///
  /// - Throws: ``CheckpointError/notWritten(path:reason:)``.
  public init(_ path: String, continuing history: [LogEntry] = []) throws(CheckpointError) {
    self.path = path
    try DurableFile.write(history.map { $0.line + "\n" }.joined(), to: path)
    file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    guard file >= 0 else { throw DurableFile.failure(path) }
  }

  deinit { close(file) }

  public func observe(_ event: RunEvent) throws {
    switch event {
    case .logged(let entry), .evaluated(let entry): try append(entry)
    case .ended(let summary) where !summary.wasInterrupted:
      try append(LogEntry(step: summary.step, values: summary.values))
    default: break
    }
  }

  /// Adds a line; once this returns, a killed process cannot lose it.
  public func append(_ entry: LogEntry) throws(CheckpointError) {
    try DurableFile.append(entry.line + "\n", to: file, path)
  }
}
