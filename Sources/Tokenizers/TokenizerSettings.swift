// What tokenizer_config.json and special_tokens_map.json say beside the tokenizer itself.

import Foundation

/// The settings beside a tokenizer: names of special tokens, and anything else under its own name.
public struct TokenizerSettings: Sendable, Equatable {
  /// The members of `tokenizer_config.json`; an empty object when there is no such file.
  public var values: JSONValue
  /// The members of `special_tokens_map.json`, which older directories have.
  private var map: JSONValue
  /// The members of `added_tokens.json`, which older directories have.
  private var legacyTokens: JSONValue
  private var directory: String

  /// Settings from values at hand.
  public init(values: JSONValue = .object([])) {
    self.values = values
    map = .object([])
    legacyTokens = .object([])
    directory = ""
  }

  /// The settings of a model directory; files that are not there say nothing.
  ///
  /// - Throws: `TokenizerError` when a file is there but is not a JSON object.
  public init(directory: String) throws(TokenizerError) {
    self.directory = directory + "/"
    values = try Self.object(in: directory + "/tokenizer_config.json")
    map = try Self.object(in: directory + "/special_tokens_map.json")
    legacyTokens = try Self.object(in: directory + "/added_tokens.json")
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

  /// The special tokens by role, such as `"bos_token": "<s>"`: what chat templates can name.
  ///
  /// - Throws: `TokenizerError` when a role is neither a string, an object with `content`, nor null.
  public func specialTokens() throws(TokenizerError) -> [String: String] {
    var tokens: [String: String] = [:]
    for named in try namedTokens() { tokens[named.role] = named.token.content }
    return tokens
  }

  /// Whether special tokens in a text are text like any other.
  var splitsSpecialTokens: Bool { values["split_special_tokens"]?.boolean ?? false }
  /// Whether decoded text loses the spaces before punctuation.
  var cleansUpSpaces: Bool { values["clean_up_tokenization_spaces"]?.boolean ?? false }
  /// Whether it does so even behind byte-pair encoding.
  var cleansUpBytePairs: Bool {
    values["clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output"]?.boolean ?? false
  }
}

// MARK: - Tokens

extension TokenizerSettings {
  /// The roles under which every tokenizer names special tokens.
  static let roles = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  /// The same where the token that pads is the one of `padding` in `tokenizer.json`, unless the settings have a word
  /// on it.
  func padding(with token: String?) -> TokenizerSettings {
    guard let token, value("pad_token") == nil else { return self }
    var other = self
    other.values = .object(values.members + [JSONValue.Member(key: "pad_token", value: .string(token))])
    return other
  }

  /// Whether the directory is of the older kind, whose tokens stand in files of their own.
  private var isLegacy: Bool { values["added_tokens_decoder"] == nil }

  private func value(_ name: String) -> (value: JSONValue, file: String)? {
    if isLegacy, let value = map[name] { return (value, "special_tokens_map.json") }
    return values[name].map { ($0, "tokenizer_config.json") }
  }

  /// The tokens that have a role: the usual ones, then those of this model alone, such as `image_token`.
  ///
  /// - Throws: `TokenizerError` naming the role and what stands there.
  func namedTokens() throws(TokenizerError) -> [(role: String, token: AddedToken)] {
    var tokens: [(role: String, token: AddedToken)] = []
    for role in Self.roles {
      guard let (value, file) = value(role), !value.isNull else { continue }
      guard let token = Self.token(value) else {
        throw TokenizerError(
          file: directory + file, field: role,
          problem: "expected a string, an object with 'content', or null; found \(value.kind)")
      }
      tokens.append((role, token))
    }
    var own = values.members.filter {
      $0.key.hasSuffix("_token") && !Self.roles.contains($0.key) && Self.token($0.value) != nil
    }
    for name in ["extra_special_tokens", "model_specific_special_tokens"] {
      if let (value, _) = value(name) { own += value.members }
    }
    for member in own {
      guard let token = Self.token(member.value) else {
        throw TokenizerError(
          file: directory + "tokenizer_config.json", field: "extra_special_tokens." + member.key,
          problem: "expected a string or an object with 'content'; found \(member.value.kind)")
      }
      tokens.append((member.key, token))
    }
    return tokens
  }

  /// Special tokens without a role: `extra_special_tokens`, or as it was called, `additional_special_tokens`.
  ///
  /// - Throws: `TokenizerError` naming the field and what stands there.
  func extraTokens() throws(TokenizerError) -> [AddedToken] {
    for name in ["extra_special_tokens", "additional_special_tokens"] {
      guard let (value, file) = value(name), !value.isNull else { continue }
      if name == "extra_special_tokens", case .object = value { continue }
      guard let elements = value.array else {
        throw TokenizerError(
          file: directory + file, field: name, problem: "expected a list of tokens; found \(value.kind)")
      }
      if elements.isEmpty { continue }
      var tokens: [AddedToken] = []
      for (index, element) in elements.enumerated() {
        guard let token = Self.token(element) else {
          throw TokenizerError(
            file: directory + file, field: "\(name)[\(index)]",
            problem: "expected a string or an object with 'content'; found \(element.kind)")
        }
        tokens.append(token)
      }
      return tokens
    }
    return []
  }

  /// The tokens of `added_tokens_decoder`, or of the older `added_tokens.json`, in the order of their ids.
  ///
  /// - Throws: `TokenizerError` naming the entry and what stands there.
  func addedTokens() throws(TokenizerError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    if let value = values["added_tokens_decoder"] {
      for member in value.members {
        guard let id = Int32(member.key), var token = Self.token(member.value), member.value.string == nil
        else {
          throw TokenizerError(
            file: directory + "tokenizer_config.json", field: "added_tokens_decoder." + member.key,
            problem: "expected an id and an object with 'content'; found \(member.value.kind)")
        }
        token.id = id
        tokens.append(token)
      }
    } else {
      let special = Set(try namedTokens().map(\.token.content) + extraTokens().map(\.content))
      for member in legacyTokens.members {
        guard let id = member.value.integer.flatMap({ Int32(exactly: $0) }) else {
          throw TokenizerError(
            file: directory + "added_tokens.json", field: member.key,
            problem: "expected an id; found \(member.value.kind)")
        }
        let isSpecial = special.contains(member.key)
        tokens.append(AddedToken(id: id, content: member.key, isSpecial: isSpecial, isNormalized: !isSpecial))
      }
    }
    return tokens.sorted { $0.id < $1.id }
  }

  /// A token that is written as its text, or as an object with its flags.
  private static func token(_ value: JSONValue) -> AddedToken? {
    if let text = value.string { return AddedToken(id: -1, content: text, isSpecial: true) }
    guard let content = value["content"]?.string else { return nil }
    func flag(_ name: String) -> Bool { value[name]?.boolean ?? false }
    let isSpecial = flag("special")
    return AddedToken(
      id: -1, content: content, isSpecial: isSpecial, isSingleWord: flag("single_word"),
      stripsLeft: flag("lstrip"), stripsRight: flag("rstrip"),
      isNormalized: value["normalized"]?.boolean ?? !isSpecial)
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
