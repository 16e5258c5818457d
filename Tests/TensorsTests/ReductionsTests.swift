// Tests of ReductionsTests.
import Tensors
import Testing

@Suite struct ReductionsTests {
  static let all: [NamedFunction] = [
    NamedFunction("sum") { $0.sum() },
    NamedFunction("mean") { $0.mean() },
    NamedFunction("sum over axis 0") { $0.sum(axis: 0) },
    NamedFunction("sum over axis 1") { $0.sum(axis: 1) },
    NamedFunction("sum over the last axis") { $0.sumOverLastAxis() },
    NamedFunction("mean over axis 1") { $0.mean(axis: 1) },
    NamedFunction("logSumExp") { logSumExp($0) },
    NamedFunction("logSumExp over axis 0") { logSumExp($0, axis: 0) },
    NamedFunction("logSumExp over axis 1") { logSumExp($0, axis: 1) },
    NamedFunction("logSumExp over the last axis") { logSumExp($0, axis: -1) },
    NamedFunction("cumulative sum") { $0.cumulativeSumOverLastAxis() },
    NamedFunction("rows") { $0.rows([1, 0, 1]) },
    NamedFunction("columns") { $0.columns([3, 0, 0]) },
    NamedFunction("gathered") { $0.gathered([0, 3, 2, 2, 1, 0]) },
    NamedFunction("reshaped") { $0.reshaped([4, 6]) },
    NamedFunction("transposed") { $0.reshaped([6, 4]).transposed() },
    NamedFunction("concatenated") { Tensor.concatenated([$0, square($0)], axis: 1) },
    NamedFunction("concatenated on the last axis") { Tensor.concatenated([$0.columns([0]), $0], axis: -1) },
    NamedFunction("stacked") { Tensor.stacked([$0, exp($0)]) },
    NamedFunction("matrix product") { matrixProduct($0.reshaped([4, 6]), $0.reshaped([6, 4])) },
    NamedFunction("outer") { outer($0.reshaped([24]).rows([0, 1, 2]), $0.reshaped([24]).rows([5, 6])) },
    NamedFunction("converted") { square($0).converted(to: .float64) },
  ]

  @Test(arguments: all)
  func `gradient agrees with central differences`(_ function: NamedFunction) {
    #expect(worstGradientError([numbers([2, 3, 4])]) { function.f($0[0]) } < 1e-8)
  }

  @Test(arguments: all.filter { $0.testDescription != "converted" })
  func `keeps single precision`(_ function: NamedFunction) {
    let x = numbers([2, 3, 4]).converted(to: .float32)
    let y = function.f(x)
    let exact = function.f(x.converted(to: .float64))
    #expect(y.scalarType == .float32)
    #expect(y.shape == exact.shape)
    for (a, b) in zip(y.scalars, exact.scalars) { #expect(Swift.abs(a - b) <= 1e-6 * max(1, Swift.abs(b))) }
    let leaf = x.tracked()
    let slopes = gradients(of: function.f(leaf).sum(), at: [leaf])[0]
    #expect(slopes.scalarType == .float32)
    #expect(slopes.shape == x.shape)
  }

  @Test func `sums have the shape of the other axes`() {
    let x = Tensor((1...24).map(Double.init), shape: [2, 3, 4])
    #expect(x.sum().item == 300)
    #expect(x.sum().shape == [])
    #expect(x.sum(axis: 0).shape == [3, 4])
    #expect(x.sum(axis: 1).scalars == [15, 18, 21, 24, 51, 54, 57, 60])
    #expect(x.sum(axis: -1).scalars == [10, 26, 42, 58, 74, 90])
    #expect(x.mean(axis: 2).scalars == [2.5, 6.5, 10.5, 14.5, 18.5, 22.5])
    #expect(Tensor.zeros([0]).mean().item == 0)
    #expect(Tensor.zeros([2, 0]).sumOverLastAxis().scalars == [0, 0])
  }

  @Test func `single precision sums do not lose small scalars`() {
    let x = Tensor([Float(16_777_216)] + [Float](repeating: 1, count: 8), shape: [9])
    #expect(x.sum().item == 16_777_224)  // summed in Float it would stay at 2^24
  }

  @Test func `logSumExp neither overflows nor underflows`() {
    #expect(logSumExp(Tensor([1000.0, 1000])).item == 1000 + 0.6931471805599453)
    #expect(logSumExp(Tensor([-1000.0, -1000])).item == -1000 + 0.6931471805599453)
    #expect(logSumExp(Tensor([-Double.infinity, 3])).item == 3)
    #expect(logSumExp(Tensor([-Double.infinity, -.infinity])).item == -.infinity)
    #expect(logSumExp(Tensor([Double.infinity, 3])).item == .infinity)
    #expect(logSumExp(Tensor([Double.nan, 3])).item.isNaN)
    #expect(logSumExp(Tensor.zeros([2, 0]), axis: 1).scalars == [-Double.infinity, -.infinity])
    let leaf = Tensor([-Double.infinity, 3]).tracked()
    #expect(gradients(of: logSumExp(leaf), at: [leaf])[0].scalars == [0, 1])
  }

  @Test func `cumulative sums restart at each row`() {
    let x = Tensor([1.0, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(x.cumulativeSumOverLastAxis().scalars == [1, 3, 6, 4, 9, 15])
  }

  @Test func `places are picked in the order asked for`() {
    let x = Tensor((0..<6).map(Double.init), shape: [2, 3])
    #expect(x.rows([1, 1]).scalars == [3, 4, 5, 3, 4, 5])
    #expect(x.columns([2, 0]).scalars == [2, 0, 5, 3])
    #expect(x.gathered([2, 0]).scalars == [2, 3])
    #expect(x.transposed().scalars == [0, 3, 1, 4, 2, 5])
    #expect(Tensor.concatenated([x, x], axis: 1).scalars == [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5])
    #expect(Tensor.concatenated([x, x]).shape == [4, 3])
    #expect(Tensor.stacked([x, x, x]).shape == [3, 2, 3])
    #expect(x.rows([]).shape == [0, 3])
  }

  @Test func `order is stable, and not a number comes last`() {
    #expect(Tensor([2.0, 1, 2, 0]).sortedOrder() == [3, 1, 0, 2])
    #expect(Tensor([2.0, 1, 2, 0]).sortedOrder(descending: true) == [0, 2, 1, 3])
    #expect(Tensor([Double.nan, 1, -.infinity]).sortedOrder() == [2, 1, 0])
    #expect(Tensor([1.0, 2]).tracked().sortedOrder() == [0, 1])
  }

  @Test func `the sorted tensor has its gradient`() {
    let x = Tensor([2.0, -1, 0.5, 3])
    #expect(x.rows(x.sortedOrder()).scalars == [-1, 0.5, 2, 3])
    #expect(worstGradientError([x]) { $0[0].rows($0[0].sortedOrder()) } < 1e-9)
  }

  @Test func `products of matrices`() {
    let a = Tensor([1.0, 2, 3, 4, 5, 6], shape: [2, 3])
    let b = Tensor([1.0, 0, 0, 1, 1, 1], shape: [3, 2])
    #expect(matrixProduct(a, b).scalars == [4, 5, 10, 11])
    #expect(outer(Tensor([1.0, 2]), Tensor([3.0, 4, 5])).scalars == [3, 4, 5, 6, 8, 10])
  }
}
