// Rows that end before their padding: sums over, and joins of, what comes before it.

import VectorKernels

extension Tensor {
  /// `number` in the first `counts[n]` places of each row, 0 behind them: `[N, width]`, rounded to the format.
  ///
  /// Rows are asked for on several threads at once, in no particular order.
  /// - Precondition: no count is below 0 or above `width`.
  public static func ragged(
    _ counts: [Int], width: Int, as type: ScalarType,
    _ number: @Sendable (_ row: Int, _ place: Int) -> Double
  ) -> Tensor {
    let shape = [counts.count, width]
    return switch type {
    case .float32:
      Tensor(.float32(.filled(counts, width, number)), shape: shape, node: nil)
    case .float64: Tensor(.float64(.filled(counts, width, number)), shape: shape, node: nil)
    }
  }

  /// The sum of the first `counts[n]` scalars of each row, `[N, T]` to `[N]`, whatever stands behind them.
  ///
  /// Always in double precision: a sum over a long row has more digits than its scalars. The gradient returns in
  /// this tensor's own format, 0 behind the first `counts[n]`.
  ///
  /// - Precondition: the tensor is a matrix, with one count of at most `T` for each row.
  public func sumOfFirst(_ counts: [Int]) -> Tensor {
    requireRagged(counts, rows: shape.first ?? 0, "sumOfFirst")
    switch storage {
    case .float32(let x): return summedOfFirst(counts, x)
    case .float64(let x): return summedOfFirst(counts, x)
    }
  }

  @inline(__always)
  private func summedOfFirst<Scalar: TensorScalar>(_ counts: [Int], _ x: AlignedBuffer<Scalar>) -> Tensor {
    let (sums, width) = (AlignedBuffer<Double>.unwritten(counts.count), shape[1])
    Scalar.sumRows(x, width: width, counts: counts, into: sums)
    return Tensor(
      .float64(sums), shape: [counts.count],
      node: node.map { input in
        GradientNode(
          counts.count, .float64,
          [.init(input, making: { .dense(Scalar.storage(.repeating($0, counts, width: width))) })])
      })
  }

  /// The weighted sum of the first `counts[n]` scalars of each row, `[N, T]` to `[N]`, in double precision.
  ///
  /// One walk over both, where a product would write `[N, T]` anew, forwards and backwards. Nothing behind the first
  /// `counts[n]` is read. Weights of shape `[T]` are those of every row.
  ///
  /// - Precondition: the tensor is a matrix, with one count of at most `T` for each row, and `weights` has its shape
  ///   or that of a row.
  public func sumOfFirst(_ counts: [Int], weightedBy weights: Tensor) -> Tensor {
    requireRagged(counts, rows: shape.first ?? 0, "sumOfFirst")
    precondition(
      weights.shape == shape || weights.shape == [shape[1]],
      "sumOfFirst: weights of shape \(weights.shape) for shape \(shape)")
    if weights.node != nil { return (weights * self).sumOfFirst(counts) }
    let step = weights.shape.count == 1 ? 0 : shape[1]
    return switch (storage, weights.storage) {
    case (.float32(let x), .float32(let w)): summedOfFirst(counts, x, RowFactors(w, step))
    case (.float32(let x), .float64(let w)): summedOfFirst(counts, x, RowFactors(w, step))
    case (.float64(let x), .float32(let w)): summedOfFirst(counts, x, RowFactors(w, step))
    case (.float64(let x), .float64(let w)): summedOfFirst(counts, x, RowFactors(w, step))
    }
  }

  @inline(__always)
  private func summedOfFirst<Scalar: TensorScalar, Factor: TensorScalar>(
    _ counts: [Int], _ x: AlignedBuffer<Scalar>, _ factors: RowFactors<Factor>
  ) -> Tensor {
    let (sums, width) = (AlignedBuffer<Double>.unwritten(counts.count), shape[1])
    forEachRange(of: counts.count, cost: width) { range in
      for row in range {
        let (line, weights, count) = (x.base + row * width, factors.row(row), counts[row])
        // Four sums at once: an addition need not wait for the one before.
        var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
        var t = 0
        while t + 4 <= count {
          a += weights[t].double * line[t].double
          b += weights[t + 1].double * line[t + 1].double
          c += weights[t + 2].double * line[t + 2].double
          d += weights[t + 3].double * line[t + 3].double
          t += 4
        }
        while t < count {
          a += weights[t].double * line[t].double
          t += 1
        }
        sums.base[row] = (a + b) + (c + d)
      }
    }
    return Tensor(
      .float64(sums), shape: [counts.count],
      node: node.map { input in
        GradientNode(
          counts.count, .float64,
          [
            .init(
              input,
              making: { .dense(Scalar.storage(.spreading($0, counts, over: factors, width: width))) })
          ])
      })
  }

  /// The first `counts[i]` scalars of each of the given rows end to end: `[N, T]` to `[Σ counts]`.
  ///
  /// - Precondition: the tensor is a matrix, with one count of at most `T` for each of `rows`; no row comes twice.
  public func joiningFirst(_ counts: [Int], ofRows rows: [Int]) -> Tensor {
    requireRagged(counts, rows: rows.count, "joiningFirst")
    var starts = [Int](repeating: -1, count: shape[0])
    var total = 0
    for (row, count) in zip(rows, counts) {
      precondition(
        row >= 0 && row < shape[0], "joiningFirst: row \(row) is outside 0..<\(shape[0]) of shape \(shape)")
      precondition(starts[row] < 0, "joiningFirst: row \(row) comes twice")
      starts[row] = total
      total += count
    }
    switch storage {
    case .float32(let x): return joined(x, rows, counts, starts, total)
    case .float64(let x): return joined(x, rows, counts, starts, total)
    }
  }

