// Tests of ArithmeticTests.
import Tensors
import Testing

/// A named function of two tensors, for tables.
struct NamedPair: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let scalar: @Sendable (Double, Double) -> Double
  let f: @Sendable (Tensor, Tensor) -> Tensor
  init(
    _ name: String, scalar: @escaping @Sendable (Double, Double) -> Double,
    f: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    (testDescription, self.scalar, self.f) = (name, scalar, f)
  }
}

@Suite struct ArithmeticTests {
  static let operations: [NamedPair] = [
    NamedPair("+", scalar: { $0 + $1 }, f: { $0 + $1 }),
    NamedPair("-", scalar: { $0 - $1 }, f: { $0 - $1 }),
    NamedPair("*", scalar: { $0 * $1 }, f: { $0 * $1 }),
    NamedPair("/", scalar: { $0 / $1 }, f: { $0 / $1 }),
    NamedPair("minimum", scalar: { min($0, $1) }, f: { minimum($0, $1) }),
    NamedPair("maximum", scalar: { max($0, $1) }, f: { maximum($0, $1) }),
    NamedPair("mapped", scalar: { $0 * $0 * $1 }, f: squareTimes),
  ]

  @Sendable static func squareTimes(_ a: Tensor, _ b: Tensor) -> Tensor {
    Tensor.mapped(a, b, value: { $0 * $0 * $1 }, derivatives: { (2 * $0 * $1, $0 * $0) })
  }

  /// Shapes of both operands and of the result.
  static let shapes: [([Int], [Int], [Int])] = [
    ([4], [4], [4]), ([], [], []), ([], [3], [3]), ([3], [], [3]), ([2, 3], [2, 1], [2, 3]),
    ([2, 1], [2, 3], [2, 3]), ([2, 3], [3], [2, 3]), ([2, 3], [1, 3], [2, 3]), ([2, 1], [1, 3], [2, 3]),
    ([2, 1, 4], [3, 1], [2, 3, 4]), ([2, 3, 4], [1, 3, 1], [2, 3, 4]), ([2, 3, 4], [2, 1, 4], [2, 3, 4]),
    ([2, 1, 3, 1], [4, 1, 5], [2, 4, 3, 5]), ([1], [1, 1], [1, 1]), ([0], [1], [0]),
    ([2, 0], [2, 1], [2, 0]),
  ]

  @Test(arguments: shapes)
  func `shapes broadcast as in NumPy`(_ a: [Int], _ b: [Int], _ expected: [Int]) {
    let (x, y) = (numbers(a, in: 0.5...2, seed: 3), numbers(b, in: 0.5...2, seed: 4))
    for operation in Self.operations {
      let z = operation.f(x, y)
      #expect(z.shape == expected)
      #expect(z.scalars == Self.slowly(operation.scalar, x, y, expected), "\(operation.testDescription)")
    }
  }

  @Test(arguments: shapes.filter { !$0.2.contains(0) })
  func `gradients of broadcast operands agree with central differences`(
    _ a: [Int], _ b: [Int], _ expected: [Int]
  ) {
    let (x, y) = (numbers(a, in: 0.5...2, seed: 3), numbers(b, in: 0.5...2, seed: 4))
    for operation in Self.operations {
      #expect(
        worstGradientError([x, y]) { operation.f($0[0], $0[1]) } < 1e-8, "\(operation.testDescription)")
    }
  }

  /// The rule of broadcasting written the slow way: one coordinate at a time.
  static func slowly(
    _ f: (Double, Double) -> Double, _ a: Tensor, _ b: Tensor, _ shape: [Int]
  ) -> [Double] {
    func scalar(_ t: Tensor, _ coordinates: [Int]) -> Double {
      var place = 0
      for (axis, extent) in t.shape.enumerated() {
        let coordinate = coordinates[coordinates.count - t.shape.count + axis]
        place = place * extent + (extent == 1 ? 0 : coordinate)
      }
      return t.scalars[place]
    }
    return (0..<shape.reduce(1, *)).map { place in
      var (rest, coordinates) = (place, [Int](repeating: 0, count: shape.count))
      for axis in shape.indices.reversed() {
        (rest, coordinates[axis]) = rest.quotientAndRemainder(dividingBy: shape[axis])
      }
      return f(scalar(a, coordinates), scalar(b, coordinates))
    }
  }

  @Test func `the wider format wins, and gradients return in each operand's own`() {
    let single = Tensor([Float(1) / 3, 2], shape: [2]).tracked()
    let double = Tensor([1.0 / 3, 2]).tracked()
    let product = single * double
    #expect(product.scalarType == .float64)
    let slopes = gradients(of: product.sum(), at: [single, double])
    #expect(slopes.map(\.scalarType) == [.float32, .float64])
    #expect(slopes[0].floats == [Float(1.0 / 3), 2])
    #expect(slopes[1].scalars == [Double(Float(1) / 3), 2])
  }

  @Test func `float32 is stored and computed in float32`() {
    let third = Tensor([Float(1) / 3], shape: [1])
    #expect(third.scalarType == .float32)
    #expect(third.item == Double(Float(1) / 3))
    #expect((third * third).item == Double((Float(1) / 3) * (Float(1) / 3)))
    #expect((third + 1e-9).item == Double(Float(1) / 3))
    #expect(Tensor([1.0 / 3]).converted(to: .float32).floats == [Float(1.0 / 3)])
  }

  @Test func `a plain number takes the tensor's format`() {
    let x = Tensor([Float(0.5)], shape: [1])
    for y in [x + 1, 1 + x, x - 1, 1 - x, x * 2, 2 * x, x / 2, 2 / x, -x] {
      #expect(y.scalarType == .float32)
    }
  }

  @Test func `the same tensor on both sides collects both gradients`() {
    let x = Tensor([3.0, -2]).tracked()
    #expect(gradients(of: (x * x).sum(), at: [x])[0].scalars == [6, -4])
    #expect(gradients(of: (x - x).sum(), at: [x])[0].scalars == [0, 0])
  }

  @Test func `comparisons give masks without a graph`() {
    let (a, b) = (Tensor([1.0, 2, 3]).tracked(), Tensor([2.0, 2, 2]))
    #expect((a .> b).scalars == [0, 0, 1])
    #expect((a .>= b).scalars == [0, 1, 1])
    #expect((a .< b).scalars == [1, 0, 0])
    #expect((a .<= b).scalars == [1, 1, 0])
    #expect((a .== b).scalars == [0, 1, 0])
    #expect((a .> 1.5).scalars == [0, 1, 1])
    #expect((a .== 3).scalars == [0, 0, 1])
    #expect((a.reshaped([3, 1]) .< b).shape == [3, 3])
  }

  @Test func `select takes value and gradient from one side only`() {
    let (a, b) = (numbers([2, 3], seed: 5), numbers([3], seed: 6))
    let mask = Tensor([1.0, 0, 1, 0, 0, 1], shape: [2, 3])
    #expect(worstGradientError([a, b]) { select(mask, $0[0], $0[1]) } < 1e-9)
    #expect(select([true, false], Tensor([1.0, .nan]), Tensor([.infinity, 2.0])).scalars == [1, 2])
    #expect(select(Tensor([1.0, 0], shape: [2, 1]), a, b).rows([0]).scalars == a.rows([0]).scalars)
    #expect(select([true], Tensor([Float(1)], shape: [1]), Tensor([2.0])).scalarType == .float64)
  }
}
