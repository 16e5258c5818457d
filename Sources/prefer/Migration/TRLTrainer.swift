// Which of TRL's trainers a configuration is for, and the objective that it asks for.

import Configuration
import PreferenceCore

/// One of TRL's trainers.
enum TRLTrainer: String, CaseIterable, Sendable {
  case dpo, kto, cpo, orpo, sft

  /// `DPOConfig`.
  var configurationName: String { rawValue.uppercased() + "Config" }

  /// Keys that only this trainer's configuration has.
  private var signs: [String] {
    switch self {
    case .kto: ["desirable_weight", "undesirable_weight"]
    case .cpo: ["cpo_alpha", "simpo_gamma"]
    case .sft: ["completion_only_loss", "assistant_only_loss", "packing", "dataset_text_field"]
    case .dpo: ["f_divergence_type", "discopop_tau", "ld_alpha", "use_weighting", "loss_weights"]
    case .orpo: []
    }
  }

  /// The trainer that these keys are for; `DPOTrainer` where they do not tell.
  init(keys: Set<String>) {
    let told = [Self.kto, .cpo, .sft, .dpo].first { !keys.isDisjoint(with: $0.signs) }
    // What ORPO's has in common with CPO's, and nothing of the others.
    self = told ?? (keys.isSuperset(of: ["beta", "max_completion_length"]) ? .orpo : .dpo)
  }
}

extension Migration {
  /// Sets `loss` and whatever belongs to it.
  mutating func readObjective(known: Set<String>) {
    switch trainer {
    case .dpo: readDPO(known)
    case .kto: readKTO(known)
    case .cpo: readCPO(known)
    case .sft: readSFT()
    case .orpo:
      refuse(
        "ORPOTrainer has no equal: its likelihood counts the prompt's tokens too; the nearest is "
          + "loss: \"orpo(beta=\(spelling("beta", 0.1)))\", which counts the completion's alone")
    }
  }

  private mutating func readDPO(_ known: Set<String>) {
    var objective = TRLObjective()
    switch take("loss_type") {
    case .string(let name)?: objective.lossTypes = [name]
    case .array(let names)?:
      objective.lossTypes = names.compactMap { if case .string(let x) = $0 { x } else { nil } }
    default: break
    }
    if case .array(let weights)? = take("loss_weights") {
      objective.lossWeights = weights.compactMap { if case .number(let x) = $0 { x } else { nil } }
    }
    let names = Set(objective.lossTypes)
    objective.beta = names == ["sft"] ? nil : number("beta")
    let isSupervised = names == ["sft"]
    objective.lengthAlpha = number("ld_alpha")
    objective.usesWeighting = take("use_weighting") == true
    // At its default a knob that no loss reads says nothing.
    if let smoothing = number("label_smoothing"), smoothing != 0 {
      if names.isDisjoint(with: TRLObjective.types(reading: "label_smoothing")) {
        note(
          "label_smoothing \(JSONValue.spelling(of: smoothing)) is read by none of these losses, in TRL either"
        )
      } else {
        objective.labelSmoothing = smoothing
      }
    } else if !names.isDisjoint(with: ["aot", "aot_unpaired"]) {
      objective.labelSmoothing = 0
    }
    if case .string(let divergence)? = take("f_divergence_type"), divergence != "reverse_kl" {
      if isSupervised {
        note("f_divergence_type '\(divergence)' is not read by loss_type 'sft', in TRL either")
      } else {
        objective.divergence = divergence
        let coefficient = number("f_alpha_divergence_coef")
        if divergence == "alpha_divergence" { objective.divergenceAlpha = coefficient ?? 0.5 }
      }
    }
    if names.contains("discopop") { objective.discopopTau = number("discopop_tau") ?? 0.05 }
    switch objective.expression(known: known) {
    case .success(let text): set("loss", .string(text))
    case .failure(let error): refusals += error.problems
    }
  }

  private mutating func readKTO(_ known: Set<String>) {
    let kind: String = if case .string(let name)? = take("loss_type") { name } else { "kto" }
    guard kind == "kto", known.contains("kto") else {
      refuse("'loss_type: \(kind)' has no equal: of KTOTrainer's losses there is 'kto'")
      return
    }
    var knobs = ["beta=\(spelling("beta", 0.1))"]
    for key in ["desirable_weight", "undesirable_weight"] where number(key) ?? 1 != 1 {
      knobs.append("\(key)=\(spelling(key, 1))")
    }
    set("loss", .string("kto(\(knobs.joined(separator: ", ")))"))
    if (number("gradient_accumulation_steps") ?? 1) > 1 {
      note("the divergence is estimated from all rows of a step, not from each batch by itself")
    }
  }

  private mutating func readCPO(_ known: Set<String>) {
    let kind: String = if case .string(let name)? = take("loss_type") { name } else { "sigmoid" }
    let (beta, smoothing) = (number("beta") ?? 0.1, number("label_smoothing") ?? 0)
    let (gamma, alpha) = (number("simpo_gamma") ?? 0.5, number("alpha") ?? 0)
    let weight = number("cpo_alpha") ?? 1
    func spell(_ x: Double) -> String { JSONValue.spelling(of: x) }
    let loss: String
    switch (kind, alpha) {
    case ("sigmoid", 0):
      loss = "cpo(beta=\(spell(beta))\(smoothing == 0 ? "" : ", label_smoothing=\(spell(smoothing))"))"
    case ("simpo", 0): loss = "simpo(beta=\(spell(beta)), gamma_beta_ratio=\(spell(gamma / beta)))"
    case ("simpo", _): loss = "alphapo(beta=\(spell(beta)), alpha=\(spell(alpha)), gamma=\(spell(gamma)))"
    case ("sigmoid", _):
      refuse(
        "'alpha: \(spell(alpha))' with loss_type 'sigmoid' has no equal: AlphaPO's reward is that of mean "
          + "log-probabilities; TRL's loss_type 'simpo' has it")
      return
    default:
      refuse(
        "'loss_type: \(kind)' has no equal without a reference; of CPOTrainer's losses there are 'sigmoid' and 'simpo'"
      )
      return
    }
    if smoothing != 0, kind == "simpo" {
      refuse("'label_smoothing: \(spell(smoothing))' with loss_type 'simpo' has no equal; leave it out")
    }
    let name = String(loss.prefix { $0 != "(" })
    guard known.contains(name) else {
      refuse("'loss_type: \(kind)' is TRL's name for '\(name)', which is not available")
      return
    }
    set("loss", .string(weight == 0 ? loss : "\(loss) + \(spell(weight))*sft"))
    note(
      "CPOTrainer puts an end-of-sequence token behind conversations too; here they end as their template ends them"
    )
  }

  private mutating func readSFT() {
    let kind: String = if case .string(let name)? = take("loss_type") { name } else { "nll" }
    // Chunks change memory, not numbers.
    if !["nll", "chunked_nll"].contains(kind) {
      refuse(
        "'loss_type: \(kind)' has no equal: of SFTTrainer's losses there is 'nll', which is loss: \"sft\"")
    }
    if take("completion_only_loss") == false {
      refuse("'completion_only_loss: false' has no equal: only completions are learned, never prompts")
    }
    if take("assistant_only_loss") == true {
      refuse(
        "'assistant_only_loss: true' has no equal: what is learned is the completion, the turns behind the prompt"
      )
    }
    if take("packing") == true || take("eval_packing") == true {
      refuse(
        "'packing: true' has no equal: every row is a sequence of its own, and padding is never computed")
    }
    set("loss", "sft")
  }
}
