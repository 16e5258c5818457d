// Files that hold one JSON5 object: run files, and files of losses.

import Foundation

/// A kind of file that holds one JSON5 object.
struct ObjectFile: Sendable {
  /// Settings of a run.
  static let run = ObjectFile(kind: "run file", shape: "{…}")
  /// Names for losses.
  static let losses = ObjectFile(kind: "file of losses", shape: "{name: expression}")

  /// What people call it.
  let kind: String
  /// What its object looks like.
  let shape: String

  /// The object's keys and values, in their order.
  ///
  /// - Throws: `RunFileError` when the file cannot be read or holds anything else.
  func members(inFile path: String) throws(RunFileError) -> [JSONMember] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw RunFileError(["there is no such \(kind)"], path: path)
    }
    guard !isFolder.boolValue, let bytes = FileManager.default.contents(atPath: path) else {
      throw RunFileError(["a \(kind) is one JSON5 file, and this cannot be read as one"], path: path)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw RunFileError(["not UTF-8 text"], path: path)
    }
    return try members(text, path: path)
  }

  /// The same of `text`, which came from `path`.
  ///
  /// - Throws: `RunFileError` when it is not an object in JSON5.
  func members(_ text: String, path: String?) throws(RunFileError) -> [JSONMember] {
    let tree: JSONValue
    do throws(JSONProblem) {
      tree = try JSONValue(json5: text)
    } catch {
      throw RunFileError(["not JSON5: \(error)"], path: path)
    }
    guard case .object(let members) = tree else {
      throw RunFileError(["a \(kind) is one object \(shape), not \(tree.kind)"], path: path)
    }
    return members
  }
}