  @inline(__always)
  private func joined<Scalar: TensorScalar>(
    _ x: AlignedBuffer<Scalar>, _ rows: [Int], _ counts: [Int], _ starts: [Int], _ total: Int
  ) -> Tensor {
    let (result, width) = (AlignedBuffer<Scalar>.unwritten(total), shape[1])
    forEachRange(of: rows.count, cost: width) { range in
      for i in range {
        (result.base + starts[rows[i]]).update(from: x.base + rows[i] * width, count: counts[i])
      }
    }
    guard let input = node else { return Tensor(Scalar.storage(result), shape: [total], node: nil) }
    var lengths = [Int](repeating: 0, count: shape[0])
    for (row, count) in zip(rows, counts) { lengths[row] = count }
    let kept = lengths
    return Tensor(
      Scalar.storage(result), shape: [total],
      node: GradientNode(
        total, scalarType,
        [
          .init(
            input,
            making: { .dense(Scalar.storage(.scattering($0, kept, from: starts, width: width))) })
        ]))
  }

  private func requireRagged(_ counts: [Int], rows: Int, _ operation: String) {
    precondition(shape.count == 2, "\(operation): shape \(shape) is not a matrix's")
    precondition(counts.count == rows, "\(operation): \(counts.count) counts for \(rows) rows")
    for count in counts where count < 0 || count > shape[1] {
      preconditionFailure("\(operation): the first \(count) scalars of rows of shape \(shape)")
    }
  }
}

/// Weights of the scalars of rows: a row of them for each, or one for all.
private struct RowFactors<Scalar: TensorScalar>: Sendable {
  private let weights: AlignedBuffer<Scalar>
  /// How far the weights of one row are from those of the next.
  private let step: Int

  init(_ weights: AlignedBuffer<Scalar>, _ step: Int) { (self.weights, self.step) = (weights, step) }

  @inline(__always)
  func row(_ row: Int) -> UnsafeMutablePointer<Scalar> { weights.base + row * step }
}

extension AlignedBuffer where Scalar: TensorScalar {
  /// What `number` says in the first `counts[n]` places of each row, 0 behind them.
  @inline(__always)
  fileprivate static func filled(
    _ counts: [Int], _ width: Int, _ number: @Sendable (_ row: Int, _ place: Int) -> Double
  ) -> AlignedBuffer {
    let result = unwritten(counts.count * width)
    forEachRange(of: counts.count, cost: width) { range in
      for row in range {
        let (line, count) = (result.base + row * width, counts[row])
        precondition(count >= 0 && count <= width, "ragged: \(count) scalars in rows of \(width)")
        for place in 0..<count { line[place] = Scalar(rounding: number(row, place)) }
        (line + count).update(repeating: 0, count: width - count)
      }
    }
    return result
  }

  /// Each row's number in its first `counts[n]` places, 0 behind them.
  fileprivate static func repeating(_ rows: Cotangent, _ counts: [Int], width: Int) -> AlignedBuffer {
    let (g, result) = (Double.buffer(of: rows.storage), unwritten(counts.count * width))
    forEachRange(of: counts.count, cost: width) { range in
      for row in range {
        let (line, count) = (result.base + row * width, counts[row])
        line.update(repeating: Scalar(rounding: g.base[row]), count: count)
        (line + count).update(repeating: 0, count: width - count)
      }
    }
    return result
  }

  /// Each row's number times the weights in its first `counts[n]` places, 0 behind them.
  @inline(__always)
  fileprivate static func spreading<Factor: TensorScalar>(
    _ rows: Cotangent, _ counts: [Int], over weights: RowFactors<Factor>, width: Int
  ) -> AlignedBuffer {
    let (g, result) = (Double.buffer(of: rows.storage), unwritten(counts.count * width))
    forEachRange(of: counts.count, cost: width) { range in
      for row in range {
        let (line, factors, count) = (result.base + row * width, weights.row(row), counts[row])
        let number = g.base[row]
        for t in 0..<count { line[t] = Scalar(rounding: number * factors[t].double) }
        (line + count).update(repeating: 0, count: width - count)
      }
    }
    return result
  }

  /// Numbers that were joined end to end, back in the first `counts[n]` places of their rows, 0 behind them.
  fileprivate static func scattering(
    _ joined: Cotangent, _ counts: [Int], from starts: [Int], width: Int
  ) -> AlignedBuffer {
    let result = unwritten(counts.count * width)
    let written: AlignedBuffer? =
      if case .dense(let storage) = joined { Scalar.buffer(of: storage) } else { nil }
    let same: Scalar = if case .uniform(let value, _, _) = joined { Scalar(rounding: value) } else { 0 }
    forEachRange(of: counts.count, cost: width) { range in
      for row in range {
        let (line, count) = (result.base + row * width, counts[row])
        if let written, count > 0 {
          line.update(from: written.base + starts[row], count: count)
        } else {
          line.update(repeating: same, count: count)
        }
        (line + count).update(repeating: 0, count: width - count)
      }
    }
    return result
  }
}
