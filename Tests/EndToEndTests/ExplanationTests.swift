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

  private static func comparison(_ texts: [String]) throws -> String {
    let objectives = try texts.map { try Objective($0, in: .builtin) }
    return LossComparison(of: objectives, in: .builtin).lines.joined(separator: "\n")
  }

  @Test func `losses stand side by side`() throws {
    let table = try Self.comparison(["dpo(beta=0.5)", "ipo(tau=0.5, reduction=sum)", "hinge"])
    for part in [
      "none: falls towards +∞", "0 at h = 1", "0 from h = 10 on", "straight, -0.5 a nat", "falls to 0",
      "straight, -0.1 a nat", "steeper and steeper", "0.6931, slope -0.25", "(h − 1/(2τ))²",
      "1 reference model",
    ] {
      #expect(table.contains(part), "\(part) is not in\n\(table)")
    }
    #expect(!table.contains("are the same"))
  }

  @Test func `what is the same is said to be`() throws {
    let table = try Self.comparison(["focalpo(gamma=0)", "formula('softplus(-k * margin)', k=0.1)"])
    #expect(table.contains("are the same: values and gradients agree to 10⁻¹² on random batches"))
  }

  @Test func `several losses are drawn in two panels`() throws {
    let objectives = try ["dpo", "hinge"].map { try Objective($0, in: .builtin) }
    let text = try LossPlot.text(of: objectives)
    #expect(text.components(separatedBy: "<g transform=").count == 3)
    #expect(text.components(separatedBy: "<polyline").count == 5)
    #expect(text.contains(">hinge(beta=0.1)</text>"))
  }

  @Test func `cells break at blanks`() {
    #expect(LossComparison.wrapped("one two three", 7) == ["one two", "three"])
    #expect(LossComparison.wrapped("abcdefghij k", 4) == ["abcd", "efgh", "ij k"])
    #expect(LossComparison.wrapped("", 4) == [])
  }
}
