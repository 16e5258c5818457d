// What tokenizer_config.json and special_tokens_map.json say beside the tokenizer itself.

import Foundation

/// The settings beside a tokenizer: names of special tokens, and anything else under its own name.
public struct TokenizerSettings: Sendable, Equatable {
  /// The members of `tokenizer_config.json`; an empty object when there is no such file.
  public var values: JSONValue
  private var fallback: JSONValue
  private var file: String

  /// Settings from values at hand.
  public init(values: JSONValue = .object([])) {
    self.values = values
    fallback = .object([])
    file = "tokenizer_config.json"
  }

  /// The settings of a model directory; files that are not there say nothing.
  ///
  /// - Throws: `TokenizerError` when a file is there but is not a JSON object.
  public init(directory: String) throws(TokenizerError) {
    file = directory + "/tokenizer_config.json"
    values = try Self.object(in: file)
    fallback = try Self.object(in: directory + "/special_tokens_map.json")
  }

  private static func object(in path: String) throws(TokenizerError) -> JSONValue {
    guard FileManager.default.fileExists(atPath: path) else { return .object([]) }
    do throws(TokenizerError) {
      let value = try JSONValue(json: try readBytes(of: path))
      guard case .object = value else {
        throw TokenizerError(problem: "expected an object, found \(value.kind)")
      }
      return value
    } catch { throw error.inFile(path) }
  }

  /// The value of a setting.
  public subscript(name: String) -> JSONValue? { values[name] }

  /// The roles under which special tokens are named.
  static let roles = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  /// The special tokens by role, such as `"bos_token": "<s>"`: what chat templates can name.
  ///
  /// - Throws: `TokenizerError` when a role is neither a string, an object with `content`, nor null.
  public func specialTokens() throws(TokenizerError) -> [String: String] {
    var tokens: [String: String] = [:]
    for role in Self.roles {
      guard let value = values[role] ?? fallback[role], !value.isNull else { continue }
      guard let text = value.string ?? value["content"]?.string else {
        throw TokenizerError(
          file: file, field: role,
          problem: "expected a string, an object with 'content', or null; found \(value.kind)")
      }
      tokens[role] = text
    }
    return tokens
  }
}

/// The bytes of a file.
func readBytes(of path: String) throws(TokenizerError) -> [UInt8] {
  guard let contents = FileManager.default.contents(atPath: path) else {
    let exists = FileManager.default.fileExists(atPath: path)
    throw TokenizerError(
      file: path, problem: exists ? "the file cannot be read" : "there is no such file")
  }
  return [UInt8](contents)
}
