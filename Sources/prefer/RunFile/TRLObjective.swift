// TRL's spelling of the objective, translated into a loss expression.

import BuiltinLosses
import Configuration
import PreferenceCore

/// The objective as TRL's `DPOConfig` spells it: names of losses, and knobs shared by all of them.
struct TRLObjective: Sendable {
  /// TRL's default is `sigmoid`.
  var lossTypes: [String] = ["sigmoid"]
  var lossWeights: [Double]?
  var beta: Double?
  var labelSmoothing: Double?
  var usesWeighting = false
  var lengthAlpha: Double?
  var divergence: String?
  var divergenceAlpha: Double?
  var discopopTau: Double?

  /// One of TRL's losses: what it is called here, and our hyperparameters by TRL's keys.
  private struct Translation {
    let name: String
    let keys: [String: String]
  }

  /// What the cards of the losses say of TRL, by TRL's names.
  private static let translations = Dictionary(
    uniqueKeysWithValues: LossRegistry.builtin.entries.values.compactMap { entry in
      entry.card.trl.map { ($0.name, Translation(name: entry.card.name, keys: $0.keys)) }
    })

  /// TRL's name for one of our losses, where it has one.
  static func name(of loss: String) -> String? { LossRegistry.builtin.entries[loss]?.card.trl?.name }

  /// TRL's names of the losses that read `key`.
  static func types(reading key: String) -> Set<String> {
    Set(translations.filter { $0.value.keys[key] != nil }.keys)
  }

  /// The loss expression that computes the same, out of the losses in `known`.
  ///
  /// - Returns: The expression, or every mistake in the spelling, each a sentence.
  func expression(known: Set<String>) -> Result<String, RunFileError> {
    var problems: [String] = []
    var parts: [String] = []
    for type in lossTypes {
      guard let translation = Self.translations[type] else {
        problems.append(Self.unknown(type, known))
        continue
      }
      guard let part = part(type, translation, known, &problems) else { continue }
      parts.append(part)
    }
    problems += unreadKnobs()
    if let lossWeights, lossWeights.count != lossTypes.count {
      problems.append(
        "'loss_weights' has \(lossWeights.count) numbers for \(lossTypes.count) losses; give one for each")
    }
    guard problems.isEmpty else { return .failure(RunFileError(problems)) }
    if let lengthAlpha {
      // TRL's likelihood of the chosen side counts every token whatever α is.
      parts = zip(lossTypes, parts).map { type, part in
        type == "sft" ? part : "ld(\(part), alpha=\(JSONValue.spelling(of: lengthAlpha)))"
      }
    }
    if let lossWeights {
      parts = zip(lossWeights, parts).map { "\(JSONValue.spelling(of: $0))*\($1)" }
    }
    var text = parts.joined(separator: " + ")
    if usesWeighting { text = "wpo(\(text))" }
    for (wrapper, key, isAsked) in [
      ("ld", "ld_alpha", lengthAlpha != nil), ("wpo", "use_weighting", usesWeighting),
    ]
    where isAsked && !known.contains(wrapper) {
      return .failure(
        RunFileError(["'\(key)' is TRL's spelling of the wrapper '\(wrapper)', which is not available"]))
    }
    return .success(text)
  }

  /// One loss of the sum, with its knobs.
  private func part(
    _ type: String, _ translation: Translation, _ known: Set<String>, _ problems: inout [String]
  )
    -> String?
  {
    var name = translation.name
    var knobs: [String] = []
    if let key = translation.keys["beta"] { knobs.append("\(key)=\(JSONValue.spelling(of: beta ?? 0.1))") }
    if let key = translation.keys["label_smoothing"] {
      // TRL's default is 0 for every loss, also where ours is the paper's; one that needs some refuses it.
      let smoothed = "\(name)(\(key)=0)"
      let usual = (try? LossRegistry.builtin.resolve(smoothed)) == nil ? nil : 0.0
      let isUsual = (try? LossRegistry.builtin.canonical(smoothed).description) == name
      if let smoothing = labelSmoothing ?? (isUsual ? nil : usual) {
        knobs.append("\(key)=\(JSONValue.spelling(of: smoothing))")
      }
    }
    if let key = translation.keys["discopop_tau"], let discopopTau {
      knobs.append("\(key)=\(JSONValue.spelling(of: discopopTau))")
    }
    let bend = bend(of: type)
    if type == "sigmoid", !bend.isEmpty {
      name = "f-dpo"
      knobs += bend
    }
    guard known.contains(name) else {
      problems.append(
        "loss_type '\(type)' is TRL's name for '\(name)', which is not available; there is "
          + Self.available(known))
      return nil
    }
    let text = knobs.isEmpty ? name : "\(name)(\(knobs.joined(separator: ", ")))"
    guard type != "sigmoid", !bend.isEmpty else { return text }
    guard known.contains("f-divergence") else {
      problems.append(
        "'f_divergence_type' is TRL's spelling of the wrapper 'f-divergence', which is not available")
      return nil
    }
    return "f-divergence(\(([text] + bend).joined(separator: ", ")))"
  }

