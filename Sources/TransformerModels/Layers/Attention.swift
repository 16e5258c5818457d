// Causal attention over ragged segments: each sees its prefix and itself, nobody sees padding.

import VectorKernels

/// Heads as columns of a matrix, of which some may belong to others.
struct Heads<Scalar: ActivationScalar>: Sendable {
  let matrix: Matrix<Scalar>
  /// How wide a head is, and how far apart two begin.
  let width: Int, step: Int

  /// Heads in `matrix`, side by side unless `step` says otherwise.
  init(_ matrix: Matrix<Scalar>, width: Int, step: Int? = nil) {
    (self.matrix, self.width, self.step) = (matrix, width, step ?? width)
  }

  /// The columns of one head.
  func columns(_ head: Int) -> Range<Int> { head * step..<head * step + width }

  /// Some rows of one head.
  func block(_ rows: Range<Int>, _ head: Int) -> Matrix<Scalar> { matrix.block(rows, columns(head)) }
}

/// The measures of grouped-query attention, and attention itself.
///
/// The work is cut into tasks: a segment and a head of keys and values, whose keys and values are laid out once
/// for all the query heads that share them. A task goes through its queries in blocks of rows; the heads of a
/// block stand below each other, and its scores stay in the second-level cache.
struct Attention: Sendable {
  let headCount: Int
  let keyValueHeadCount: Int
  let headWidth: Int
  /// What scores are multiplied by.
  var scale: Float
  /// How many columns back a row sees, its own included; nil for all of them.
  var window: Int?
  /// What scores stay below in size; nil for no limit.
  var cap: Float?
  /// What products take of single precision.
  var precision = ProductPrecision.full
  /// Rows of queries in a block, at most.
  var blockRows = 64

  /// Attention that sees all, scaled by `1/√headWidth`.
  init(headCount: Int, keyValueHeadCount: Int, headWidth: Int) {
    (self.headCount, self.keyValueHeadCount, self.headWidth) = (headCount, keyValueHeadCount, headWidth)
    scale = 1 / Float(headWidth).squareRoot()
  }

  /// The attention of block `layer`.
  init(_ configuration: ModelConfiguration, layer: Int, _ precision: ProductPrecision) {
    self.init(
      headCount: configuration.headCount, keyValueHeadCount: configuration.keyValueHeadCount,
      headWidth: configuration.headWidth)
    scale = configuration.attentionScale(layer: layer)
    window = configuration.window(layer: layer)
    cap = configuration.attentionCap.map { Float($0) }
    self.precision = precision
  }

  /// Scores of a block, at most, unless a block would shrink below `smallestBlock` rows: 1 MiB of them.
  static let blockScores = 1 << 18
  /// Rows of queries in a block, at least.
  static let smallestBlock = 16

  /// How many query heads share a head of keys and values.
  var share: Int { headCount / keyValueHeadCount }

  /// Some blocks of one segment, for one head of keys and values.
  struct Task: Sendable {
    let group: Int, segment: Int, head: Int
    let blocks: [Block]
    /// Scores to be computed.
    var cost: Int { blocks.reduce(0) { $0 + $1.queries.count * $1.columns } }
  }

  /// Some rows of queries and the columns that they see.
  struct Block: Sendable {
    let queries: Range<Int>
    /// How many columns the first row sees; each row sees one more than the row before it.
    let visible: Int
    /// How many columns are computed, in whole tiles; those that no row sees are hidden.
    let columns: Int
  }

  /// `count` rounded up to whole tiles of a product.
  static func padded(_ count: Int) -> Int { (count + 31) / 32 * 32 }

  /// The blocks of a segment, whose bounds depend on nothing but the segment.
  func blocks(of segment: RaggedLayout.Segment) -> [Block] {
    let (prefix, count) = (segment.prefix.count, segment.queries.count)
    let all = prefix + segment.own.count
    var rows = share > 4 ? blockRows / 2 : blockRows
    while rows > Self.smallestBlock, rows * share * all > Self.blockScores { rows /= 2 }
    return stride(from: 0, to: count, by: rows).map { start in
      let end = min(start + rows, count)
      let first = segment.queries.lowerBound
      return Block(
        queries: first + start..<first + end, visible: prefix + start + 1, columns: Self.padded(prefix + end))
    }
  }

