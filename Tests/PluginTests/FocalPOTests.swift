// FocalPO: laws, its limit, and which way it pushes.

import BuiltinLosses
import FocalPOLosses
import LossConformance
import PreferenceCore
import Testing

@Suite struct FocalPOTests {
  @Test func `obeys every law`() throws { try LossConformance.verify(FocalPO.self) }
  @Test func `obeys every law with the factor detached`() throws {
    try LossConformance.verify("focalpo(gamma=2, detach=true)", in: .builtin)
  }
  @Test func `gamma 0 is DPO`() throws {
    try LossConformance.verify("focalpo(gamma=0, beta=0.3)", equals: "dpo(beta=0.3)", in: .builtin)
  }

  private func slope(gamma: Double, detach: Bool, margin: Double) -> Double {
    var loss = FocalPO()
    (loss.beta, loss.gamma, loss.detach) = (0.1, gamma, detach)
    let h = Tensor([margin]).tracked()
    return gradients(of: loss.loss(margin: h).sum(), at: [h])[0].scalars[0]
  }

  @Test func `both slopes are the closed forms`() {
    #expect(abs(slope(gamma: 0.05, detach: false, margin: 1.5) + 0.0434506249) < 1e-9)
    #expect(abs(slope(gamma: 0.05, detach: true, margin: 1.5) + 0.0448429007) < 1e-9)
  }

  @Test func `a large gamma pushes the wrong way at the start unless detached`() {
    #expect(slope(gamma: 2, detach: false, margin: 0) > 0)
    #expect(slope(gamma: 2, detach: true, margin: 0) < 0)
    #expect(slope(gamma: 1.4, detach: false, margin: 0) < 0)
  }

  @Test(arguments: ["gamma=-1", "beta=0"]) func `refuses`(_ argument: String) {
    #expect(throws: ConfigurationError.self) { try LossRegistry.builtin.resolve("focalpo(\(argument))") }
  }
}
