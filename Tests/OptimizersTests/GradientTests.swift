// Norms, clipping, moving references and fingerprints.

import Configuration
import Optimizers
import Testing
import VectorKernels

@Suite struct GradientTests {
  private static func parameters() -> Parameters {
    Parameters([
      Parameter("a", shape: [2], scalars: [1, 2]), Parameter("b", shape: [1, 3], scalars: [3, 4, 5]),
    ])
  }

  private static func gradients(_ parameters: Parameters) -> GradientAccumulator {
    let accumulator = GradientAccumulator(for: parameters)
    add(FloatBuffer([3, 0]), to: accumulator.buffer(for: "a"))
    add(FloatBuffer([0, 4, 0]), to: accumulator.buffer(for: "b"))
    return accumulator
  }

  @Test func `the norm goes over all parameters`() {
    #expect(Self.gradients(Self.parameters()).norm == 5)
  }

  @Test func `clips as PyTorch does`() {
    // limit / (norm + 1e-6): slightly less than the limit is left.
    #expect(GradientAccumulator.clippingFactor(norm: 5, limit: 1) == Float(1 / (5 + 1e-6)))
    for limit in [0, 5.1] { #expect(GradientAccumulator.clippingFactor(norm: 5, limit: limit) == 1) }
  }

  @Test(arguments: [AdamW(), SGD()] as [any Optimizer])
  func `a clipped gradient moves weights as if it had been scaled`(_ optimizer: any Optimizer) {
    let factor: Float = 0.3
    let scaled = Self.parameters()
    let byHand = Self.gradients(scaled)
    for name in ["a", "b"] as [ParameterName] { scale(byHand.buffer(for: name), by: factor) }
    var state = OptimizerState(for: scaled, optimizer: optimizer)
    state.update(scaled, with: byHand, by: optimizer, learningRate: 0.1)
    let clipped = Self.parameters()
    var other = OptimizerState(for: clipped, optimizer: optimizer)
    other.update(
      clipped, with: Self.gradients(clipped), scaledBy: factor, by: optimizer, learningRate: 0.1)
    for (one, two) in zip(scaled, clipped) { #expect(one.values.scalars == two.values.scalars) }
  }

  @Test func `a new step overwrites what the last one left`() {
    var gradients = Self.gradients(Self.parameters())
    gradients.begin()
    let sum = gradients.target(for: ["a"])
    #expect(!sum.isBegun && sum.values.count == 2)
    for i in 0..<2 { sum.values[i] = 7 }
    let again = gradients.target(for: ["a"])
    #expect(again.isBegun)
    // Nothing was said about 'b' in this step.
    let norm = gradients.norm
    #expect(norm == 98.0.squareRoot())
    #expect(gradients.buffer(for: "b").scalars == [0, 0, 0])
  }

  @Test func `gradients lie to each other as their parameters do`() {
    let memory = FloatBuffer([1, 2, 3, 4, 5, 6])
    let parameters = Parameters([
      Parameter("a", shape: [2], values: memory.window(1..<3)),
      Parameter("c", shape: [1], scalars: [9]),
      Parameter("b", shape: [3], values: memory.window(3..<6)),
    ])
    let gradients = GradientAccumulator(for: parameters)
    gradients.buffer(for: "b")[0] = 5
    let joined = gradients.target(for: ["a", "b"])
    #expect(joined.isBegun && joined.values.scalars == [0, 0, 5, 0, 0])
    joined.values[1] = 4
    #expect(gradients.buffer(for: "a").scalars == [0, 4])
  }

  @Test func `names gradients that are not finite`() {
    let broken = Self.gradients(Self.parameters())
    let names = broken.notFinite
    #expect(names.isEmpty)
    broken.buffer(for: "b")[2] = .infinity
    let found = broken.notFinite
    #expect(found == ["b"])
    #expect(!broken.norm.isFinite)
  }

  @Test func `moves weights towards others by a share`() {
    let (mine, theirs) = (Self.parameters(), Self.parameters())
    theirs[0].values[1] = 12
    mine.move(towards: theirs, by: 0.25)
    #expect(mine[0].values.scalars == [1, 4.5])
    #expect(mine[1].values.scalars == [3, 4, 5])
  }

  @Test func `a fingerprint sees every bit, name and shape`() {
    let one = Self.parameters().fingerprint
    #expect(one == Self.parameters().fingerprint)
    let nudged = Self.parameters()
    nudged[1].values[2] = Float(5).nextUp
    #expect(nudged.fingerprint != one)
    let zero = Parameters([Parameter("a", shape: [1], scalars: [0])])
    let negative = Parameters([Parameter("a", shape: [1], scalars: [-0.0])])
    #expect(zero.fingerprint != negative.fingerprint)
    #expect(
      Parameters([Parameter("a", shape: [2, 1], scalars: [1, 2])]).fingerprint
        != Parameters([Parameter("a", shape: [1, 2], scalars: [1, 2])]).fingerprint)
  }
}

@Suite struct OptimizerRegistryTests {
  @Test func `resolves optimizers with their hyperparameters`() throws {
    let registry = try OptimizerRegistry()
    let adamw = try #require(try registry.resolve("adamw(weight_decay=0.1, beta2=0.99)") as? AdamW)
    #expect(adamw.weightDecay == 0.1 && adamw.beta2 == 0.99 && adamw.beta1 == 0.9 && adamw.epsilon == 1e-8)
    #expect(try registry.resolve("adamw_torch") is AdamW)
    let sgd = try #require(try registry.resolve("sgd(momentum=0.9)") as? SGD)
    #expect(sgd.momentum == 0.9)
    #expect(registry.entries.keys.sorted() == ["adamw", "sgd"])
  }

  @Test(arguments: [
    ("adamv", "unknown optimizer 'adamv'; did you mean 'adamw'?"),
    ("adamw(weight_decay=-1)", "'adamw': 'weight_decay' must be ≥ 0, not -1"),
    ("sgd(momentum=1)", "'sgd': 'momentum' must be in [0, 1), not 1"),
    ("0.5*sgd + 0.5*adamw", "an optimizer cannot be a sum"),
  ])
  func `refuses`(_ text: String, _ message: String) throws {
    let registry = try OptimizerRegistry()
    var found = ""
    do { _ = try registry.resolve(text) } catch { found = "\(error)" }
    #expect(found == message)
  }
}