  /// The tasks of a batch, the longest first; `isSplit` cuts them until every thread has several.
  func tasks(_ layout: RaggedLayout, isSplit: Bool) -> [Task] {
    let segments = layout.groups.reduce(0) { $0 + $1.count }
    let wanted = 4 * KernelPool.shared.threads
    let parts =
      isSplit ? (wanted + segments * keyValueHeadCount - 1) / max(1, segments * keyValueHeadCount) : 1
    var tasks: [Task] = []
    for (group, segments) in layout.groups.enumerated() {
      for (place, segment) in segments.enumerated() {
        let blocks = blocks(of: segment)
        let size = max(1, (blocks.count + parts - 1) / parts)
        for start in stride(from: 0, to: blocks.count, by: size) {
          let part = Array(blocks[start..<min(start + size, blocks.count)])
          for head in 0..<keyValueHeadCount {
            tasks.append(Task(group: group, segment: place, head: head, blocks: part))
          }
        }
      }
    }
    return tasks.map { (task: $0, cost: $0.cost) }.sorted { $0.cost > $1.cost }.map(\.task)
  }

  /// Writes each head's mixture of values.
  ///
  /// - Shapes: `queries` and `mixed` `[rows, headCount·headWidth]`; `keys` and `values`
  ///   `[…, keyValueHeadCount·headWidth]`, rows as the layout's segments count them.
  func apply<Scalar: ActivationScalar>(
    queries: Heads<Scalar>, keys: Heads<Scalar>, values: Heads<Scalar>, into mixed: Matrix<Scalar>,
    _ layout: RaggedLayout, _ workspace: Workspace
  ) {
    let lap = PhaseClock.lap(.attention)
    defer { lap.end() }
    let tasks = tasks(layout, isSplit: true)
    KernelPool.shared.parallel(tasks.count) { index in
      let task = tasks[index]
      let segment = layout.groups[task.group][task.segment]
      let mixed = Heads(mixed, width: headWidth)
      withScratch(scratchCount(task, segment, of: Scalar.self, packed: 2, stacks: 1, scores: 1)) { memory in
        var room = AttentionRoom(memory)
        let keys = joined(keys, segment, task.head, &room)
        let values = joined(values, segment, task.head, &room)
        let packedKeys = room.packed(keys, transposed: true, precision)
        let packedValues = room.packed(values, precision)
        for block in task.blocks {
          var room = room
          let stacked = room.stack(queries, block.queries, heads(task.head))
          let rows = stacked.rows
          let scores: Matrix<Float> = room.scores(rows, block.columns)
          let sums: Matrix<Float> = room.matrix(rows, headWidth)
          let inverses = room.floats(rows)
          multiply(
            stacked, by: packedKeys.leading(rows: headWidth, columns: block.columns),
            into: scores)
          if let cap { softCap(scores, scale: scale, cap: cap) }
          let weights = attentionWeights(
            scores, scale: cap == nil ? scale : 1, visible: block.visible, period: block.queries.count,
            window: window, as: Scalar.self, inverses: inverses)
          multiply(
            weights, by: packedValues.leading(rows: block.columns, columns: headWidth), into: sums)
          for (place, head) in heads(task.head).enumerated() {
            let range = place * block.queries.count..<(place + 1) * block.queries.count
            scaleRows(sums.rows(range), by: inverses.window(range), into: mixed.block(block.queries, head))
          }
        }
      }
    }
  }

  /// The query heads that share a head of keys and values.
  func heads(_ keyValueHead: Int) -> Range<Int> { keyValueHead * share..<(keyValueHead + 1) * share }

  /// One head's rows that a segment sees, one below the other, and zeros up to whole tiles.
  func joined<Scalar: ActivationScalar>(
    _ x: Heads<Scalar>, _ segment: RaggedLayout.Segment, _ head: Int, _ room: inout AttentionRoom
  ) -> Matrix<Scalar> {
    let (prefix, all) = (segment.prefix.count, segment.prefix.count + segment.own.count)
    let rows: Matrix<Scalar> = room.matrix(Self.padded(all), headWidth)
    copyRows(x.block(segment.prefix, head), into: rows.rows(0..<prefix))
    copyRows(x.block(segment.own, head), into: rows.rows(prefix..<all))
    clearRows(rows.rows(all..<rows.rows))
    return rows
  }

  /// The floats that a task works in: joined and packed keys and values, stacked rows, scores, sums.
  func scratchCount<Scalar: ActivationScalar>(
    _ task: Task, _ segment: RaggedLayout.Segment, of type: Scalar.Type, packed: Int, stacks: Int, scores: Int
  ) -> Int {
    let columns = Self.padded(segment.prefix.count + segment.own.count)
    let rows = share * (task.blocks.map(\.queries.count).max() ?? 0)
    let wide = AttentionRoom.floatCount(columns * headWidth, Scalar.self)
    let panels = max(
      PackedMatrix<Scalar>.floatCount(rows: columns, columns: headWidth),
      PackedMatrix<Scalar>.floatCount(rows: headWidth, columns: columns))
    let tall = AttentionRoom.floatCount(rows * headWidth, Float.self)
    return 2 * wide + packed * (panels + 16) + (stacks + 1) * tall
      + scores * rows * AttentionRoom.scoreStride(columns) + rows + 32
  }
}
