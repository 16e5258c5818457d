// The adapter that a run file asks for.

import TransformerModels

extension RunSettings {
  /// Shape of the adapter to be trained; nil where the weights themselves are.
  var adapter: LowRankOptions? {
    guard usesAdapter else { return nil }
    let targets: LowRankOptions.Targets =
      switch adapterTargets {
      case nil: .usual
      case ["all-linear"]?: .allLinear
      case let names?: .named(names)
      }
    return LowRankOptions(
      rank: adapterRank, alpha: adapterAlpha, dropout: adapterDropout, targets: targets,
      usesRankStabilizedScale: usesRankStabilizedScale)
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
    if syncsReference {
      problems.append(
        "'sync_ref_model' moves all weights of a reference, but only an adapter is trained; leave one out")
    }
    return problems
  }
}
