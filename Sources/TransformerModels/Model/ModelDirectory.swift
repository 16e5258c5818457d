// A directory in Hugging Face's layout: configuration and weights, in one file or several.

import Safetensors

/// A model on disk.
public struct ModelDirectory: Sendable, Hashable {
  /// Where it is.
  public let path: String

  /// Whether frequencies and the like stay exact although weights are stored in bfloat16: as in a copy in float32.
  public var keepsConstantsExact = false

  /// Names a directory; nothing is read yet.
  public init(_ path: String) { self.path = path }

  /// The path of one of its files.
  public func location(of file: String) -> String { path.hasSuffix("/") ? path + file : path + "/" + file }

  /// Reads `config.json`.
  ///
  /// - Throws: if the file is missing, or describes a model that is not supported.
  public func configuration() throws(ModelError) -> ModelConfiguration {
    let path = location(of: "config.json")
    guard JSONFile.exists(path) else {
      throw ModelError("'\(self.path)' has no config.json; give the directory of a model")
    }
    let json = try readingFiles { () throws(SafetensorsError) in try JSONFile.read(path) }
    return try ModelConfiguration(json, path: path)
  }

  /// Reads `generation_config.json`, if there is one.
  func generationConfiguration() throws(ModelError) -> JSONValue? {
    let path = location(of: "generation_config.json")
    guard JSONFile.exists(path) else { return nil }
    return try readingFiles { () throws(SafetensorsError) in try JSONFile.read(path) }
  }

  /// Maps the weights.
  ///
  /// - Throws: if there are none, or a file of theirs is damaged.
  func weights() throws(ModelError) -> WeightFiles {
    let single = location(of: "model.safetensors")
    let index = location(of: "model.safetensors.index.json")
    return try readingFiles { () throws(SafetensorsError) in
      if JSONFile.exists(single) {
        let file = try SafetensorsFile(mapping: single)
        return WeightFiles(
          owner: single, files: Dictionary(uniqueKeysWithValues: file.names.map { ($0, file) }))
      }
      guard JSONFile.exists(index) else {
        throw SafetensorsError(
          path: path, problem: "has neither model.safetensors nor model.safetensors.index.json",
          remedy: "convert other formats to safetensors first")
      }
      let shards = try ShardIndex(path: index)
      var opened: [String: SafetensorsFile] = [:]
      for shard in shards.shards { opened[shard] = try SafetensorsFile(mapping: shards.location(of: shard)) }
      return WeightFiles(owner: index, files: shards.files.compactMapValues { opened[$0] })
    }
  }
}

/// Mapped weights and the files they are in.
struct WeightFiles {
  /// The file that says what there is.
  let owner: String
  /// The file of every tensor.
  let files: [String: SafetensorsFile]
}
