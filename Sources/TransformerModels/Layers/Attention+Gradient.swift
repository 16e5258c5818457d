// Attention backwards: weights are computed again block by block, never kept.

import VectorKernels

extension Attention {
  /// Sums of gradients by the keys and values of one task.
  private struct Sums: Sendable {
    let keys: Matrix<Float>, values: Matrix<Float>
  }

  /// Writes the gradients by queries, keys and values.
  ///
  /// With `P = softmax(scale·Q·Kᵀ)` and `O = P·V`,
  ///
  ///     dV = Pᵀ·dO     dS = scale·P∘(dP − Σ P∘dP),  dP = dO·Vᵀ     dQ = dS·K     dK = dSᵀ·Q
  ///
  /// - Shapes: each gradient is of its operand's shape; `upstream` is of `queries`'.
  func pullBack<Scalar: ActivationScalar>(
    upstream: Heads<Scalar>, queries: Heads<Scalar>, keys: Heads<Scalar>, values: Heads<Scalar>,
    queryGradient: Heads<Scalar>, keyGradient: Heads<Scalar>, valueGradient: Heads<Scalar>,
    _ layout: RaggedLayout, _ workspace: Workspace
  ) {
    let lap = PhaseClock.lap(.attention)
    defer { lap.end() }
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let tasks = tasks(layout, isSplit: false)
    // Segments add to the keys of a prefix that they share: each to sums of its own, which are then added in order.
    let sums = tasks.map { task in
      let segment = layout.groups[task.group][task.segment]
      let rows = Self.padded(segment.prefix.count + segment.own.count)
      return Sums(keys: workspace.matrix(rows, headWidth), values: workspace.matrix(rows, headWidth))
    }
    KernelPool.shared.parallel(tasks.count) { index in
      let (task, sums) = (tasks[index], sums[index])
      let segment = layout.groups[task.group][task.segment]
      withScratch(
        scratchCount(task, segment, of: Scalar.self, packed: 3, stacks: 3, scores: cap == nil ? 2 : 3)
      ) { memory in
        pullBack(
          task, segment, upstream: upstream, queries: queries, keys: keys, values: values,
          queryGradient: queryGradient, to: sums, AttentionRoom(memory))
      }
    }
    gather(sums, tasks, layout, keyGradient: keyGradient, valueGradient: valueGradient)
  }

  private func pullBack<Scalar: ActivationScalar>(
    _ task: Task, _ segment: RaggedLayout.Segment, upstream: Heads<Scalar>, queries: Heads<Scalar>,
    keys: Heads<Scalar>, values: Heads<Scalar>, queryGradient: Heads<Scalar>, to sums: Sums,
    _ room: AttentionRoom
  ) {
    var room = room
    clearRows(sums.keys)
    clearRows(sums.values)
    let keys = joined(keys, segment, task.head, &room)
    let values = joined(values, segment, task.head, &room)
    let turnedKeys = room.packed(keys, transposed: true, precision)
    let turnedValues = room.packed(values, transposed: true, precision)
    let packedKeys = room.packed(keys, precision)
    for block in task.blocks {
      var room = room
      let columns = 0..<block.columns
      let stacked = room.stack(queries, block.queries, heads(task.head))
      let slopes = room.stack(upstream, block.queries, heads(task.head))
      let scores: Matrix<Float> = room.scores(stacked.rows, block.columns)
      let weightSlopes: Matrix<Float> = room.scores(stacked.rows, block.columns)
      multiply(
        stacked, by: turnedKeys.leading(rows: headWidth, columns: columns.count),
        into: scores)
      multiply(
        slopes, by: turnedValues.leading(rows: headWidth, columns: columns.count),
        into: weightSlopes)
      let capped = cap.map { cap in
        softCap(scores, scale: scale, cap: cap)
        let kept: Matrix<Float> = room.scores(stacked.rows, block.columns)
        copyRows(scores, into: kept)
        return kept
      }
      let (weights, gradients) = attentionGradients(
        scores, slopes: weightSlopes, scale: cap == nil ? scale : 1, visible: block.visible,
        period: block.queries.count, window: window, as: Scalar.self)
      if let cap, let capped { softCapGradient(gradients, capped: capped, scale: scale, cap: cap) }
      multiply(
        weights, transposed: true, by: slopes, into: sums.values.rows(columns), accumulating: true,
        precision)
      multiply(
        gradients, transposed: true, by: stacked, into: sums.keys.rows(columns), accumulating: true,
        precision)
      let byQueries: Matrix<Scalar> = room.matrix(stacked.rows, headWidth)
      multiply(
        gradients, by: packedKeys.leading(rows: columns.count, columns: headWidth), into: byQueries)
      for (place, head) in heads(task.head).enumerated() {
        let range = place * block.queries.count..<(place + 1) * block.queries.count
        copyRows(byQueries.rows(range), into: queryGradient.block(block.queries, head))
      }
    }
  }

  /// Adds what the segments of a group say of their shared prefix, and stores what keys and values get.
  private func gather<Scalar: ActivationScalar>(
    _ sums: [Sums], _ tasks: [Task], _ layout: RaggedLayout, keyGradient: Heads<Scalar>,
    valueGradient: Heads<Scalar>
  ) {
    // places[group][segment][head] is a task's place.
    var places = layout.groups.map { $0.map { _ in [Int](repeating: 0, count: keyValueHeadCount) } }
    for (place, task) in tasks.enumerated() { places[task.group][task.segment][task.head] = place }
    let found = places
    KernelPool.shared.parallel(layout.groups.count * keyValueHeadCount) { index in
      let (group, head) = index.quotientAndRemainder(dividingBy: keyValueHeadCount)
      let segments = layout.groups[group]
      for (place, segment) in segments.enumerated() {
        let mine = sums[found[group][place][head]]
        let own = segment.prefix.count..<segment.prefix.count + segment.own.count
        for (other, later) in segments.enumerated() where other != place && later.prefix == segment.own {
          let more = sums[found[group][other][head]]
          addRows(more.keys.rows(0..<later.prefix.count), to: mine.keys.rows(own))
          addRows(more.values.rows(0..<later.prefix.count), to: mine.values.rows(own))
        }
        storeRows(mine.keys.rows(own), into: keyGradient.block(segment.own, head))
        storeRows(mine.values.rows(own), into: valueGradient.block(segment.own, head))
      }
    }
  }
}
