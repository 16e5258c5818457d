// Picking scalars by place: rows, columns, one of each row, and joining tensors end to end.

import VectorKernels

extension Tensor {
  /// The given rows of the first axis, in the given order; a row may come more than once.
  ///
  /// - Precondition: the tensor has an axis, and every index is one of its rows.
  public func rows(_ indices: [Int]) -> Tensor {
    precondition(!shape.isEmpty, "rows: a single scalar has no rows")
    let width = shape.dropFirst().reduce(1, *)
    requireIndices(indices, below: shape[0], "rows")
    let places = width == 1 ? indices : indices.flatMap { ($0 * width)..<(($0 + 1) * width) }
    return picked(places, shape: [indices.count] + shape.dropFirst())
  }

  /// The given columns of the last axis, in the given order: `[…, T]` to `[…, indices.count]`.
  ///
  /// - Precondition: the tensor has an axis, and every index is one of its columns.
  public func columns(_ indices: [Int]) -> Tensor {
    guard let width = shape.last else { preconditionFailure("columns: a single scalar has no columns") }
    requireIndices(indices, below: width, "columns")
    let rows = width == 0 ? 0 : count / width
    let places = (0..<rows).flatMap { row in indices.map { row * width + $0 } }
    return picked(places, shape: shape.dropLast() + [indices.count])
  }

  /// One scalar of each row of the last axis: `[…, T]` with one index for each row to `[…]`.
  ///
  /// - Precondition: there are as many indices as rows, and each is one of the columns.
  public func gathered(_ indices: [Int]) -> Tensor {
    guard let width = shape.last else { preconditionFailure("gathered: a single scalar has no columns") }
    let rows = shape.dropLast().reduce(1, *)
    precondition(
      indices.count == rows, "gathered: \(indices.count) indices for \(rows) rows of shape \(shape)")
    requireIndices(indices, below: width, "gathered")
    return picked(indices.enumerated().map { $0 * width + $1 }, shape: Array(shape.dropLast()))
  }

  private func requireIndices(_ indices: [Int], below limit: Int, _ operation: String) {
    for index in indices where index < 0 || index >= limit {
      preconditionFailure("\(operation): index \(index) is outside 0..<\(limit) of shape \(shape)")
    }
  }

  /// The scalars at the given places of the row-major order.
  func picked(_ places: [Int], shape: [Int]) -> Tensor {
    let result = TensorStorage(zeros: places.count, scalarType)
    switch (storage, result) {
    case (.float32(let x), .float32(let y)): for (k, i) in places.enumerated() { y.base[k] = x.base[i] }
    case (.float64(let x), .float64(let y)): for (k, i) in places.enumerated() { y.base[k] = x.base[i] }
    default: preconditionFailure("picked: the result has another format")
    }
    return Tensor(
      result, shape: shape,
      node: node.map { input in
        GradientNode(
          places.count, scalarType,
          [
            .init(input) { upstream, sum in
              switch (upstream, sum) {
              case (.float32(let g), .float32(let s)):
                for (k, i) in places.enumerated() { s.base[i] += g.base[k] }
              case (.float64(let g), .float64(let s)):
                for (k, i) in places.enumerated() { s.base[i] += g.base[k] }
              default: preconditionFailure("picked: the gradient has another format")
              }
            }
          ])
      })
  }

  /// `parts` end to end along one axis, in the widest format among them.
  ///
  /// - Precondition: there is at least one, and their other extents agree.
  public static func concatenated(_ parts: [Tensor], axis: Int = 0) -> Tensor {
    guard let first = parts.first else { preconditionFailure("concatenated: nothing to join") }
    let type = parts.map(\.scalarType).reduce(.float32, ScalarType.wider)
    let walks = parts.map { part in
      let walk = AxisWalk("concatenated", part.shape, axis: axis)
      precondition(
        part.shape.count == first.shape.count
          && walk.reduced == AxisWalk("concatenated", first.shape, axis: axis).reduced,
        "concatenated: shapes \(first.shape) and \(part.shape) differ outside axis \(axis)")
      return walk
    }
    let extent = walks.reduce(0) { $0 + $1.extent }
    let (outer, inner) = (walks[0].outer, walks[0].inner)
    let result = AlignedBuffer<Double>.zeros(outer * extent * inner)
    var edges: [GradientNode.Edge] = []
    var start = 0
    for (part, walk) in zip(parts, walks) {
      let (x, width, offset) = (Double.buffer(of: part.storage), walk.extent * inner, start * inner)
      for o in 0..<outer {
        for i in 0..<width { result.base[o * extent * inner + offset + i] = x.base[o * width + i] }
      }
      if let input = part.node {
        edges.append(
          .init(input) { upstream, sum in
            let (g, more) = (Double.buffer(of: upstream), AlignedBuffer<Double>.zeros(x.count))
            for o in 0..<outer {
              for i in 0..<width { more.base[o * width + i] = g.base[o * extent * inner + offset + i] }
            }
            sum.add(.float64(more))
          })
      }
      start += walk.extent
    }
    var shape = first.shape
    shape[axis < 0 ? axis + shape.count : axis] = extent
    return Tensor(
      TensorStorage.float64(result).converted(to: type), shape: shape,
      node: edges.isEmpty ? nil : GradientNode(result.count, type, edges))
  }

  /// `parts` of one shape along a new first axis: K of shape `[…]` to `[K, …]`.
  ///
  /// - Precondition: there is at least one, and their shapes agree.
  public static func stacked(_ parts: [Tensor]) -> Tensor {
    guard let first = parts.first else { preconditionFailure("stacked: nothing to join") }
    for part in parts {
      precondition(part.shape == first.shape, "stacked: shapes \(first.shape) and \(part.shape) differ")
    }
    return concatenated(parts.map { $0.reshaped([1] + first.shape) })
  }
}
