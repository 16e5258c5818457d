// AdamW and SGD against PyTorch's update written out again, and against double precision.

import Configuration
import Optimizers
import Testing
import VectorKernels

@Suite struct AdamWTests {
  private static let gradients: [[Float]] = (0..<7).map { step in (0..<37).map { gradient(step, $0) } }

  private static func gradient(_ step: Int, _ place: Int) -> Float {
    let size: Float = place % 5 == 0 ? 1e-4 : 1
    return Float((place * 7 + step * 13) % 19 - 9) / 7 * size
  }

  private static let start: [Float] = (0..<37).map { Float($0 % 11 - 5) / 3 }

  /// `torch/optim/adamw.py`, one weight after the other, every operation in single precision.
  private static func torch(_ optimizer: AdamW, rate: Double, decays: Bool) -> [Float] {
    var (w, m, v) = (start, [Float](repeating: 0, count: 37), [Float](repeating: 0, count: 37))
    for (index, gradient) in gradients.enumerated() {
      let step = Double(index + 1)
      func power(_ x: Double) -> Double { (0...index).reduce(1) { product, _ in product * x } }
      let size = Float(-(rate / (1 - power(optimizer.beta1))))
      let root = Float((1 - power(optimizer.beta2)).squareRoot())
      for i in w.indices where step > 0 {
        if decays { w[i] *= Float(1 - rate * optimizer.weightDecay) }
        m[i] += Float(1 - optimizer.beta1) * (gradient[i] - m[i])
        v[i] = v[i] * Float(optimizer.beta2) + Float(1 - optimizer.beta2) * gradient[i] * gradient[i]
        w[i] += size * m[i] / (v[i].squareRoot() / root + Float(optimizer.epsilon))
      }
    }
    return w
  }

  /// The published rule in double precision.
  private static func exact(_ optimizer: AdamW, rate: Double, decays: Bool) -> [Double] {
    start.indices.map { i in
      var (w, m, v) = (Double(start[i]), 0.0, 0.0)
      var (p1, p2) = (1.0, 1.0)
      for gradient in gradients {
        let g = Double(gradient[i])
        (p1, p2) = (p1 * optimizer.beta1, p2 * optimizer.beta2)
        m = optimizer.beta1 * m + (1 - optimizer.beta1) * g
        v = optimizer.beta2 * v + (1 - optimizer.beta2) * g * g
        if decays { w -= rate * optimizer.weightDecay * w }
        w -= rate * (m / (1 - p1)) / ((v / (1 - p2)).squareRoot() + optimizer.epsilon)
      }
      return w
    }
  }

  static func run(_ optimizer: any Optimizer, rate: Double, decays: Bool = true) -> [Float] {
    let parameters = Parameters([
      Parameter("w", shape: [37], values: FloatBuffer(start), isDecayed: decays)
    ])
    var state = OptimizerState(for: parameters, optimizer: optimizer)
    for gradient in gradients {
      let accumulator = GradientAccumulator(for: parameters)
      add(FloatBuffer(gradient), to: accumulator.buffer(for: "w"))
      state.update(parameters, with: accumulator, by: optimizer, learningRate: rate)
    }
    return parameters[0].values.scalars
  }

  @Test(arguments: [(0.0, true), (0.1, true), (0.1, false)])
  func `follows PyTorch`(_ decay: Double, _ decays: Bool) {
    var optimizer = AdamW()
    optimizer.weightDecay = decay
    let found = Self.run(optimizer, rate: 0.01, decays: decays)
    let torch = Self.torch(optimizer, rate: 0.01, decays: decays)
    let exact = Self.exact(optimizer, rate: 0.01, decays: decays)
    for i in found.indices {
      // Fused multiplication may round a product once less than the written-out loop: a few last bits in 7 steps.
      #expect(abs(found[i] - torch[i]) <= 4 * max(abs(torch[i]).ulp, Float(0.07).ulp))
      #expect(abs(Double(found[i]) - exact[i]) < 2e-6)
    }
  }

  @Test func `spares parameters that are not decayed`() {
    var optimizer = AdamW()
    optimizer.weightDecay = 0.1
    #expect(Self.run(optimizer, rate: 0.01, decays: false) == Self.run(AdamW(), rate: 0.01))
    #expect(Self.run(optimizer, rate: 0.01) != Self.run(AdamW(), rate: 0.01))
  }

  @Test func `buffers have PyTorch's names`() {
    let parameters = Parameters([Parameter("model.norm.weight", shape: [3], scalars: [1, 2, 3])])
    let state = OptimizerState(for: parameters, optimizer: AdamW())
    #expect(
      state.entries.map(\.name) == ["model.norm.weight.exp_avg", "model.norm.weight.exp_avg_sq"])
    #expect(OptimizerState(for: parameters, optimizer: SGD()).entries.isEmpty)
    var heavy = SGD()
    heavy.momentum = 0.9
    #expect(
      OptimizerState(for: parameters, optimizer: heavy).entries.map(\.name)
        == ["model.norm.weight.momentum_buffer"])
  }

  @Test(arguments: [(0.0, 0.0), (0.9, 0.0), (0.9, 0.1), (0.0, 0.1)])
  func `SGD follows its rule`(_ momentum: Double, _ decay: Double) {
    var optimizer = SGD()
    (optimizer.momentum, optimizer.weightDecay) = (momentum, decay)
    let found = Self.run(optimizer, rate: 0.05)
    for i in found.indices {
      var (w, v) = (Double(Self.start[i]), 0.0)
      for gradient in Self.gradients {
        v = momentum * v + Double(gradient[i]) + decay * w
        w -= 0.05 * v
      }
      #expect(abs(Double(found[i]) - w) < 2e-6)
    }
  }
}
