// Reads a run file: JSON5 and overrides in, settings out, or every mistake at once.

import Configuration
import Foundation
import TransformerModels

/// A run file as written, its keys flattened: `dataset: {path: …}` stands under `dataset.path`.
struct RunFile: Sendable {
  /// Where it came from, for messages; nil for settings that were never a file.
  let path: String?
  /// What was given, by key.
  private(set) var given: [String: JSONValue]

  /// Reads a file.
  ///
  /// - Throws: `RunFileError` when it cannot be read or is not JSON5.
  init(path: String) throws(RunFileError) {
    self.init(try ObjectFile.run.members(inFile: path), path: path)
  }

  /// Reads JSON5 text.
  ///
  /// - Throws: `RunFileError` when it is not an object in JSON5.
  init(text: String, path: String? = nil) throws(RunFileError) {
    self.init(try ObjectFile.run.members(text, path: path), path: path)
  }

  private init(_ members: [JSONMember], path: String?) {
    (self.path, given) = (path, [:])
    for member in members { flatten(member.key, member.value) }
  }

  /// Puts `key=value` from the command line on top; the value is JSON5, or else plain text.
  mutating func override(_ key: String, with text: String) {
    let value = (try? JSONValue(json5: text)) ?? .string(text)
    // Text where text belongs: output_dir=2024 is a name, not a number.
    if case .number = value, Self.textKeys.contains(Self.aliases[key] ?? key) {
      given[Self.aliases[key] ?? key] = .string(text)
    } else {
      flatten(key, value)
    }
  }

  /// Spellings that mean another key.
  private static let aliases = [
    "dataset": "dataset.path", "dataset_name": "dataset.path", "torch_dtype": "dtype",
    "max_dropped_fraction": "dataset.max_dropped_fraction", "lora_r": "lora.r", "lora_alpha": "lora.alpha",
    "lora_dropout": "lora.dropout", "lora_target_modules": "lora.target_modules",
    "use_rslora": "lora.use_rslora", "use_dora": "lora.use_dora",
    "lora_modules_to_save": "lora.modules_to_save",
  ]

  /// What stands in front of the names that a run file gives to losses of its own.
  private static let definitionPrefix = "losses."

  private static let textKeys: Set<String> = [
    "model_name_or_path", "dataset.path", "dataset.eval_path", "dataset.date", "output_dir", "lora.adapter",
  ]

  /// `dataset: ["a.jsonl", {path: "b.jsonl", fraction: 0.3}]`, key by key.
  private mutating func mix(_ parts: [JSONValue]) {
    var members: [String: [JSONValue]] = [:]
    for (index, part) in parts.enumerated() {
      var columns: [(key: String, value: JSONValue)] = [("path", part)]
      if case .object(let given) = part { columns = given.map { ($0.key, $0.value) } }
      for (key, value) in columns {
        let before = members[key] ?? []
        members[key] = before + Array(repeating: .null, count: max(0, index - before.count)) + [value]
      }
    }
    for (key, values) in members {
      if key == "fraction" {
        // Without holes, so that a missing share is told as what it is.
        given["dataset.fraction"] = .array(values.filter { $0 != .null })
        continue
      }
      let missing = Array(repeating: JSONValue.null, count: parts.count - values.count)
      given["dataset." + key] = .array(values + missing)
    }
  }

  private mutating func flatten(_ key: String, _ value: JSONValue) {
    if key == "dataset" || key == "datasets", case .array(let parts) = value { return mix(parts) }
    if ["dataset", "lora", "lr_scheduler_kwargs"].contains(key), case .object(let members) = value {
      for member in members { flatten(key + "." + member.key, member.value) }
      // An empty object still asks for an adapter.
      if key == "lora", given["use_peft"] == nil { given["use_peft"] = .bool(true) }
    } else if key == "losses", case .object(let members) = value {
      for member in members { given[Self.definitionPrefix + member.key] = member.value }
    } else if ["lora", "lr_scheduler_kwargs"].contains(key), value == .null {
      return
    } else {
      given[Self.aliases[key] ?? key] = value
    }
  }

  /// The settings, checked one by one and against each other.
  ///
  /// - Throws: `RunFileError` with every mistake.
  func settings() throws(RunFileError) -> RunSettings {
    let (settings, problems) = read()
    guard problems.isEmpty else { throw RunFileError(problems, path: path) }
    return settings
  }

  /// The settings as far as they can be read, and every mistake.
  func read() -> (settings: RunSettings, problems: [String]) {
    var settings = RunSettings()
    var problems: [String] = []
    for (key, value) in given.sorted(by: { $0.key < $1.key }) {
      if key.hasPrefix(Self.definitionPrefix) {
        do throws(HyperparameterError) {
          let text = try Self.literal(value, for: "loss")
          settings.definitions[String(key.dropFirst(Self.definitionPrefix.count))] = text
        } catch {
          problems.append("'\(key)' \(error.problem)")
        }
        continue
      }
      guard let field = RunSettings.keys.fields.first(where: { $0.name == key }) else {
        problems.append(Self.unknown(key))
        continue
      }
      do throws(HyperparameterError) {
        try field.write(&settings, try Self.literal(value, for: key))
      } catch {
        problems.append("\(error)")
      }
    }
    if given["use_peft"] == nil {
      settings.usesAdapter = given.contains { $0.key.hasPrefix("lora.") && $0.value != .null }
    }
    if given["lora.dropout"] == nil, settings.adapter?.needsMergedWeights == true {
      settings.adapterDropout = 0
    }
    problems += settings.conflicts(given: Set(given.filter { $0.value != .null }.keys))
    return (settings, problems)
  }

  /// A tree as the value of one key.
  static func literal(_ value: JSONValue, for key: String) throws(HyperparameterError) -> Literal {
    switch (key, value) {
    case ("loss", .object), ("loss", .array), ("optim", .object):
      do {
        let expression = try JSONDecoder().decode(Expression.self, from: Data(value.description.utf8))
        return .word(expression.description)
      } catch {
        throw HyperparameterError(
          key,
          "takes an expression, or objects {name: …, hyperparameters}, lists of which make a sum; \(error)")
      }
    case ("references", .string), ("loss_type", .string), ("plugins", .string), ("losses", .string),
      ("lora.target_modules", .string), ("lora.modules_to_save", .string), ("lora.exclude_modules", .string),
      ("lora.layers_to_transform", .number), ("dataset.path", .string), ("dataset.eval_path", .string),
      ("dataset.format", .string),
      ("dataset.fraction", .number):
      return .list([plain(value)])
    default: return plain(value)
    }
  }

  private static func plain(_ value: JSONValue) -> Literal {
    switch value {
    case .null: .word("none")
    case .bool(let flag): .word(flag ? "true" : "false")
    case .number(let number): .number(number)
    case .string(let text): .word(text)
    case .array(let items): .list(items.map(plain))
    case .object: .word(value.description)
    }
  }

  private static func unknown(_ key: String) -> String {
    let names = RunSettings.keys.fields.map(\.name)
    // `path` means `dataset.path`, and `datset.path` too.
    let suggestion =
      nearest(to: key, in: names)
      ?? names.first { $0.split(separator: ".").count > 1 && $0.hasSuffix("." + key) }
    return "unknown key '\(key)'" + (suggestion.map { "; did you mean '\($0)'?" } ?? "")
  }
}
