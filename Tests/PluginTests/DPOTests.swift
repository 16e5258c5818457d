// The logistic family: laws, values by hand, identities.

import BuiltinLosses
import DPOLosses
import LossConformance
import PreferenceCore
import Testing

@Suite struct DPOTests {
  @Test func `dpo obeys every law`() throws { try LossConformance.verify(DPO.self) }
  @Test func `robust obeys every law`() throws { try LossConformance.verify(RobustDPO.self) }
  @Test func `hinge obeys every law`() throws { try LossConformance.verify(HingeDPO.self) }

  @Test func `robust without flipped labels is DPO`() throws {
    try LossConformance.verify("robust(label_smoothing=0, beta=0.3)", equals: "dpo(beta=0.3)", in: .builtin)
  }

  // −log σ(z) = log(1 + e^−z), worked out with forty digits.
  @Test(arguments: [(0.0, 0.6931471805599453), (1.5, 0.6209570477895321), (-30.0, 3.0485873515737421)])
  func `dpo is the logistic loss of the scaled margin`(_ margin: Double, _ expected: Double) {
    #expect(abs(DPO().loss(margin: Tensor([margin])).scalars[0] - expected) < 1e-12)
  }

  @Test func `robust is unbiased under flipped labels`() {
    var robust = RobustDPO()
    robust.labelSmoothing = 0.2
    let (up, down) = (robust.loss(margin: Tensor([3])), robust.loss(margin: Tensor([-3])))
    let mean = 0.8 * up.scalars[0] + 0.2 * down.scalars[0]
    #expect(abs(mean - DPO().loss(margin: Tensor([3])).scalars[0]) < 1e-14)
  }

  @Test func `label smoothing puts the minimum at the logit of the clean share`() {
    var dpo = DPO()
    (dpo.beta, dpo.labelSmoothing) = (0.5, 0.1)
    let minimum = 2.1972245773362196 / 0.5  // log(0.9/0.1)/β
    let h = Tensor([minimum]).tracked()
    #expect(abs(gradients(of: dpo.loss(margin: h).sum(), at: [h])[0].scalars[0]) < 1e-15)
  }

  @Test(arguments: [
    ("dpo(beta=0)", "'dpo': 'beta' must be > 0, not 0"),
    ("dpo(label_smoothing=0.5)", "'dpo': 'label_smoothing' must be in [0, 0.5), not 0.5"),
    ("hinge(beta=-1)", "'hinge': 'beta' must be > 0, not -1"),
  ])
  func `refuses what makes no sense`(_ text: String, _ message: String) {
    let error = #expect(throws: ConfigurationError.self) { try LossRegistry.builtin.resolve(text) }
    #expect(error?.description == message)
  }
}
