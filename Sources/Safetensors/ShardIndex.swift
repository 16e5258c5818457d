// Which file holds which tensor, for models that are split over several.

import Foundation

/// The contents of `model.safetensors.index.json`.
public struct ShardIndex: Sendable, Hashable {
  /// Where the index is.
  public let path: String
  /// The file name of every tensor, relative to the index.
  public let files: [String: String]

  /// Reads the index at `path` and checks that every shard it names is there.
  ///
  /// - Throws: if the index cannot be read, is not an index, or names a file that does not exist.
  public init(path: String) throws(SafetensorsError) {
    self.path = path
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw SafetensorsError(
        path: path, problem: "cannot be read", remedy: "check the path and its permissions")
    }
    guard let object = try? JSONSerialization.jsonObject(with: contents) as? [String: Any],
      let files = object["weight_map"] as? [String: String]
    else {
      throw SafetensorsError(
        path: path, problem: "has no 'weight_map' of file names",
        remedy: "check that this is the index of a sharded safetensors model")
    }
    self.files = files
    for file in shards {
      let owner = files.filter { $0.value == file }.keys.min() ?? ""
      guard !file.contains("/"), file != "..", !file.isEmpty else {
        throw SafetensorsError(
          path: path, tensor: owner, problem: "is said to be in '\(file)', outside the model's directory",
          remedy: "keep the shards beside their index")
      }
      guard FileManager.default.fileExists(atPath: location(of: file)) else {
        throw SafetensorsError(
          path: path, tensor: owner, problem: "is in shard '\(file)', which does not exist",
          remedy: "fetch the missing shard")
      }
    }
  }

  /// The names of the files, sorted, each once.
  public var shards: [String] { Set(files.values).sorted() }

  /// The path of a shard.
  public func location(of shard: String) -> String {
    ((path as NSString).deletingLastPathComponent as NSString).appendingPathComponent(shard)
  }
}
