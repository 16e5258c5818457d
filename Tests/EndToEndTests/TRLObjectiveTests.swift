// TRL's spelling of the objective becomes an expression, or a sentence that says why not.

import BuiltinLosses
import PreferenceCore
import Testing

@testable import prefer

@Suite struct TRLObjectiveTests {
  static let known: Set<String> = ["dpo", "robust", "hinge", "ipo", "sft"]

  @Test(arguments: [
    (TRLObjective(), "dpo(beta=0.1)"),
    (TRLObjective(lossTypes: ["sigmoid"], beta: 0.3), "dpo(beta=0.3)"),
    (
      TRLObjective(lossTypes: ["robust"], beta: 0.3, labelSmoothing: 0.1),
      "robust(beta=0.3, label_smoothing=0.1)"
    ),
    (TRLObjective(lossTypes: ["robust"]), "robust(beta=0.1, label_smoothing=0)"),
    (TRLObjective(lossTypes: ["hinge"], beta: 0.5), "hinge(beta=0.5)"),
    (TRLObjective(lossTypes: ["ipo"], beta: 0.2), "ipo(tau=0.2)"),
    (TRLObjective(lossTypes: ["sft"]), "sft"),
    (
      TRLObjective(lossTypes: ["sigmoid", "sft"], lossWeights: [0.8, 1]), "0.8*dpo(beta=0.1) + 1*sft"
    ),
    (TRLObjective(labelSmoothing: 0), "dpo(beta=0.1)"),
    (TRLObjective(divergence: "reverse_kl"), "dpo(beta=0.1)"),
  ])
  func `translates`(_ objective: TRLObjective, _ expected: String) throws {
    let text = try objective.expression(known: Self.known).get()
    #expect(text == expected)
    #expect(throws: Never.self) { try LossRegistry.builtin.resolve(text) }
  }

  @Test(arguments: [
    (
      TRLObjective(labelSmoothing: 0.1),
      "TRL 1.16 ignores 'label_smoothing' with loss_type 'sigmoid'; write loss: \"dpo(label_smoothing=0.1)\" or "
        + "loss_type 'robust'"
    ),
    (
      TRLObjective(lossTypes: ["hinge"], labelSmoothing: 0.1),
      "'label_smoothing' is not read by loss_type 'hinge'"
    ),
    (TRLObjective(lossTypes: ["sft"], beta: 0.1), "'beta' is not read by loss_type 'sft'"),
    (TRLObjective(lossTypes: ["sigmod"]), "unknown loss_type 'sigmod'; did you mean 'sigmoid'?"),
    (
      TRLObjective(lossTypes: ["dpo"]),
      "loss_type takes TRL's names, and 'dpo' is none of them; write loss: \"dpo\" instead"
    ),
    (
      TRLObjective(lossTypes: ["apo_zero"]),
      "loss_type 'apo_zero' is TRL's name for 'apo-zero', which is not available; there is hinge, ipo, robust, "
        + "sft, sigmoid"
    ),
    (
      TRLObjective(lossTypes: ["sigmoid"], lossWeights: [1, 2]),
      "'loss_weights' has 2 numbers for 1 losses; give one for each"
    ),
    (
      TRLObjective(usesWeighting: true),
      "'use_weighting' is TRL's spelling of the wrapper 'wpo', which is not available"
    ),
    (TRLObjective(discopopTau: 0.1), "'discopop_tau' is not read by loss_type 'sigmoid'"),
    (
      TRLObjective(divergenceAlpha: 0.5),
      "'f_alpha_divergence_coef' is read only with f_divergence_type 'alpha_divergence'"
    ),
  ])
  func `refuses`(_ objective: TRLObjective, _ sentence: String) {
    #expect(throws: RunFileError([sentence])) { try objective.expression(known: Self.known).get() }
  }
}
