// The paired losses: laws off the defaults, limits, extremes, refusals.

import BuiltinLosses
import Foundation
import LossConformance
import PreferenceCore
import Testing

@Suite struct PairedLossTests {
  @Test(arguments: [
    "f-dpo(divergence=js)", "f-dpo(divergence=forward_kl)", "f-dpo(divergence=alpha, alpha=0.3)",
    "f-divergence(hinge, divergence=forward_kl)", "f-divergence(ipo, divergence=alpha, alpha=1.5)",
    "f-divergence(robust + 0.1*sft)", "mallows(f-divergence(dpo))", "f-dpo(divergence=alpha, alpha=1.5)",
    "aot(label_smoothing=0.1)", "discopop(tau=1)", "dpop(lambda=0.5)", "alphapo(alpha=-0.5)",
    "alphapo(alpha=0)",
    "cpo(label_smoothing=0.2)", "tdpo(version=1)", "mallows(simpo)", "mallows(sppo)", "mallows(aot)",
    "mallows(tdpo)", "mallows(odpo)", "mallows(r-dpo)", "mrpo(apo-zero)", "mrpo(tdpo)", "mrpo(beta-dpo)",
    "0.5*aot + 0.5*dpo", "dpo + 0.1*orpo", "cpo + sft",
  ])
  func `obeys every law`(_ text: String) throws { try LossConformance.verify(text, in: .builtin) }

  @Test(arguments: [
    ("f-dpo(beta=0.3)", "dpo(beta=0.3)"), ("dpop(beta=0.3, lambda=0)", "dpo(beta=0.3)"),
    ("f-divergence(dpo(beta=0.3), divergence=js)", "f-dpo(beta=0.3, divergence=js)"),
    ("f-divergence(dpo(beta=0.3), divergence=forward_kl)", "f-dpo(beta=0.3, divergence=forward_kl)"),
    (
      "f-divergence(dpo(beta=0.3), divergence=alpha, alpha=1.5)",
      "f-dpo(beta=0.3, divergence=alpha, alpha=1.5)"
    ),
    ("f-divergence(ipo(tau=0.3), divergence=alpha, alpha=1)", "ipo(tau=0.3)"),
    ("f-dpo(beta=0.3, divergence=alpha, alpha=1)", "dpo(beta=0.3)"),
    ("r-dpo(beta=0.3, alpha=0)", "dpo(beta=0.3)"), ("odpo(beta=0.3, alpha=0)", "dpo(beta=0.3)"),
    ("beta-dpo(beta=0.3, alpha=0)", "dpo(beta=0.3)"), ("tdpo(beta=0.3, alpha=0)", "dpo(beta=0.3)"),
    ("alphapo(beta=3, alpha=0, gamma=0.6)", "simpo(beta=3, gamma_beta_ratio=0.2)"),
    ("mallows(alphapo(beta=3, alpha=0, gamma=0.6))", "mallows(simpo(beta=3, gamma_beta_ratio=0.2))"),
  ])
  func `is the same as`(_ text: String, _ other: String) throws {
    try LossConformance.verify(text, equals: other, in: .builtin)
  }

  @Test func `f-dpo tends to DPO as the order tends to 1, alphapo to SimPO as the shape tends to 0`() throws {
    let (near, dpo) = (
      try LonePair("f-dpo(divergence=alpha, alpha=0.9999999)", 1, -2), try LonePair("dpo", 1, -2)
    )
    #expect(abs(near.value - dpo.value) < 1e-7 && abs(near.slopes.0 - dpo.slopes.0) < 1e-7)
    let (bent, straight) = (
      try LonePair("alphapo(alpha=0.0000001, gamma=0.5)", 1, -2),
      try LonePair("alphapo(alpha=0, gamma=0.5)", 1, -2)
    )
    #expect(abs(bent.value - straight.value) < 1e-5)
  }

  @Test func `minor-dpo is never below DPO, and DPO where the rejected side is above the reference`() throws {
    for (a, b) in [(1.0, 0.5), (-2, 0), (3, -1), (0, -4)] {
      let (minor, dpo) = (try LonePair("minor-dpo", a, b), try LonePair("dpo", a, b))
      #expect(b >= 0 ? minor.value == dpo.value : minor.value > dpo.value)
    }
  }

