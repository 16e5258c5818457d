// Attention backwards: weights are computed again block by block, never kept.

import VectorKernels

extension Attention {
  /// Writes the gradients by queries, keys and values.
  ///
  /// With `P = softmax(scale·Q·Kᵀ)` and `O = P·V`,
  ///
  ///     dV = Pᵀ·dO     dS = scale·P∘(dP − Σ P∘dP),  dP = dO·Vᵀ     dQ = dS·K     dK = dSᵀ·Q
  ///
  /// - Shapes: each gradient is of its operand's shape, contiguous; `upstream` is of `queries`'.
  func pullBack(
    upstream: Matrix<Float>, queries: Matrix<Float>, keys: Matrix<Float>, values: Matrix<Float>,
    queryGradient: Matrix<Float>, keyGradient: Matrix<Float>, valueGradient: Matrix<Float>,
    _ layout: RaggedLayout, _ workspace: Workspace
  ) {
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let scores = scoreBuffers(layout, workspace)
    let slopes = scoreBuffers(layout, workspace)
    // Several blocks add to the same keys; all of them belong to one task.
    clear(keyGradient.buffer)
    clear(valueGradient.buffer)
    forEachTask(layout) { group, head, slot in
      forEachBlock(of: layout.groups[group], keyValueHead: head) { block in
        let shares = probabilities(block, queries: queries, keys: keys, in: scores[slot])
        let slope = split(slopes[slot], block)
        let dO = upstream.block(block.queryRows, block.queryColumns)
        let q = queries.block(block.queryRows, block.queryColumns)
        let dQ = queryGradient.block(block.queryRows, block.queryColumns)
        if let prefix = slope.prefix {
          multiply(
            dO, transposed: false, by: values.block(block.prefix, block.keyColumns), transposed: true,
            into: prefix)
        }
        multiply(
          dO, transposed: false, by: values.block(block.own, block.keyColumns), transposed: true,
          into: slope.own)
        softmaxRowsGradient(probabilities: shares.all, upstream: slope.all, scale: scale, into: slope.all)
        multiply(slope.own, by: keys.block(block.own, block.keyColumns), into: dQ)
        add(shares.own, slope.own, block.own)
        if let prefix = shares.prefix, let slope = slope.prefix {
          multiply(slope, by: keys.block(block.prefix, block.keyColumns), into: dQ, accumulating: true)
          add(prefix, slope, block.prefix)
        }
        func add(_ share: Matrix<Float>, _ slope: Matrix<Float>, _ rows: Range<Int>) {
          multiply(
            share, transposed: true, by: dO, into: valueGradient.block(rows, block.keyColumns),
            accumulating: true)
          multiply(
            slope, transposed: true, by: q, into: keyGradient.block(rows, block.keyColumns),
            accumulating: true)
        }
      }
    }
  }
}
