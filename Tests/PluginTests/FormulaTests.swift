// Formulas: laws, their built-in twins, what they need, and what they refuse, word for word.

import BuiltinLosses
import FormulaLosses
import LossConformance
import PreferenceCore
import Testing

@Suite struct FormulaTests {
  /// A formula of every kind: pairs, single completions, statistics, columns, references, means over the batch.
  @Test(arguments: [
    "formula",
    "formula('-logsigmoid(beta * (chosen - rejected))', beta=0.1)",
    "formula('z = beta * margin; -(1 - eps) * logsigmoid(z) - eps * logsigmoid(-z)', beta=0.2, eps=0.1)",
    "formula('softplus(-beta * margin) * stop(sigmoid(chosen / chosen_length))', beta=0.5)",
    "formula('where(label, softplus(-completion_ratio), softplus(completion_ratio))')",
    "formula('sigmoid((1 - 2 * label) * (completion_ratio - stop(max(0, mean(baseline_ratio)))))')",
    "formula('square(margin - mean(stop(margin)) - b)', b=1)",
    "formula('softplus(rejected_entropy - chosen_entropy + k * margin) + chosen_divergence', k=2)",
    "formula('softplus(chosen.reward * rejected_ratio - chosen_ratio) + rejected[\"score\"] ^ 2')",
    "formula('softplus(logsumexp(chosen_references) - chosen + rejected - logsumexp(rejected_references))')",
    "formula('softplus(chosen_reference_2 - chosen - rejected_reference_2 + rejected)')",
    "formula('softplus(-margin) / (1 + exp(-chosen_reference_entropy / max_entropy)) + log1p(square(margin))')",
    "mallows(formula('softplus(-beta * margin)', beta=0.1)) + 0.1*sft",
    "formula('-logsigmoid(margin)', as=mine)",
  ])
  func `obeys every law`(_ text: String) throws { try LossConformance.verify(text, in: .builtin) }

  static let twins: [(formula: String, twin: String)] = [
    ("formula('-logsigmoid(beta * margin)', beta=0.3)", "dpo(beta=0.3)"),
    (
      "formula('-logsigmoid(beta * ((chosen - chosen_reference) - (rejected - rejected_reference)))', beta=0.1)",
      "dpo"
    ),
    (
      "formula('z = beta*margin; -(1-eps)*logsigmoid(z) - eps*logsigmoid(-z)', beta=0.2, eps=0.1)",
      "dpo(beta=0.2, label_smoothing=0.1)"
    ),
    ("formula('max(0, 1 - beta * margin)', beta=0.4)", "hinge(beta=0.4)"),
    (
      "formula('((eps-1)*logsigmoid(beta*margin) + eps*logsigmoid(-beta*margin))/(1-2*eps)', beta=0.1, eps=0.1)",
      "robust"
    ),
    ("formula('(margin - 1/(2*tau))^2', tau=0.2)", "ipo(tau=0.2, reduction=sum)"),
    (
      "formula('square(chosen_ratio/chosen_length - rejected_ratio/rejected_length - 1/(2*tau))', tau=0.1)",
      "ipo"
    ),
    (
      "formula('p = logsigmoid(beta*margin); -exp(gamma*p) * p', beta=0.3, gamma=1)",
      "focalpo(beta=0.3, gamma=1)"
    ),
    (
      "formula('p = logsigmoid(beta*margin); -stop(exp(gamma*p)) * p', beta=0.1, gamma=2)",
      "focalpo(gamma=2, detach=true)"
    ),
    (
      "formula('h = (chosen_reference_entropy/chosen_length + rejected_reference_entropy/rejected_length)"
        + " / (2*max_entropy); w = -s * log(clamp(h, 1e-6, 1)); softplus(-w * beta * margin)', s=0.29, beta=0.1)",
      "mallows-theta"
    ),
    (
      "formula('z = stop(max(0, mean(baseline_ratio)));"
        + " where(label, d, u) * sigmoid((1 - 2*label) * beta * (completion_ratio - z))', beta=0.1, d=1, u=1.5)",
      "kto(undesirable_weight=1.5)"
    ),
  ]

  @Test(arguments: twins)
  func `equals its built-in twin, gradients included`(_ formula: String, _ twin: String) throws {
    try LossConformance.verify(formula, equals: twin, in: .builtin)
  }