  @Test func `sppo is least at its targets`() throws {
    let best = try LonePair("sppo(beta=0.25)", 2, -2)
    #expect(best.value == 0 && best.slopes == (0, 0))
    #expect(try LonePair("sppo(beta=0.25)", 0, 0).value == 8)
  }

  @Test func `apo-zero is bounded, wherever the sides are`() throws {
    #expect(try LonePair("apo-zero(beta=1)", 900, -900).value == 0)
    #expect(try LonePair("apo-zero(beta=1)", -900, 900).value == 2)
  }

  @Test func `exo is 0 at the log-odds of its labels and never less`() throws {
    let best = log(0.95 / 0.05) / 0.2
    #expect(abs(try LonePair("exo(beta=0.2, label_smoothing=0.05)", best, 0).value) < 1e-15)
    for margin in stride(from: -40.0, through: 60, by: 5) {
      #expect(try LonePair("exo(beta=0.2, label_smoothing=0.05)", margin, 0).value > -1e-15)
    }
  }

  @Test func `discopop starts the wrong way and turns at −0.118`() throws {
    #expect(try LonePair("discopop(beta=1)", 0, 0).slopes.0 > 0)
    #expect(try LonePair("discopop(beta=1)", -0.119, 0).slopes.0 < 0)
    #expect(try LonePair("discopop(beta=1)", -0.117, 0).slopes.0 > 0)
    #expect(try LonePair("discopop(beta=1)", 0.075, 0).slopes.0 < 0)
    #expect(abs(try LonePair("discopop(beta=1)", -0.118, 0).value - 0.78593) < 1e-5)
  }

  // P(z) = ½ + atan(z)/π: for large |z| the miss is 1/(πz) − 1/(3πz³) + …
  @Test(arguments: [1e3, 1e6, 1e9]) func `cauchy keeps its digits far out`(_ z: Double) throws {
    let miss = 1 / (.pi * z) - 1 / (3 * .pi * z * z * z)
    let (well, badly) = (try LonePair("cauchy(beta=1)", z, 0), try LonePair("cauchy(beta=1)", -z, 0))
    #expect(abs(well.value / -log1p(-miss) - 1) < 1e-12)
    #expect(abs(badly.value / -log(miss) - 1) < 1e-12)
    #expect(abs(badly.slopes.0 * z + 1) < 1e-5)
  }

  @Test func `odpo asks a pair with equal scores for next to nothing`() throws {
    let pair = try LonePair("odpo", 0, 0, scores: [1, 1])
    #expect(abs((pair.metrics["odpo/offset"] ?? 0) - log(1e-6)) < 1e-12)
    #expect(pair.value < 1.1e-6)
  }

  @Test(arguments: [
    ("exo(label_smoothing=0)", "'exo': 'label_smoothing' must be in (0, 0.5), not 0"),
    (
      "f-dpo(divergence=js, alpha=0.3)",
      "'f-dpo': 'alpha' has no effect unless 'divergence' is alpha; leave it out"
    ),
    (
      "f-divergence(alpha=0.3)",
      "'f-divergence': 'alpha' has no effect unless 'divergence' is alpha; leave it out"
    ),
    (
      "f-divergence(simpo)",
      "'f-divergence(simpo)': 'f-divergence' bends ratios to a reference, of which 'simpo' reads none"
    ),
    ("f-dpo(divergence=kl)", "'f-dpo': 'divergence' takes reverse_kl, forward_kl, js or alpha, not 'kl'"),
    (
      "tdpo(version=1, alpha=0.3)", "'tdpo': 'alpha' has no effect when 'version' is 1; leave one of them out"
    ),
    ("tdpo(version=3)", "'tdpo': 'version' must be in [1, 2], not 3"),
    (
      "mrpo(aot, aggregation=average)",
      "'mrpo(aot, aggregation=average)': 'mrpo' averages the losses of each pair, but 'aot' mixes the pairs of a "
        + "batch; take 'aggregation' harmonic"
    ),
    (
      "mrpo(simpo)",
      "'mrpo(simpo)': 'mrpo' gives its inner loss 1 virtual reference model, but 'simpo' takes no reference model"
    ),
  ])
  func `refuses what makes no sense`(_ text: String, _ message: String) {
    let error = #expect(throws: ConfigurationError.self) { try LossRegistry.builtin.resolve(text) }
    #expect(error?.description == message)
  }
}
