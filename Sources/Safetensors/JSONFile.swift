// JSON files beside weights: `config.json`, `generation_config.json`, shard indices.

import Foundation
import VectorKernels

/// Reads and writes JSON files for modules that know no file system.
public enum JSONFile {
  /// Whether there is a file at `path`.
  public static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// The value in the file at `path`.
  ///
  /// - Throws: if the file cannot be read or is not JSON.
  public static func read(_ path: String) throws(SafetensorsError) -> JSONValue {
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw SafetensorsError(
        path: path, problem: exists(path) ? "cannot be read" : "does not exist",
        remedy: "check the path and its permissions")
    }
    var parser = JSONParser([UInt8](contents))
    do throws(JSONSyntaxError) {
      return try parser.document()
    } catch {
      let line = contents.prefix(error.offset).count { $0 == 0x0A } + 1
      throw SafetensorsError(path: path, problem: "is not JSON (line \(line))", remedy: "correct that line")
    }
  }

  /// Writes `value`, replacing what was at `path` only when it is complete and on disk.
  ///
  /// - Throws: what the file system refused.
  public static func write(_ value: JSONValue, to path: String) throws(SafetensorsError) {
    let text = AlignedBuffer<UInt8>(Array((value.description + "\n").utf8))
    try AtomicFile.write(to: path) { file throws(SafetensorsError) in try file.append(text) }
  }

  /// Makes the directory at `path`, and those above it, unless it exists.
  ///
  /// - Throws: what the file system refused.
  public static func makeDirectory(_ path: String) throws(SafetensorsError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw SafetensorsError(
        path: path, problem: "cannot be made a directory", remedy: "check the path and its permissions")
    }
  }
}
