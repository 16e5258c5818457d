// A configuration file's members, each read with a complaint that names file and member.

import Safetensors

/// `config.json` as a family spells it.
struct ConfigurationFile {
  let json: JSONValue
  let path: String
  let family: ModelConfiguration.Family

  func error(_ problem: String) -> ModelError { ModelError("'\(path)': \(problem)") }

  /// The member of that name, unless it is absent or null.
  func member(_ name: String, in object: JSONValue? = nil) -> JSONValue? {
    let object = object ?? json
    let value = object[family.spelling(of: name)] ?? object[name]
    return value == .null ? nil : value
  }

  /// The word that the file, or an object in it, uses for a member.
  private func label(_ name: String, _ object: JSONValue?) -> String {
    let spelling = family.spelling(of: name)
    return (object ?? json)[spelling] != nil ? spelling : name
  }

  /// Whether there is a member of that name, be it null.
  func has(_ name: String) -> Bool { json[family.spelling(of: name)] != nil || json[name] != nil }

  func count(_ name: String) throws(ModelError) -> Int {
    guard let count = try optionalCount(name) else { throw error("has no '\(family.spelling(of: name))'") }
    return count
  }

  func optionalCount(_ name: String, in object: JSONValue? = nil) throws(ModelError) -> Int? {
    guard let value = member(name, in: object) else { return nil }
    guard let count = value.integer else {
      throw error("'\(label(name, object))' is \(value), not a whole number")
    }
    return count
  }

  func number(_ name: String, in object: JSONValue? = nil) throws(ModelError) -> Double? {
    guard let value = member(name, in: object) else { return nil }
    guard let number = value.double, number.isFinite else {
      throw error("'\(label(name, object))' is \(value), not a number")
    }
    return number
  }

  /// The member's number, which must be positive.
  func positive(_ name: String, in object: JSONValue? = nil) throws(ModelError) -> Double? {
    guard let number = try number(name, in: object) else { return nil }
    guard number > 0 else { throw error("'\(label(name, object))' is \(number), and must be positive") }
    return number
  }

  func flag(_ name: String, in object: JSONValue? = nil) throws(ModelError) -> Bool? {
    guard let value = member(name, in: object) else { return nil }
    guard let flag = value.truth else {
      throw error("'\(label(name, object))' is \(value), not true or false")
    }
    return flag
  }

  /// The list's numbers.
  func numbers(_ name: String, in object: JSONValue) throws(ModelError) -> [Double]? {
    guard let value = member(name, in: object) else { return nil }
    guard case .list(let items) = value else { throw error("'\(name)' is no list of numbers") }
    var numbers: [Double] = []
    for item in items {
      guard let number = item.double, number > 0 else {
        throw error("'\(name)' holds \(item), not a positive number")
      }
      numbers.append(number)
    }
    return numbers
  }

  /// What the feed-forward layers bend their inner numbers with.
  func activation() throws(ModelError) -> ActivationName {
    // Gemma 2 has its own word, and ignores the other families'.
    let value = family == .gemma2 ? json["hidden_activation"] : member("hidden_act")
    guard let value, value != .null else { return family.usualActivation }
    guard let name = value.string, let known = ActivationName.named(name, family) else {
      throw error(
        "'\(family.spelling(of: "hidden_act"))' is \(value.plain), which is not supported; supported are "
          + ActivationName.supported.joined(separator: ", "))
    }
    return known
  }

  /// Refuses what changes the model and is not read otherwise.
  func refuseUnsupported() throws(ModelError) {
    if member("quantization_config") != nil {
      throw error(
        "'quantization_config' is set, and quantized weights are not supported; use the plain model")
    }
    for name in ["use_bidirectional_attention", "add_cross_attention"] where try flag(name) == true {
      throw error("'\(name)' is true, which is not supported; supported is false")
    }
    if try flag("is_causal") == false {
      throw error("'is_causal' is false, which is not supported; supported is true")
    }
  }

  /// `eos_token_id`: one, several or none.
  func endTokens() throws(ModelError) -> [Int32] {
    guard let value = member("eos_token_id") else { return [] }
    let items: [JSONValue] = if case .list(let list) = value { list } else { [value] }
    var tokens: [Int32] = []
    for item in items {
      guard let token = item.integer.flatMap(Int32.init(exactly:)) else {
        throw error("'eos_token_id' holds \(item), not a token's number")
      }
      tokens.append(token)
    }
    return tokens
  }
}

extension JSONValue {
  /// The value as it is quoted in complaints.
  var plain: String { string.map { "'\($0)'" } ?? description }
}
