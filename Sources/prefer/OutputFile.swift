// Files that commands write on request.

import Foundation

/// Writing what the person asked for.
enum OutputFile {
  /// Writes `text` to `path`, whole or not at all.
  ///
  /// - Throws: `CommandFailure` with the path and what the system said.
  static func write(_ text: String, to path: String) throws(CommandFailure) {
    do {
      try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw CommandFailure(.failure, "'\(path)' cannot be written: \(error.localizedDescription)")
    }
  }

  /// Reads text from `path`, or from standard input for `-`.
  ///
  /// - Throws: `CommandFailure` when there is no such file or it is not UTF-8.
  static func read(_ path: String) throws(CommandFailure) -> String {
    let bytes =
      path == "-"
      ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: path)
    guard let bytes else { throw CommandFailure(.usage, "'\(path)' cannot be read; check the path") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandFailure(.usage, "'\(path)' is not UTF-8 text; save it as UTF-8")
    }
    return text
  }
}