  /// TRL's names of the losses that read log-ratios through a divergence; with others TRL refuses one.
  private static let bent: Set<String> = [
    "sigmoid", "hinge", "ipo", "robust", "exo_pair", "discopop", "sigmoid_norm",
  ]

  /// The knobs that say which divergence, for a loss that reads one.
  private func bend(of type: String) -> [String] {
    guard let divergence, divergence != "reverse_kl", Self.bent.contains(type) else { return [] }
    let kind = ["js_divergence": "js", "alpha_divergence": "alpha"][divergence] ?? divergence
    return ["divergence=\(kind)"] + (divergenceAlpha.map { ["alpha=\(JSONValue.spelling(of: $0))"] } ?? [])
  }

  /// Knobs that none of the losses named would read: TRL ignores them in silence.
  private func unreadKnobs() -> [String] {
    let named = lossTypes.compactMap { Self.translations[$0] }
    guard named.count == lossTypes.count else { return [] }
    var problems: [String] = []
    if let labelSmoothing, labelSmoothing != 0, !named.contains(where: { $0.keys["label_smoothing"] != nil })
    {
      problems.append(
        lossTypes.contains("sigmoid")
          ? "TRL 1.16 ignores 'label_smoothing' with loss_type 'sigmoid'; write "
            + "loss: \"dpo(label_smoothing=\(JSONValue.spelling(of: labelSmoothing)))\" or loss_type 'robust'"
          : "'label_smoothing' is not read by loss_type \(quotedTypes)")
    }
    if beta != nil, named.allSatisfy({ $0.keys["beta"] == nil }) {
      problems.append("'beta' is not read by loss_type \(quotedTypes)")
    }
    if usesWeighting, let part = ["sft", "aot", "aot_unpaired"].first(where: lossTypes.contains) {
      problems.append(
        "'use_weighting' weighs pairs, of which loss_type '\(part)' has none to weigh; leave one out")
    }
    if lengthAlpha != nil, lossTypes.allSatisfy({ $0 == "sft" }) {
      problems.append("'ld_alpha' is not read by loss_type \(quotedTypes)")
    }
    if discopopTau != nil, !named.contains(where: { $0.keys["discopop_tau"] != nil }) {
      problems.append("'discopop_tau' is not read by loss_type \(quotedTypes)")
    }
    if let divergence, divergence != "reverse_kl" {
      let blind = lossTypes.filter { !Self.bent.contains($0) && $0 != "sft" }
      if !blind.isEmpty || lossTypes.allSatisfy({ $0 == "sft" }) {
        let names = blind.isEmpty ? quotedTypes : blind.map { "'\($0)'" }.joined(separator: ", ")
        problems.append("'f_divergence_type' is not read by loss_type \(names)")
      }
    }
    if divergenceAlpha != nil, divergence != "alpha_divergence" {
      problems.append("'f_alpha_divergence_coef' is read only with f_divergence_type 'alpha_divergence'")
    }
    return problems
  }

  private var quotedTypes: String { lossTypes.map { "'\($0)'" }.joined(separator: ", ") }

  /// TRL's names of the losses that can be had.
  private static func available(_ known: Set<String>) -> String {
    translations.filter { known.contains($0.value.name) }.keys.sorted().joined(separator: ", ")
  }

  private static func unknown(_ type: String, _ known: Set<String>) -> String {
    if known.contains(type) {
      return "loss_type takes TRL's names, and '\(type)' is none of them; write loss: \"\(type)\" instead"
    }
    let suggestion = nearest(to: type, in: Array(translations.keys))
    return "unknown loss_type '\(type)'"
      + (suggestion.map { "; did you mean '\($0)'?" } ?? "; there is \(available(known))")
  }
}
