// Rotary positions in both spellings: `rope_parameters`, or `rope_theta` and `rope_scaling`.

import Safetensors

extension ConfigurationFile {
  /// Base, scaling, and how many columns of a head turn if not all.
  func rotary(headWidth: Int) throws(ModelError) -> (base: Double, scaling: RotaryScaling, width: Int?) {
    guard family.architecture.positions == nil else { return (family.usualRotaryBase, .none, nil) }
    let rule = try rotaryRule()
    let base: Double
    if let own = try positive("rope_theta", in: rule) {
      base = own
    } else {
      base = try positive("rope_theta") ?? family.usualRotaryBase
    }
    let width = try rotaryWidth(rule, headWidth)
    var type = (member("rope_type", in: rule) ?? member("type", in: rule))?.string ?? "default"
    // The names that Phi 3's first files have for it.
    if family == .phi3, type == "su" || type == "yarn" { type = "longrope" }
    let supported = RotaryType.allCases.filter { family != .phi3 || $0 == .default || $0 == .longrope }
    guard let known = RotaryType(rawValue: type), supported.contains(known) else {
      throw error(
        "'rope_type' is '\(type)', which is not supported; supported are "
          + supported.map(\.rawValue).joined(separator: ", "))
    }
    let scaling = try scaling(known, rule, base: base, width: width ?? headWidth)
    return (base, scaling, width)
  }

  private enum RotaryType: String, CaseIterable {
    case `default`, linear, dynamic, yarn, llama3, longrope
  }

  /// The object that holds the rule; an empty one where there is none.
  private func rotaryRule() throws(ModelError) -> JSONValue {
    for name in ["rope_scaling", "rope_parameters"] {
      guard let value = member(name) else { continue }
      guard case .object(let members) = value else { throw error("'\(name)' is no object") }
      guard let first = members.first else { continue }
      if first.name == "full_attention" || first.name == "sliding_attention" {
        // transformers has such files for other families; these read one rule.
        throw error(
          "'\(name)' has a rule for each type of layer, which '\(family.rawValue)' does not support; give one rule"
        )
      }
      return value
    }
    return .object([])
  }

  /// How many columns of a head turn; nil for all of them.
  private func rotaryWidth(_ rule: JSONValue, _ headWidth: Int) throws(ModelError) -> Int? {
    let share: Double
    if let own = try number("partial_rotary_factor", in: rule) {
      share = own
    } else {
      share = try number("partial_rotary_factor") ?? family.usualRotaryShare
    }
    guard share != 1 else { return nil }
    guard family.architecture.allowsPartialRotation else {
      throw error("'partial_rotary_factor' is \(share), which is not supported; supported is 1")
    }
    let width = Int(Double(headWidth) * share)
    // An odd number of columns turns one more.
    guard width > 0, (width + 1) / 2 * 2 <= headWidth else {
      throw error(
        "'\(family.spelling(of: "partial_rotary_factor"))' is \(share), which turns \(width) of \(headWidth) columns"
      )
    }
    return width
  }

  private func scaling(
    _ type: RotaryType, _ rule: JSONValue, base: Double, width: Int
  ) throws(ModelError) -> RotaryScaling {
    let positions = try optionalCount("max_position_embeddings") ?? family.usualPositions
    func needed(_ name: String) throws(ModelError) -> Double {
      guard let number = try positive(name, in: rule) else {
        throw error("rotary type '\(type.rawValue)' needs '\(name)'")
      }
      return number
    }
    switch type {
    case .default: return .none
    case .linear: return .linear(factor: try needed("factor"))
    case .dynamic:
      guard width > 2 else {
        throw error("rotary type 'dynamic' needs more than \(width) columns to turn")
      }
      return .dynamic(factor: try needed("factor"), positions: positions)
    case .llama3:
      let (low, high) = (try needed("low_freq_factor"), try needed("high_freq_factor"))
      guard low < high else {
        throw error(
          "rotary type 'llama3' needs a low_freq_factor (\(low)) below its high_freq_factor (\(high))")
      }
      return .llama3(
        factor: try needed("factor"), lowFrequency: low, highFrequency: high,
        originalPositions: try originalPositions(rule, positions))
    case .yarn: return .yarn(try yarn(rule, positions))
    case .longrope: return .longrope(try longrope(rule, positions, planes: (width + 1) / 2))
    }
  }

  /// The positions that the model was first trained on. What stands beside the rule comes first, as in transformers.
  private func originalPositions(_ rule: JSONValue, _ positions: Int) throws(ModelError) -> Int {
    let name = "original_max_position_embeddings"
    var found = try optionalCount(name) ?? (family == .phi3 ? 4096 : nil)
    if found == nil { found = try optionalCount(name, in: rule) }
    let count = found ?? positions
    guard count > 0 else { throw error("'\(name)' is \(count), and must be positive") }
    return count
  }

  private func yarn(_ rule: JSONValue, _ positions: Int) throws(ModelError) -> RotaryScaling.YarnRule {
    let original = try originalPositions(rule, positions)
    let factor = try positive("factor", in: rule) ?? Double(positions) / Double(original)
    var attention = try positive("attention_factor", in: rule)
    if attention == nil, let scale = try number("mscale", in: rule), scale != 0,
      let all = try number("mscale_all_dim", in: rule), all != 0
    {
      attention =
        RotaryScaling.YarnRule.magnitude(factor, weight: scale)
        / RotaryScaling.YarnRule.magnitude(factor, weight: all)
    }
    var yarn = RotaryScaling.YarnRule(
      factor: factor, originalPositions: original, attentionFactor: attention)
    if let fast = try number("beta_fast", in: rule), fast != 0 { yarn.fastTurns = fast }
    if let slow = try number("beta_slow", in: rule), slow != 0 { yarn.slowTurns = slow }
    yarn.truncates = try flag("truncate", in: rule) ?? true
    return yarn
  }

  private func longrope(
    _ rule: JSONValue, _ positions: Int, planes: Int
  ) throws(ModelError) -> RotaryScaling.LongRotaryRule {
    func factors(_ name: String) throws(ModelError) -> [Double] {
      guard let factors = try numbers(name, in: rule) else {
        throw error("rotary type 'longrope' needs '\(name)'")
      }
      guard factors.count == planes else {
        throw error("'\(name)' has \(factors.count) numbers for \(planes) planes of a head")
      }
      return factors
    }
    let original = try originalPositions(rule, positions)
    return RotaryScaling.LongRotaryRule(
      short: try factors("short_factor"), long: try factors("long_factor"), originalPositions: original,
      factor: try positive("factor", in: rule) ?? Double(positions) / Double(original),
      attentionFactor: try positive("attention_factor", in: rule))
  }
}