  @Test func `ten and more have twins`() { #expect(Self.twins.count >= 10) }

  private func needs(_ text: String) throws -> Requirements {
    try LossRegistry.builtin.resolve(text).requirements
  }

  @Test func `needs follow from names`() throws {
    #expect(try needs("formula('softplus(rejected - chosen)')").references == Requirements.anyReferences)
    #expect(try needs("formula('softplus(-margin)')").references == 1...1)
    #expect(try needs("formula('softplus(chosen_reference_3 - chosen)')").references == 3...3)
    #expect(try needs("formula('logsumexp(chosen_references) - chosen')").references == 1...8)
    #expect(
      try needs("formula('logsumexp(log(a) + chosen_references) - chosen', a=[0.5, 0.5])").references == 2...2
    )
    let all = try needs(
      "formula('chosen.reward * chosen_entropy + rejected_reference_entropy + chosen_collision')")
    #expect(all.annotations == ["reward"])
    #expect(all.policyStatistics == [.logProbability, .entropy, .logCollision])
    #expect(all.referenceStatistics == [.logProbability, .entropy])
    #expect(all.feedback == .pairwise && !all.couplesItems)
    let single = try needs("formula('square(completion_ratio - mean(baseline_ratio))')")
    #expect(single.feedback == .unpaired && single.needsBaselines && single.couplesItems)
  }

  @Test func `the start is told from the formula`() throws {
    let registry = LossRegistry.builtin
    let dpo = try registry.resolve("formula('-logsigmoid(beta * margin)', beta=0.1)")
    #expect(dpo.rewardScale == 0.1)
    #expect(abs(try #require(dpo.startingValue) - Elementary.log(2)) < 1e-15)
    let spelt = try registry.resolve(
      "formula('-logsigmoid(chosen - rejected - chosen_reference + rejected_reference)')")
    #expect(abs(try #require(spelt.startingValue) - Elementary.log(2)) < 1e-12)
    #expect(try registry.resolve("formula('softplus(rejected - chosen)')").startingValue == nil)
    #expect(try registry.resolve("formula('margin^2')").startsFlat)
  }

  @Test func `the canonical form reads back`() throws {
    let registry = LossRegistry.builtin
    let typed = "formula( text=\"softplus(-k*margin)\" , k = 0.20, as=mine)"
    let canonical = try registry.canonical(typed).description
    #expect(canonical == "formula('softplus(-k*margin)', as=mine, k=0.2)")
    #expect(try registry.canonical(canonical).description == canonical)
  }

  @Test func `a defined name is a loss like any other`() throws {
    var registry = LossRegistry.builtin
    let formula = try Expression(parsing: "formula('softplus(-k * margin)', k=0.1)")
    try registry.define("mine", as: formula, from: "this run")
    try registry.define("both", as: try Expression(parsing: "0.5*mine + 0.5*dpo"), from: "this run")
    try LossConformance.verify("mine(k=0.3)", equals: "dpo(beta=0.3)", in: registry)
    try LossConformance.verify("both", equals: "dpo", in: registry)
    try LossConformance.verify("mallows(mine)", equals: "mallows(dpo)", in: registry)
    #expect(
      try registry.canonical("mallows(mine(k=0.2))").description
        == "mallows(formula('softplus(-k * margin)', as=mine, k=0.2))")
    #expect(registry.entries["mine"]?.hyperparameters.map(\.name) == ["text", "k"])
    var context = LossContext()
    let batch = HybridPOTests.batch(rewards: [1, 0])
    #expect(try registry.resolve("mine").evaluate(batch, &context).terms.map(\.name) == ["mine"])
  }

  @Test(arguments: [
    ("dpo", "dpo", "'dpo' is brought by 'dpo' and again by 'this run'"),
    ("Mine", "dpo", "'Mine' is not a name: use lower-case letters, digits and hyphens"),
    ("mine", "dppo", "unknown loss 'dppo'; did you mean 'dpo'?"),
  ])
  func `a definition is refused`(_ name: String, _ text: String, _ message: String) throws {
    var registry = LossRegistry.builtin
    let error = #expect(throws: ConfigurationError.self) {
      try registry.define(name, as: try Expression(parsing: text), from: "this run")
    }
    #expect(error?.description == message)
  }
}
