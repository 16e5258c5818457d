// The passes through all blocks: forwards, with or without what a way back needs, and backwards.

import Optimizers
import VectorKernels

extension CausalLanguageModel {
  /// What the blocks of a pass over `layout` share.
  func context(_ layout: RaggedLayout) -> PassContext {
    let cosines = workspace.matrix(layout.rows, frequencies.count, of: Float.self)
    let sines = workspace.matrix(layout.rows, frequencies.count, of: Float.self)
    rotaryAngles(positions: layout.positions, frequencies: frequencies, cosines: cosines, sines: sines)
    return PassContext(
      layout: layout, cosines: cosines, sines: sines, rounding: computeType == .bfloat16,
      workspace: workspace)
  }

  /// The embedding of every row's token. `[rows, d]`.
  func embed(_ layout: RaggedLayout) -> Matrix<Float> {
    let stream = workspace.matrix(layout.rows, configuration.width, of: Float.self)
    gatherRows(
      of: Matrix(embedding.values, rows: configuration.vocabularyCount, columns: configuration.width),
      layout.tokens, into: stream)
    return stream
  }

  /// The stream behind the last block, nothing else kept. `[rows, d]`.
  func stream(_ pass: PassContext) -> Matrix<Float> {
    var stream = embed(pass.layout)
    var next = workspace.matrix(stream.rows, stream.columns, of: Float.self)
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let kept = BlockActivations(configuration, rows: stream.rows, workspace)
    for block in blocks {
      block.apply(stream, into: next, keeping: kept, pass)
      swap(&stream, &next)
    }
    return stream
  }

  /// A forward pass with its way back.
  struct Trace {
    /// The stream before every block, and behind the last. Count `layerCount + 1`.
    let streams: [Matrix<Float>]
    /// The activations of the last blocks; those of earlier ones are computed again.
    let kept: [BlockActivations]
    /// Where activations that are not kept stand for a while.
    let passing: BlockActivations?
  }

  /// Computes the stream and keeps as much as ``activationLimit`` allows for ``pullBack(_:_:to:_:)``.
  func trace(_ pass: PassContext) -> Trace {
    let rows = pass.layout.rows
    let each = max(1, rows * BlockActivations.byteCount(configuration))
    let keptCount = min(blocks.count, activationLimit / each)
    let passing =
      keptCount < blocks.count ? BlockActivations(configuration, rows: rows, workspace) : nil
    let kept = (0..<keptCount).map { _ in BlockActivations(configuration, rows: rows, workspace) }
    var streams = [embed(pass.layout)]
    for (layer, block) in blocks.enumerated() {
      let next = workspace.matrix(rows, configuration.width, of: Float.self)
      let place = layer - (blocks.count - keptCount)
      guard let activations = place >= 0 ? kept[place] : passing else { continue }
      block.apply(streams[layer], into: next, keeping: activations, pass)
      streams.append(next)
    }
    return Trace(streams: streams, kept: kept, passing: passing)
  }

  /// Pulls the gradient by the last stream back to the embedding, adding every weight's on the way.
  ///
  /// - Shapes: `gradient` `[rows, d]`; it is used up.
  func pullBack(
    _ gradient: Matrix<Float>, _ trace: Trace, to gradients: borrowing GradientAccumulator,
    _ pass: PassContext
  ) {
    for (layer, block) in blocks.enumerated().reversed() {
      let place = layer - (blocks.count - trace.kept.count)
      let x = trace.streams[layer]
      if place >= 0 {
        block.pullBack(gradient, x: x, trace.kept[place], to: gradients, pass)
      } else if let passing = trace.passing {
        block.apply(x, into: nil, keeping: passing, pass)
        block.pullBack(gradient, x: x, passing, to: gradients, pass)
      }
    }
    scatterAddRows(
      gradient, pass.layout.tokens,
      to: Matrix(
        gradients.buffer(for: embedding.name), rows: configuration.vocabularyCount,
        columns: configuration.width))
  }
}
