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

  /// Refuses a file that could not be written, before any work is done for it; `-` always can.
  ///
  /// - Throws: `CommandFailure` saying what stands in the way.
  static func check(_ path: String) throws(CommandFailure) {
    guard path != "-" else { return }
    let folder = (path as NSString).deletingLastPathComponent
    let reason: String
    if kind(path) == .folder {
      reason = "it is a directory; name a file in it"
    } else if kind(folder.isEmpty ? "." : folder) == nil {
      reason = "there is no directory '\(folder)'; make it first"
    } else if kind(folder.isEmpty ? "." : folder) == .file {
      reason = "'\(folder)' is a file, not a directory; name another place"
    } else if access(folder.isEmpty ? "." : folder, W_OK) != 0 {
      reason = "nothing may be written to '\(folder.isEmpty ? "." : folder)'; name another place"
    } else {
      return
    }
    throw CommandFailure(.failure, "'\(path)' cannot be written: \(reason)")
  }

  /// Refuses a directory that could not be made or written to, before any work is done for it.
  ///
  /// - Throws: `CommandFailure` naming what stands in the way.
  static func checkFolder(_ path: String) throws(CommandFailure) {
    var place = path
    while kind(place) == nil, !place.isEmpty {
      place = (place as NSString).deletingLastPathComponent
    }
    if place.isEmpty { place = "." }
    let reason: String
    if kind(place) == .file {
      reason = place == path ? "it is a file" : "'\(place)' is a file, not a directory"
    } else if access(place, W_OK) != 0 {
      reason = "nothing may be written to '\(place)'"
    } else {
      return
    }
    throw CommandFailure(.failure, "'\(path)' cannot hold a run: \(reason); choose another 'output_dir'")
  }

  private enum Kind { case file, folder }

  /// What stands at `path`; nil where nothing does.
  private static func kind(_ path: String) -> Kind? {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
    return isFolder.boolValue ? .folder : .file
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
