// Sums over and joins of rows that end before their padding, and the meter of what tensors allocate.

import Tensors
import Testing

@Suite struct RaggedTests {
  static let counts = [3, 0, 5, 1]

  @Test func `gradients agree with central differences`() {
    let x = numbers([4, 5])
    #expect(worstGradientError([x]) { square($0[0]).sumOfFirst(Self.counts) } < 1e-8)
    #expect(worstGradientError([x]) { exp($0[0]).joiningFirst([5, 2], ofRows: [2, 0]) } < 1e-8)
    #expect(worstGradientError([x]) { $0[0].sumOfFirst(Self.counts) + $0[0].sumOverLastAxis() } < 1e-8)
  }

  @Test(arguments: [ScalarType.float32, .float64])
  func `what stands behind a row's end does not matter`(_ type: ScalarType) {
    var scalars = numbers([4, 5]).scalars
    for (row, count) in Self.counts.enumerated() {
      for t in count..<5 { scalars[row * 5 + t] = t % 2 == 0 ? .nan : .infinity }
    }
    let x = Tensor(scalars, shape: [4, 5]).converted(to: type).tracked()
    let sums = x.sumOfFirst(Self.counts)
    let joined = x.joiningFirst([1, 3], ofRows: [3, 0])
    #expect(sums.scalarType == .float64)
    #expect(joined.scalarType == type)
    #expect(sums.shape == [4])
    let places = stopGradient(x).scalars
    #expect(
      stopGradient(sums).scalars == [
        places[0] + places[1] + places[2], 0, places[10...14].reduce(0, +), places[15],
      ])
    #expect(stopGradient(joined).scalars == [places[15], places[0], places[1], places[2]])
    let slopes = gradients(of: (2 * sums).sum() + (-joined).sum(), at: [x])[0]
    #expect(slopes.scalarType == type)
    #expect(slopes.scalars == [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 1, 0, 0, 0, 0])
  }

  @Test(arguments: [ScalarType.float32, .float64])
  func `a weighted sum is the sum of a product, backwards too`(_ type: ScalarType) {
    let counts = [3, 0, 9, 1, 8]
    var scalars = numbers([5, 9]).scalars
    for (row, count) in counts.enumerated() {
      for t in count..<9 { scalars[row * 9 + t] = .nan }
    }
    let x = Tensor(scalars, shape: [5, 9]).converted(to: type).tracked()
    let weights = Tensor(numbers([45]).scalars.map { 0.5 - $0 }, shape: [5, 9])
    let (fused, plain) = (x.sumOfFirst(counts, weightedBy: weights), (weights * x).sumOfFirst(counts))
    #expect(fused.scalarType == .float64)
    for (a, b) in zip(stopGradient(fused).scalars, stopGradient(plain).scalars) {
      #expect(Swift.abs(a - b) < 1e-14)
    }
    let outer = Tensor([1, -2, 3, 0.5, 7])
    let (slopes, expected) = (
      gradients(of: (outer * fused).sum(), at: [x])[0], gradients(of: (outer * plain).sum(), at: [x])[0]
    )
    #expect(slopes.scalarType == type)
    #expect(slopes.scalars == expected.scalars)
    // Weights that are part of the graph get their gradient as well.
    let tracked = weights.tracked()
    let bare = Tensor(numbers([45]).scalars, shape: [5, 9])
    let one = gradients(of: bare.sumOfFirst(counts, weightedBy: tracked).sum(), at: [tracked])[0]
    #expect(one.scalars == gradients(of: (tracked * bare).sumOfFirst(counts).sum(), at: [tracked])[0].scalars)
  }

  @Test(arguments: [ScalarType.float32, .float64], [ScalarType.float32, .float64])
  func `a row of weights serves every row, in either format`(_ type: ScalarType, _ weightType: ScalarType) {
    let counts = [3, 0, 9, 1, 8]
    let x = numbers([5, 9]).converted(to: type).tracked()
    let row = numbers([9]).converted(to: weightType)
    let all = Tensor((0..<5).flatMap { _ in row.scalars }, shape: [5, 9])
    let (once, often) = (x.sumOfFirst(counts, weightedBy: row), x.sumOfFirst(counts, weightedBy: all))
    #expect(stopGradient(once).scalars == stopGradient(often).scalars)
    let outer = Tensor([1, -2, 3, 0.5, 7])
    let slopes = gradients(of: (outer * once).sum(), at: [x])[0]
    #expect(slopes.scalarType == type)
    #expect(slopes.scalars == gradients(of: (outer * often).sum(), at: [x])[0].scalars)
  }

  @Test func `single-precision sums keep the digits of double precision`() {
    let x = numbers([40, 3000]).converted(to: .float32)
    let exact = x.converted(to: .float64)
    let counts = (0..<40).map { 3000 - 60 * $0 }
    for (a, b) in zip(x.sumOfFirst(counts).scalars, exact.sumOfFirst(counts).scalars) {
      #expect(Swift.abs(a - b) <= 1e-10)
    }
  }

  @Test func `one number everywhere meets others`() {
    let x = numbers([6]).tracked()
    let constant = gradients(of: x.sum() + 3 * x.sum() + (x / 4).sum(), at: [x])[0]
    #expect(constant.scalars == [Double](repeating: 4.25, count: 6))
    let mixed = gradients(of: x.sum() + square(x).sum() + x.reshaped([2, 3]).sum(), at: [x])[0]
    let expected = stopGradient(x).scalars.map { 1 + 2 * $0 + 1 }
    for (a, b) in zip(mixed.scalars, expected) { #expect(Swift.abs(a - b) < 1e-15) }
    let inner = 2 * x
    let both = gradients(of: (inner + inner.reshaped([6])).sum() + inner.sum(), at: [x, inner])
    #expect(both.map(\.scalars) == [[Double](repeating: 6, count: 6), [Double](repeating: 3, count: 6)])
  }

  @Test func `a handed-on gradient is not written into`() {
    let x = numbers([4]).tracked()
    let squares = square(x)
    // The gradient of `squares` is passed to both of its uses, and each adds more of its own.
    let flat = squares.reshaped([2, 2])
    let sum = (flat.reshaped([4]) * squares).sum() + (flat * flat).sum()
    let slopes = gradients(of: sum, at: [x, squares, flat])
    for (place, x) in stopGradient(x).scalars.enumerated() {
      let y = x * x
      #expect(Swift.abs(slopes[0].scalars[place] - 8 * x * y) < 1e-12)
      #expect(Swift.abs(slopes[1].scalars[place] - 4 * y) < 1e-12)
      #expect(Swift.abs(slopes[2].scalars[place] - 3 * y) < 1e-12)
    }
  }

  @Test func `the meter counts what operations and gradients allocate`() {
    let x = numbers([100, 10]).converted(to: .float32).tracked()
    let counts = [Int](repeating: 10, count: 100)
    let (sums, forward) = TensorMeter.measuring { x.sumOfFirst(counts) }
    #expect(forward == 800)
    let backward = TensorMeter.measuring { gradients(of: sums.sum(), at: [x])[0] }
    // One double for the objective, one for each row, one float for each scalar.
    #expect(backward.byteCount == 8 + 800 + 4000)
    #expect(TensorMeter.measuring { backward.result.scalars }.byteCount == 16000)
    #expect(TensorMeter.measuring { 1 }.byteCount == 0)
  }

  @Test func `memory that was used before leaves no trace`() {
    // Larger than what is given back to the allocator.
    let x = Tensor.filled([300, 1000], with: 2, .float32).tracked()
    for round in 1...4 {
      let counts = (0..<300).map { ($0 * 37 * round) % 1001 }
      let slopes = gradients(of: x.sumOfFirst(counts).sum(), at: [x])[0].floats
      let weighted = gradients(
        of: x.sumOfFirst(counts, weightedBy: .filled([1000], with: 3)).sum(), at: [x])[0].floats
      for (row, count) in counts.enumerated() {
        let places = row * 1000..<(row + 1) * 1000
        #expect(slopes[places].prefix(count).allSatisfy { $0 == 1 })
        #expect(slopes[places].dropFirst(count).allSatisfy { $0 == 0 })
        #expect(weighted[places].prefix(count).allSatisfy { $0 == 3 })
        #expect(weighted[places].dropFirst(count).allSatisfy { $0 == 0 })
      }
    }
  }
}
