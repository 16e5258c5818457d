// Tests of FunctionsTests.
import Tensors
import Testing

/// A named function of one tensor, for tables.
struct NamedFunction: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let range: ClosedRange<Double>
  let f: @Sendable (Tensor) -> Tensor
  init(_ name: String, _ range: ClosedRange<Double> = -2...2, _ f: @escaping @Sendable (Tensor) -> Tensor) {
    (testDescription, self.range, self.f) = (name, range, f)
  }
}

@Suite struct FunctionsTests {
  static let all: [NamedFunction] = [
    NamedFunction("exp") { exp($0) },
    NamedFunction("expm1") { expm1($0) },
    NamedFunction("log", 0.1...3) { log($0) },
    NamedFunction("log1p", -0.5...3) { log1p($0) },
    NamedFunction("sqrt", 0.1...3) { sqrt($0) },
    NamedFunction("square") { square($0) },
    NamedFunction("power 2.5", 0.1...3) { power($0, 2.5) },
    NamedFunction("power 3") { power($0, 3) },
    NamedFunction("power 0") { power($0, 0) },
    NamedFunction("tanh") { tanh($0) },
    NamedFunction("abs") { abs($0) },
    NamedFunction("sigmoid", -5...5) { sigmoid($0) },
    NamedFunction("logSigmoid", -5...5) { logSigmoid($0) },
    NamedFunction("softplus", -5...5) { softplus($0) },
    NamedFunction("relu") { relu($0) },
    NamedFunction("clamp") { clamp($0, to: -0.5...0.7) },
    NamedFunction("minimum with a number") { minimum($0, 0.3) },
    NamedFunction("maximum with a number") { maximum($0, 0.3) },
    NamedFunction("negation") { -$0 },
    NamedFunction("x + 2") { $0 + 2 },
    NamedFunction("2 + x") { 2 + $0 },
    NamedFunction("x - 2") { $0 - 2 },
    NamedFunction("2 - x") { 2 - $0 },
    NamedFunction("x * 3") { $0 * 3 },
    NamedFunction("3 * x") { 3 * $0 },
    NamedFunction("x / 3") { $0 / 3 },
    NamedFunction("3 / x", 0.5...2) { 3 / $0 },
    NamedFunction("mapped") { $0.mapped(value: { $0 * $0 * $0 }, derivative: { x, _ in 3 * x * x }) },
  ]

  @Test(arguments: all)
  func `gradient agrees with central differences`(_ function: NamedFunction) {
    let x = numbers([3, 4], in: function.range)
    #expect(worstGradientError([x]) { function.f($0[0]) } < 1e-8)
  }

  @Test(arguments: all)
  func `single precision is double precision rounded`(_ function: NamedFunction) {
    let x = numbers([3, 4], in: function.range).converted(to: .float32)
    let y = function.f(x)
    #expect(y.scalarType == .float32)
    #expect(y.floats == function.f(x.converted(to: .float64)).floats)
  }

  /// Reference values by 40-digit arithmetic, rounded to double precision.
  @Test(arguments: [
    (-745.0, -745.0), (-40, -40), (-1, -1.3132616875182228), (0, -0.6931471805599453),
    (1, -0.31326168751822286), (40, -4.248354255291589e-18), (700, -9.859676543759770e-305),
  ])
  func `logSigmoid keeps its last bits`(_ x: Double, _ expected: Double) {
    let y = logSigmoid(Tensor([x])).item
    #expect(Swift.abs(y - expected) <= 2 * expected.ulp)
    #expect(softplus(Tensor([-x])).item == -y)
  }

  @Test(arguments: [-700.0, -100, -40, 40, 100, 700])
  func `derivatives survive where values saturate`(_ x: Double) {
    let leaf = Tensor([x]).tracked()
    let tail = exp(Tensor([-Swift.abs(x)])).item
    let slopes = [sigmoid(leaf), logSigmoid(leaf), softplus(leaf)].map {
      gradients(of: $0, at: [leaf])[0].item
    }
    #expect(Swift.abs(slopes[0] - tail) <= 1e-15 * tail)
    #expect(Swift.abs(slopes[1] - (x > 0 ? tail : 1)) <= 1e-15 * slopes[1])
    #expect(Swift.abs(slopes[2] - (x > 0 ? 1 : tail)) <= 1e-15 * slopes[2])
  }

  @Test func `tanh has a slope where it looks flat`() {
    let leaf = Tensor([25.0]).tracked()
    let slope = gradients(of: tanh(leaf), at: [leaf])[0].item
    let expected = 4 * exp(Tensor([-50.0])).item
    #expect(Swift.abs(slope - expected) <= 1e-15 * expected)
  }

  @Test func `kinks have the documented derivative`() {
    func slope(_ f: (Tensor) -> Tensor, at x: Double) -> Double {
      let leaf = Tensor([x]).tracked()
      return gradients(of: f(leaf), at: [leaf])[0].item
    }
    #expect(slope({ relu($0) }, at: 0) == 0)
    #expect(slope({ abs($0) }, at: 0) == 0)
    #expect(slope({ clamp($0, to: 0...1) }, at: 1) == 1)
    #expect(slope({ maximum($0, 2) }, at: 2) == 1)
    #expect(slope({ maximum($0, Tensor([2])) }, at: 2) == 0.5)
    #expect(slope({ minimum($0, Tensor([2])) }, at: 2) == 0.5)
    #expect(slope({ maximum($0, $0) }, at: 2) == 1)
  }

  @Test func `a zero gradient is not multiplied by an infinite slope`() {
    let leaf = Tensor([0.0, 4.0]).tracked()
    let kept = Tensor([0.0, 1.0])
    let slopes = gradients(of: select(kept, log(leaf), .zeros([2])).sum(), at: [leaf])[0].scalars
    #expect(slopes == [0, 0.25])
    let quotients = gradients(of: select(kept, 1 / leaf, .zeros([2])).sum(), at: [leaf])[0].scalars
    #expect(quotients == [0, -1.0 / 16])
  }

  @Test func `not a number stays not a number`() {
    let x = Tensor([Double.nan])
    for function in Self.all where function.testDescription != "power 0" {
      #expect(function.f(x).item.isNaN, "\(function.testDescription)")
    }
    #expect(maximum(x, Tensor([1])).item.isNaN)
    #expect(minimum(Tensor([1]), x).item.isNaN)
  }
}
