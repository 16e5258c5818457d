// Many scalars to fewer: sums, means, and the logarithm of a sum of exponentials.

import VectorKernels

extension Tensor {
  /// The sum of all scalars, of shape `[]`. Summed in double precision, in order.
  public func sum() -> Tensor { reshaped([count]).sum(axis: 0) }

  /// The mean of all scalars, of shape `[]`; 0 where there are none.
  public func mean() -> Tensor { sum() / Double(max(1, count)) }

  /// Sums over the last axis: `[…, T]` to `[…]`.
  public func sumOverLastAxis() -> Tensor { sum(axis: -1) }

  /// The mean over one axis, which disappears; 0 where it is empty.
  public func mean(axis: Int) -> Tensor {
    sum(axis: axis) / Double(max(1, AxisWalk("mean", shape, axis: axis).extent))
  }

  /// The sum over one axis, which disappears; negative axes count from the end.
  ///
  /// Summed in double precision, in order.
  public func sum(axis: Int) -> Tensor {
    switch storage {
    case .float32(let x): summed(x, AxisWalk("sum", shape, axis: axis))
    case .float64(let x): summed(x, AxisWalk("sum", shape, axis: axis))
    }
  }

  @inline(__always)
  private func summed<Scalar: TensorScalar>(_ x: AlignedBuffer<Scalar>, _ walk: AxisWalk) -> Tensor {
    let result = AlignedBuffer<Scalar>.unwritten(walk.outer * walk.inner)
    if walk.inner == 1, walk.outer == 1 {
      result.base[0] = Scalar(rounding: Scalar.sum(x))
    } else {
      forEachRange(of: walk.outer, cost: walk.extent * walk.inner) { range in
        for o in range {
          for i in 0..<walk.inner {
            let from = x.base + (o * walk.extent * walk.inner + i)
            var total = 0.0
            for k in 0..<walk.extent { total += from[k * walk.inner].double }
            result.base[o * walk.inner + i] = Scalar(rounding: total)
          }
        }
      }
    }
    return Tensor(
      Scalar.storage(result), shape: walk.reduced,
      node: node.map { input in
        GradientNode(
          result.count, scalarType,
          [.init(input, making: { .spreading($0, walk, count: x.count, as: Scalar.self) })])
      })
  }

  /// The running sum along the last axis: place `t` holds the sum of places `0…t`. Same shape.
  public func cumulativeSumOverLastAxis() -> Tensor {
    let width = shape.last ?? 1
    let rows = width == 0 ? 0 : count / width
    let x = storage.doubles
    var result = x
    for r in 0..<rows {
      for t in 1..<max(1, width) { result[r * width + t] += result[r * width + t - 1] }
    }
    return Tensor(
      TensorStorage(result).converted(to: scalarType), shape: shape,
      node: node.map { input in
        GradientNode(
          count, scalarType,
          [
            .init(input) { upstream, sum in
              var g = upstream.doubles
              for r in 0..<rows {
                for t in stride(from: width - 2, through: 0, by: -1) {
                  g[r * width + t] += g[r * width + t + 1]
                }
              }
              sum.add(TensorStorage(g))
            }
          ])
      })
  }
}

/// `log Σ_i exp x_i` over all scalars, without overflow; of shape `[]`. −∞ for an empty sum.
public func logSumExp(_ x: Tensor) -> Tensor { logSumExp(x.reshaped([x.count]), axis: 0) }

/// `log Σ_i exp x_i` over one axis, which disappears, without overflow. −∞ for an empty sum.
public func logSumExp(_ x: Tensor, axis: Int) -> Tensor {
  let walk = AxisWalk("logSumExp", x.shape, axis: axis)
  let scalars = x.storage.doubles
  var result = [Double](repeating: -.infinity, count: walk.outer * walk.inner)
  for o in 0..<walk.outer {
    for i in 0..<walk.inner {
      let start = o * walk.extent * walk.inner + i
      var top = -Double.infinity
      for k in 0..<walk.extent {
        let value = scalars[start + k * walk.inner]
        top = value > top || value.isNaN ? value : top
        if top.isNaN { break }
      }
      guard top.isFinite else {
        result[o * walk.inner + i] = top
        continue
      }
      var total = 0.0
      for k in 0..<walk.extent { total += Elementary.exp(scalars[start + k * walk.inner] - top) }
      result[o * walk.inner + i] = top + Elementary.log(total)
    }
  }
  let exact = result
  return Tensor(
    TensorStorage(result).converted(to: x.scalarType), shape: walk.reduced,
    node: x.node.map { input in
      GradientNode(
        exact.count, x.scalarType,
        [
          .init(input) { upstream, sum in
            let more = AlignedBuffer<Double>.zeros(scalars.count)
            for o in 0..<walk.outer {
              for i in 0..<walk.inner {
                let place = o * walk.inner + i
                let g = upstream[place]
                guard g != 0, exact[place] > -.infinity else { continue }
                for k in 0..<walk.extent {
                  let j = (o * walk.extent + k) * walk.inner + i
                  more.base[j] = g * Elementary.exp(scalars[j] - exact[place])
                }
              }
            }
            sum.add(.float64(more))
          }
        ])
    })
}

extension Cotangent {
  /// The way back through a sum: every summand gets its sum's number.
  @inline(__always)
  fileprivate static func spreading<Scalar: TensorScalar>(
    _ upstream: Cotangent, _ walk: AxisWalk, count: Int, as scalar: Scalar.Type
  ) -> Cotangent {
    let type = upstream.scalarType
    if case .uniform(let value, _, _) = upstream { return .uniform(value, count: count, type) }
    let g = Scalar.buffer(of: upstream.storage)
    if g.count == 1 { return .uniform(g.base[0].double, count: count, type) }
    let result = AlignedBuffer<Scalar>.unwritten(count)
    forEachRange(of: walk.outer * walk.extent, cost: walk.inner) { range in
      for row in range {
        let from = g.base + row / walk.extent * walk.inner
        (result.base + row * walk.inner).update(from: from, count: walk.inner)
      }
    }
    return .dense(Scalar.storage(result))
  }
}
