// Small linear algebra: products of matrices and vectors that fit a loss, not a model.

import VectorKernels

extension Tensor {
  /// The matrix with its axes changed about: `[M, N]` to `[N, M]`.
  public func transposed() -> Tensor {
    precondition(shape.count == 2, "transposed: shape \(shape) is not a matrix's")
    let (rows, columns) = (shape[0], shape[1])
    let places = (0..<columns).flatMap { column in (0..<rows).map { $0 * columns + column } }
    return picked(places, shape: [columns, rows])
  }
}

/// The matrix product, `[M, K] · [K, N]` to `[M, N]`, summed in double precision.
public func matrixProduct(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(
    a.shape.count == 2 && b.shape.count == 2 && a.shape[1] == b.shape[0],
    "matrixProduct: shapes \(a.shape) and \(b.shape) do not fit")
  let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1])
  let type = ScalarType.wider(a.scalarType, b.scalarType)
  let (x, y) = (Double.buffer(of: a.storage), Double.buffer(of: b.storage))
  let result = AlignedBuffer<Double>.zeros(m * n)
  for i in 0..<m {
    for j in 0..<k {
      let factor = x.base[i * k + j]
      for c in 0..<n { result.base[i * n + c] += factor * y.base[j * n + c] }
    }
  }
  var edges: [GradientNode.Edge] = []
  if let input = a.node {
    edges.append(
      .init(input) { upstream, sum in
        let (g, more) = (Double.buffer(of: upstream), AlignedBuffer<Double>.zeros(m * k))
        for i in 0..<m {
          for j in 0..<k {
            for c in 0..<n { more.base[i * k + j] += g.base[i * n + c] * y.base[j * n + c] }
          }
        }
        sum.add(.float64(more))
      })
  }
  if let input = b.node {
    edges.append(
      .init(input) { upstream, sum in
        let (g, more) = (Double.buffer(of: upstream), AlignedBuffer<Double>.zeros(k * n))
        for i in 0..<m {
          for j in 0..<k {
            let factor = x.base[i * k + j]
            for c in 0..<n { more.base[j * n + c] += factor * g.base[i * n + c] }
          }
        }
        sum.add(.float64(more))
      })
  }
  return Tensor(
    TensorStorage.float64(result).converted(to: type), shape: [m, n],
    node: edges.isEmpty ? nil : GradientNode(m * n, type, edges))
}

/// Every product of a scalar of `a` and one of `b`: `[M]` and `[N]` to `[M, N]`.
public func outer(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(
    a.shape.count == 1 && b.shape.count == 1, "outer: shapes \(a.shape) and \(b.shape) are not vectors'")
  return a.reshaped([a.count, 1]) * b.reshaped([1, b.count])
}
