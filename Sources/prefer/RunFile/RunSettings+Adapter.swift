// The adapter that a run file asks for.

import TransformerModels

extension RunSettings {
  /// Shape of the adapter to be trained; nil where the weights themselves are.
  var adapter: LowRankOptions? {
    guard usesAdapter else { return nil }
    var options = LowRankOptions(
      rank: adapterRank, alpha: adapterAlpha, dropout: adapterDropout,
      targets: adapterTargets.map(Self.targets) ?? .usual, usesRankStabilizedScale: usesRankStabilizedScale)
    options.excluded = adapterExclusions.map(Self.targets)
    options.decomposesWeights = decomposesWeights
    options.biases = LowRankOptions.Biases(rawValue: adapterBiases.rawValue) ?? .none
    options.savedModules = adapterModules ?? []
    options.blocks = adapterBlocks
    options.ranks = (Self.exceptions(adapterRanks) ?? []).compactMap { pattern, value in
      Int(exactly: value).map { LowRankOptions.Exception(pattern, $0) }
    }
    options.alphas = (Self.exceptions(adapterAlphas) ?? []).map { LowRankOptions.Exception($0.0, $0.1) }
    return options
  }

  /// A single text with a sign that no name has is a regular expression, as in PEFT.
  private static func targets(_ names: [String]) -> LowRankOptions.Targets {
    guard names.count == 1, let name = names.first else { return .named(names) }
    if name == "all-linear" { return .allLinear }
    return name.contains { "*+?()[]|^$\\{".contains($0) } ? .pattern(name) : .named(names)
  }

  /// `{"q_proj": 2}` as patterns and positive numbers; nil where it is something else.
  private static func exceptions(_ text: String?) -> [(String, Double)]? {
    guard let text else { return [] }
    guard case .object(let members)? = try? JSONValue(json5: text) else { return nil }
    var exceptions: [(String, Double)] = []
    for member in members {
      guard case .number(let number) = member.value, number > 0 else { return nil }
      exceptions.append((member.key, number))
    }
    return exceptions
  }

  /// What contradicts the adapter's keys.
  func adapterConflicts(given: Set<String>) -> [String] {
    let keys = given.filter { $0.hasPrefix("lora.") }.sorted()
    guard usesAdapter else {
      return keys.isEmpty ? [] : ["'use_peft: false' and '\(keys[0])' contradict each other; keep one"]
    }
    var problems: [String] = []
    if given.contains("lora.adapter") {
      for key in keys where key != "lora.adapter" {
        problems.append("'lora.adapter' brings its own shape; leave out '\(key)'")
      }
    }
    if let ranks = Self.exceptions(adapterRanks), ranks.allSatisfy({ Int(exactly: $0.1) != nil }) {
    } else {
      problems.append(
        "'lora.rank_pattern' takes an object of patterns and whole numbers above 0: {q_proj: 8}")
    }
    if Self.exceptions(adapterAlphas) == nil {
      problems.append("'lora.alpha_pattern' takes an object of patterns and numbers above 0: {q_proj: 8}")
    }
    if let adapter, adapter.needsMergedWeights, adapter.dropout > 0 {
      problems.append(
        "'lora.dropout' is not supported with 'lora.use_dora', 'lora.bias' or 'lora.modules_to_save'; leave it out"
      )
    }
    if syncsReference {
      problems.append(
        "'sync_ref_model' moves all weights of a reference, but only an adapter is trained; leave one out")
    }
    return problems
  }
}
