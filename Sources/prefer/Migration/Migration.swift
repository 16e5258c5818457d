// A run file made from a configuration of TRL's: what is set, what is worth a comment, what has no equal.

import Configuration

/// The translation of one TRL configuration, in the making.
struct Migration {
  /// Whose configuration it is.
  let trainer: TRLTrainer
  /// The configuration as it was written.
  let given: [String: JSONValue]
  /// What the run file says, in its order.
  var settings: [JSONMember] = []
  /// What a reader should know, a comment each.
  private(set) var notes: [String] = []
  /// What cannot be said here, a sentence each.
  var refusals: [String] = []

  /// Translates `text`, which is what `to_json_string()` of a TRL configuration gives.
  ///
  /// - Parameters:
  ///   - model: the model to be trained, where the configuration does not say.
  ///   - rows: the rows, where the configuration does not say.
  ///   - known: names of the losses there are.
  /// - Throws: `RunFileError` with a sentence for everything that has no equal.
  init(
    _ text: String, path: String? = nil, model: String? = nil, rows: String? = nil, heldOut: String? = nil,
    known: Set<String>
  ) throws(RunFileError) {
    let tree: JSONValue
    do throws(JSONProblem) {
      tree = try JSONValue(json5: text)
    } catch {
      throw RunFileError(["not JSON: \(error)"], path: path)
    }
    guard case .object(let members) = tree else {
      throw RunFileError(["a configuration is one object {…}, not \(tree.kind)"], path: path)
    }
    given = Dictionary(members.map { ($0.key, $0.value) }) { $1 }
    trainer = TRLTrainer(keys: Set(given.keys))
    if let model { set("model_name_or_path", .string(model)) }
    readModel()
    if let rows { set("dataset.path", .string(rows)) }
    if let heldOut { set("dataset.eval_path", .string(heldOut)) }
    // TRL never stops for rows that it cannot use, however many they are.
    set("dataset.max_dropped_fraction", 1)
    readObjective(known: known)
    readRules()
    readWarmup()
    readIntervals()
    refuseStrangers()
    guard refusals.isEmpty else { throw RunFileError(refusals.sorted(), path: path) }
  }

  /// The value of `key`, unless it is missing or null.
  func take(_ key: String) -> JSONValue? { given[key].flatMap { $0 == .null ? nil : $0 } }

  /// The number under `key`, unless it is missing.
  func number(_ key: String) -> Double? { if case .number(let x)? = given[key] { x } else { nil } }

  /// The number under `key` as JSON spells it.
  func spelling(_ key: String, _ fallback: Double) -> String {
    JSONValue.spelling(of: number(key) ?? fallback)
  }

  /// Says `key` in the run file, unless it would say the default.
  mutating func set(_ key: String, _ value: JSONValue) {
    guard !settings.contains(where: { $0.key == key }), !RunFile.isDefault(value, of: key) else { return }
    settings.append(JSONMember(key, value))
  }

  /// Adds a comment.
  mutating func note(_ text: String) { notes.append(text) }

  /// Notes what has no equal.
  mutating func refuse(_ sentence: String) { refusals.append(sentence) }

  /// The run file.
  var text: String {
    var lines = ["{", "  // What TRL's \(trainer.configurationName) asks for, in Prefer's words."]
    lines += notes.map { "  // \($0)." }
    let missing = [
      ("model_name_or_path", "the model's directory"), ("dataset.path", "the rows"),
    ].filter { missing in !settings.contains { $0.key == missing.0 } }
    if !missing.isEmpty {
      let keys = missing.map { "\($0.0) (\($0.1))" }
      lines.append("  // Still to be said: \(keys.joined(separator: ", ")).")
    }
    var nested: [String: [JSONMember]] = [:]
    var order: [String] = []
    for member in settings {
      let parts = member.key.split(separator: ".", maxSplits: 1).map(String.init)
      if !order.contains(parts[0]) { order.append(parts[0]) }
      nested[parts[0], default: []].append(JSONMember(parts.count > 1 ? parts[1] : "", member.value))
    }
    for key in order {
      let members = nested[key] ?? []
      if members.count == 1, members[0].key.isEmpty || (key == "dataset" && members[0].key == "path") {
        lines.append("  \(key): \(members[0].value),")
      } else {
        lines.append("  \(key): {" + members.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "},")
      }
    }
    return (lines + ["}"]).joined(separator: "\n")
  }
}

extension RunFile {
  /// Whether a run file that leaves `key` out means `value`.
  static func isDefault(_ value: JSONValue, of key: String) -> Bool {
    guard key != "loss", let field = RunSettings.keys.fields.first(where: { $0.name == key }) else {
      return false
    }
    let defaults = RunSettings()
    var settings = defaults
    do throws(HyperparameterError) { try field.write(&settings, try literal(value, for: key)) } catch {
      return false
    }
    return field.read(settings) == field.read(defaults)
  }
}
