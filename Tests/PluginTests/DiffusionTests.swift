// Diffusion-DPO: laws, DPO under another name, the authors' formula by hand.

import BuiltinLosses
import DiffusionLosses
import LossConformance
import PreferenceCore
import Testing

@Suite struct DiffusionTests {
  @Test(arguments: ["diffusion-dpo", "diffusion-dpo(beta=3)"])
  func `obeys every law`(_ text: String) throws { try LossConformance.verify(text, in: .builtin) }

  @Test func `is DPO on denoising errors`() throws {
    try LossConformance.verify("diffusion-dpo(beta=0.4)", equals: "dpo(beta=0.4)", in: .builtin)
  }

  @Test func `the errors of two denoisers by hand`() {
    // e_w 0.1, e_l 0.105, of the reference 0.1005 and 0.104: −(β/2)[(e_w − e_w^ref) − (e_l − e_l^ref)] = 3.75
    let h = -0.5 * ((0.1 - 0.1005) - (0.105 - 0.104))
    #expect(abs(DiffusionDPO().loss(margin: Tensor([h])).scalars[0] - 0.0232454644) < 1e-10)
  }

  @Test func `the error of the better image falls at β/2 of the logistic slope`() {
    let error = Tensor([0.1]).tracked()
    let margin = -0.5 * ((error - 0.1005) - (0.105 - 0.104))
    let slope = gradients(of: DiffusionDPO().loss(margin: margin).sum(), at: [error])[0].scalars[0]
    #expect(abs(slope - 2500 * Elementary.sigmoid(-3.75)) < 1e-9)
  }
}
