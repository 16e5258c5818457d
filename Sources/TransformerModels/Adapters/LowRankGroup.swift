// The pairs beside layers that share an input, as products take them, and what is computed with them.

import Optimizers
import VectorKernels

/// Pairs whose A's multiply the same activations, laid out for products in both directions.
///
/// With `x` the activations after dropout and `s` the scale,
///
///     u = s·x·Aᵀ    y += u·Bᵀ    v = s·dy·B    dA = vᵀ·x    dB = dyᵀ·u    dx += v·A
struct LowRankGroup<Scalar: ActivationScalar>: Sendable {
  /// One layer's part.
  struct Pair: Sendable {
    /// The layer's columns of what comes out, and A's rows among the group's.
    let columns: Range<Int>, ranks: Range<Int>
    let name: ParameterName
    let values: Matrix<Float>
    /// `Bᵀ` and `B` as right operands.
    let forward: PackedMatrix<Scalar>, backward: PackedMatrix<Scalar>
  }

  let pairs: [Pair]
  private let names: [ParameterName]
  private let values: Matrix<Float>
  /// `Aᵀ` and `A` as right operands.
  private let forward: PackedMatrix<Scalar>, backward: PackedMatrix<Scalar>
  private let scale: Float
  /// The number of the layer, which dropout depends on. Groups of several have no dropout.
  private let place: Int
  /// What products take of single precision.
  private let precision: ProductPrecision

  /// Lays out some neighbouring pairs of a group.
  init(_ group: LowRankAdapter.Group, _ range: Range<Int>, _ precision: ProductPrecision) {
    let rank = group.rank
    self.precision = precision
    values = group.down.rows(range.lowerBound * rank..<range.upperBound * rank)
    (scale, place) = (Float(group.scale), group.pairs[range.lowerBound].layer.place)
    names = group.pairs[range].map(\.down.name)
    forward = PackedMatrix(rounding: values, transposed: true, precision)
    backward = PackedMatrix(rounding: values, precision)
    pairs = group.pairs[range].enumerated().map { index, pair in
      let up = Matrix(pair.up.values, rows: pair.up.shape[0], columns: rank)
      return Pair(
        columns: pair.layer.columns, ranks: index * rank..<(index + 1) * rank, name: pair.up.name, values: up,
        forward: PackedMatrix(rounding: up, transposed: true, precision),
        backward: PackedMatrix(rounding: up, precision))
    }
  }

  /// Lays the weights out again, after they moved.
  func parametersChanged() {
    forward.refill(from: values)
    backward.refill(from: values)
    for pair in pairs {
      pair.forward.refill(from: pair.values)
      pair.backward.refill(from: pair.values)
    }
  }

  /// Adds the pairs' part to what the layers make of `x`.
  ///
  /// - Shapes: `x` `[rows, inputs]`, `y` `[rows, outputs]`.
  func apply(_ x: Matrix<Scalar>, addingTo y: Matrix<Scalar>, _ pass: PassContext) {
    let mark = pass.workspace.mark
    defer { pass.workspace.release(to: mark) }
    let inner = inner(dropped(x, pass), pass)
    for pair in pairs {
      addProduct(
        inner.block(0..<x.rows, pair.ranks), by: pair.forward, to: y.block(0..<x.rows, pair.columns))
    }
  }

  /// The same where what the layer makes is in single precision.
  func apply(_ x: Matrix<Scalar>, addingExactlyTo y: Matrix<Float>, _ pass: PassContext) {
    let mark = pass.workspace.mark
    defer { pass.workspace.release(to: mark) }
    let inner = inner(dropped(x, pass), pass)
    for pair in pairs {
      multiply(
        inner.block(0..<x.rows, pair.ranks), by: pair.forward, into: y.block(0..<x.rows, pair.columns),
        accumulating: true)
    }
  }

  /// `v`: the gradient by `u/s`, times the scale. `[rows, ranks]`, from `pass.workspace`.
  func slopes(_ dy: Matrix<Scalar>, _ pass: PassContext) -> Matrix<Scalar> {
    let slopes: Matrix<Scalar> = pass.workspace.matrix(dy.rows, values.rows)
    let mark = pass.workspace.mark
    defer { pass.workspace.release(to: mark) }
    let exact: Matrix<Float> = pass.workspace.matrix(dy.rows, values.rows)
    for pair in pairs {
      multiply(
        dy.block(0..<dy.rows, pair.columns), by: pair.backward, into: exact.block(0..<dy.rows, pair.ranks))
    }
    storeRows(exact, times: scale, into: slopes)
    return slopes
  }

  /// Adds the gradient by what the layers were given.
  func addInputGradient(_ slopes: Matrix<Scalar>, to dx: Matrix<Scalar>, _ pass: PassContext) {
    addProduct(slopes, by: backward, to: dx, dropping: pass.dropout?.rows(layer: place))
  }

