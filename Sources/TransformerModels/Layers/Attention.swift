// Causal attention over ragged segments: each sees its prefix and itself, nobody sees padding.

import VectorKernels

/// The measures of grouped-query attention.
struct Attention: Sendable {
  let headCount: Int
  let keyValueHeadCount: Int
  let headWidth: Int

  /// Rows of scores held at a time. Causal rows of a block see at most this many columns in vain.
  static let blockRows = 64

  /// How many score buffers exist at once, each used by one task after another.
  static let slots = 16

  /// `1/√headWidth`.
  var scale: Float { 1 / Float(headWidth).squareRoot() }

  /// One block of query rows of one head, with what it sees.
  struct Block: Sendable {
    let queryRows: Range<Int>, queryColumns: Range<Int>, keyColumns: Range<Int>
    let prefix: Range<Int>, own: Range<Int>
    /// How many columns the first row sees.
    let visible: Int
    var columns: Int { prefix.count + own.count }
  }

  /// Calls `body` with the blocks of one group and one key/value head, in a fixed order.
  func forEachBlock(of segments: [RaggedLayout.Segment], keyValueHead: Int, _ body: (Block) -> Void) {
    let share = headCount / keyValueHeadCount
    let keyColumns = keyValueHead * headWidth..<(keyValueHead + 1) * headWidth
    for segment in segments {
      for head in keyValueHead * share..<(keyValueHead + 1) * share {
        var start = 0
        while start < segment.queries.count {
          let end = min(start + Self.blockRows, segment.queries.count)
          let first = segment.queries.lowerBound
          body(
            Block(
              queryRows: first + start..<first + end,
              queryColumns: head * headWidth..<(head + 1) * headWidth, keyColumns: keyColumns,
              prefix: segment.prefix, own: segment.own.lowerBound..<segment.own.lowerBound + end,
              visible: segment.prefix.count + start + 1))
          start = end
        }
      }
    }
  }

  /// Calls `body(group, key/value head, slot)` for all of them, in parallel; a slot is never used twice at once.
  func forEachTask(_ layout: RaggedLayout, _ body: @Sendable (Int, Int, Int) -> Void) {
    let tasks = layout.groups.count * keyValueHeadCount
    let slots = min(tasks, Self.slots)
    KernelPool.shared.parallel(slots) { slot in
      var task = slot
      while task < tasks {
        body(task / keyValueHeadCount, task % keyValueHeadCount, slot)
        task += slots
      }
    }
  }

  /// Score buffers for ``forEachTask(_:_:)``, one a slot.
  func scoreBuffers(_ layout: RaggedLayout, _ workspace: Workspace) -> [Matrix<Float>] {
    let slots = min(layout.groups.count * keyValueHeadCount, Self.slots)
    // Rows start on 64-byte boundaries.
    let columns = (layout.longestView + 15) / 16 * 16
    return (0..<slots).map { _ in workspace.matrix(Self.blockRows, columns) }
  }

  /// Writes each head's mixture of values.
  ///
  /// - Shapes: `queries` and `mixed` `[rows, headCount·headWidth]`; `keys` and `values`
  ///   `[…, keyValueHeadCount·headWidth]`, rows as the layout's segments count them.
  func apply(
    queries: Matrix<Float>, keys: Matrix<Float>, values: Matrix<Float>, into mixed: Matrix<Float>,
    _ layout: RaggedLayout, _ workspace: Workspace
  ) {
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let scores = scoreBuffers(layout, workspace)
    forEachTask(layout) { group, head, slot in
      forEachBlock(of: layout.groups[group], keyValueHead: head) { block in
        let shares = probabilities(block, queries: queries, keys: keys, in: scores[slot])
        let target = mixed.block(block.queryRows, block.queryColumns)
        multiply(shares.own, by: values.block(block.own, block.keyColumns), into: target)
        if let prefix = shares.prefix {
          multiply(prefix, by: values.block(block.prefix, block.keyColumns), into: target, accumulating: true)
        }
      }
    }
  }

  /// One block's attention weights: the part on the prefix, the part on the segment itself, and both as one.
  func probabilities(
    _ block: Block, queries: Matrix<Float>, keys: Matrix<Float>, in scores: Matrix<Float>
  ) -> (prefix: Matrix<Float>?, own: Matrix<Float>, all: Matrix<Float>) {
    let q = queries.block(block.queryRows, block.queryColumns)
    let parts = split(scores, block)
    if let prefix = parts.prefix {
      multiply(
        q, transposed: false, by: keys.block(block.prefix, block.keyColumns), transposed: true, into: prefix)
    }
    multiply(
      q, transposed: false, by: keys.block(block.own, block.keyColumns), transposed: true, into: parts.own)
    softmaxRows(scores: parts.all, scale: scale, visible: block.visible)
    return parts
  }

  /// The windows of a score buffer that a block uses.
  func split(
    _ scores: Matrix<Float>, _ block: Block
  ) -> (prefix: Matrix<Float>?, own: Matrix<Float>, all: Matrix<Float>) {
    let rows = 0..<block.queryRows.count
    return (
      block.prefix.isEmpty ? nil : scores.block(rows, 0..<block.prefix.count),
      scores.block(rows, block.prefix.count..<block.columns), scores.block(rows, 0..<block.columns)
    )
  }
}
