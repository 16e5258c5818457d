// What `explain` says of an expression.

import BuiltinLosses
import Configuration
import Foundation
import PreferenceCore
import Testing

@testable import prefer

@Suite struct ExplanationTests {
  @Test func `numbers stand in the formula`() {
    let fields = [("beta", "Inverse temperature β."), ("gamma", "Focusing exponent γ.")]
    let formula = Formula("−σ(βh)^γ log σ(βh)", fields)
    let filled = formula.filled(with: [Argument("beta", .number(0.2)), Argument("gamma", .number(1))])
    #expect(filled == "−σ(0.2·h)^1 log σ(0.2·h)")
  }

  @Test(arguments: [
    ("dpo(beta=0.2, label_smoothing=0)", "loss_type: \"sigmoid\", beta: 0.2"),
    ("ipo(tau=0.3, reduction=mean)", "loss_type: \"ipo\", beta: 0.3"),
    ("ipo(tau=0.3, reduction=sum)", "cannot be asked for"),
    ("dpo(beta=0.1, label_smoothing=0.1)", "cannot be asked for"),
    ("robust(beta=0.1, label_smoothing=0.2)", "loss_type: \"robust\", beta: 0.1, label_smoothing: 0.2"),
    ("sft", "loss_type: \"sft\""),
    ("focalpo", "cannot be asked for"),
    ("exo", "loss_type: \"exo_pair\", beta: 0.1, label_smoothing: 0.001"),
    ("aot(label_smoothing=0.2)", "loss_type: \"aot\", beta: 0.1, label_smoothing: 0.2"),
    ("discopop", "loss_type: \"discopop\", beta: 0.05, discopop_tau: 0.05"),
    ("ln-dpo", "loss_type: \"sigmoid_norm\", beta: 5"),
    (
      "f-dpo(beta=0.2, divergence=js)",
      "loss_type: \"sigmoid\", beta: 0.2, f_divergence_type: \"js_divergence\""
    ),
    ("bco(shift=running)", "cannot be asked for"),
    (
      "0.8*dpo(beta=0.1) + 1*sft",
      "loss_type: [\"sigmoid\", \"sft\"], loss_weights: [0.8, 1], beta: 0.1"
    ),
    (
      "0.8*dpo(beta=0.1) + 1*hinge(beta=0.2)",
      "cannot be asked for: TRL has one beta and one label_smoothing for all losses"
    ),
  ])
  func `TRL's spelling`(_ text: String, _ expected: String) throws {
    #expect(TRLSpelling.text(of: try Expression(parsing: text)) == expected)
  }

  @Test(arguments: LossRegistry.builtin.entries.keys.sorted())
  func `every loss can be explained`(_ name: String) throws {
    let objective = try Objective(name, in: .builtin)
    let lines = Explanation(in: .builtin).lines(of: objective.loss, objective.expression)
    #expect(lines.joined(separator: "\n").contains("formula"))
    #expect(lines.joined(separator: "\n").contains("feedback"))
  }

  @Test func `a curve is the loss of one pair`() throws {
    let curve = LossCurve(of: try LossRegistry.builtin.resolve("dpo(beta=0.5)"), over: -4...4, count: 9)
    for (margin, value) in zip(curve.margins, curve.values) {
      #expect(abs(value - log1p(exp(-0.5 * margin))) < 1e-12)
    }
    #expect(abs(curve.slopes[4] + 0.25) < 1e-12)
  }
}