  /// Adds the gradients by A and B.
  func addGradients(
    _ dy: Matrix<Scalar>, _ slopes: Matrix<Scalar>, _ x: Matrix<Scalar>,
    to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) {
    let mark = pass.workspace.mark
    defer { pass.workspace.release(to: mark) }
    let x = dropped(x, pass)
    let down = gradients.target(for: names)
    multiply(
      slopes, transposed: true, by: x, into: Matrix(down.values, rows: values.rows, columns: values.columns),
      accumulating: down.isBegun, precision)
    let inner = inner(x, pass)
    for pair in pairs {
      let up = gradients.target(for: [pair.name])
      multiply(
        dy.block(0..<dy.rows, pair.columns), transposed: true, by: inner.block(0..<x.rows, pair.ranks),
        into: Matrix(up.values, rows: pair.values.rows, columns: pair.values.columns),
        accumulating: up.isBegun, precision)
    }
  }

  /// `u`. `[rows, ranks]`
  private func inner(_ x: Matrix<Scalar>, _ pass: PassContext) -> Matrix<Scalar> {
    let inner: Matrix<Scalar> = pass.workspace.matrix(x.rows, values.rows)
    let exact: Matrix<Float> = pass.workspace.matrix(x.rows, values.rows)
    multiply(x, by: forward, into: exact)
    storeRows(exact, times: scale, into: inner)
    return inner
  }

  /// `x` with some elements left out and the others enlarged, where there is dropout.
  private func dropped(_ x: Matrix<Scalar>, _ pass: PassContext) -> Matrix<Scalar> {
    guard let dropout = pass.dropout?.rows(layer: place) else { return x }
    let kept: Matrix<Scalar> = pass.workspace.matrix(x.rows, x.columns)
    dropRows(x, dropout, into: kept)
    return kept
  }
}

/// The pairs of one block, by what they are given.
struct AdaptedBlock<Scalar: ActivationScalar>: Sendable {
  private var groups: [[LowRankGroup<Scalar>]] = AdaptableLayer.Input.allCases.map { _ in [] }

  /// The pairs beside the layers with that input.
  subscript(input: AdaptableLayer.Input) -> [LowRankGroup<Scalar>] {
    get { groups[input.rawValue] }
    set { groups[input.rawValue] = newValue }
  }

  /// Adds the pairs' part to what the layers make of `x`.
  func apply(
    _ input: AdaptableLayer.Input, _ x: Matrix<Scalar>, addingTo y: Matrix<Scalar>, _ pass: PassContext
  ) {
    for group in self[input] { group.apply(x, addingTo: y, pass) }
  }

  /// The same where what the layers make is in single precision.
  func apply(
    _ input: AdaptableLayer.Input, _ x: Matrix<Scalar>, addingExactlyTo y: Matrix<Float>, _ pass: PassContext
  ) {
    for group in self[input] { group.apply(x, addingExactlyTo: y, pass) }
  }

  /// What the other two need of the gradient by the layers' results: a matrix for each group.
  func slopes(_ input: AdaptableLayer.Input, _ dy: Matrix<Scalar>, _ pass: PassContext) -> [Matrix<Scalar>] {
    self[input].map { $0.slopes(dy, pass) }
  }

  /// Adds the gradient by what the layers were given.
  func addInputGradient(
    _ input: AdaptableLayer.Input, _ slopes: [Matrix<Scalar>], to dx: Matrix<Scalar>, _ pass: PassContext
  ) {
    for (group, slopes) in zip(self[input], slopes) { group.addInputGradient(slopes, to: dx, pass) }
  }

  /// Adds the gradients by the pairs.
  func addGradients(
    _ input: AdaptableLayer.Input, _ dy: Matrix<Scalar>, _ slopes: [Matrix<Scalar>], _ x: Matrix<Scalar>,
    to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) {
    for (group, slopes) in zip(self[input], slopes) {
      group.addGradients(dy, slopes, x, to: gradients, pass)
    }
  }

  /// Every pair.
  var all: [LowRankGroup<Scalar>] { groups.flatMap { $0 } }
}

/// An adapter's weights as products take them.
protocol AdapterLayout: Sendable {
  /// Lays the weights out again, after they moved.
  func parametersChanged()
}

/// The pairs of all blocks, laid out for activations of one type.
struct AdaptedBlocks<Scalar: ActivationScalar>: AdapterLayout {
  private(set) var blocks: [AdaptedBlock<Scalar>]

  /// Lays out `adapter`.
  init(_ adapter: LowRankAdapter, layerCount: Int, _ precision: ProductPrecision) {
    blocks = (0..<layerCount).map { _ in AdaptedBlock() }
    for group in adapter.groups {
      let all = 0..<group.pairs.count
      // With dropout, each layer is given something else.
      let parts = adapter.options.dropout > 0 ? all.map { $0..<$0 + 1 } : [all]
      blocks[group.block][group.input] += parts.map { LowRankGroup(group, $0, precision) }
    }
  }

  func parametersChanged() {
    for block in blocks { for group in block.all { group.parametersChanged() } }
  }
}
