// Continues a prompt token by token, with the keys and values of earlier tokens kept.

import Optimizers
public import PreferenceCore
import VectorKernels

extension CausalLanguageModel {
  /// Continues `prompt`.
  ///
  /// - Parameters:
  ///   - maxNewTokens: how many tokens to add at most.
  ///   - temperature: what scores are divided by before drawing; 0 always takes the most probable token.
  ///   - topP: draws from the fewest most probable tokens that together have this probability, in `0..<=1`.
  ///   - seed: the same seed, prompt and model give the same text.
  ///   - stopIDs: tokens that end the text, the configuration's end tokens unless given.
  /// - Returns: the new tokens, with the one that stopped them.
  /// - Throws: if the prompt is empty or holds a token that is none of the model's.
  public func generate(
    prompt: [Int32], maxNewTokens: Int, temperature: Double = 1, topP: Double = 1, seed: UInt64 = 0,
    stopIDs: Set<Int32>? = nil
  ) throws(ScoringError) -> [Int32] {
    precondition(
      temperature >= 0 && topP > 0 && topP <= 1,
      "CausalLanguageModel.generate: temperature \(temperature), top-p \(topP)")
    try checkPrompt(prompt)
    let stops = stopIDs ?? Set(configuration.endTokens)
    let capacity = min(prompt.count + max(0, maxNewTokens), configuration.attentionWindow ?? .max)
    guard maxNewTokens > 0 else { return [] }
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let keyWidth = configuration.keyValueHeadCount * configuration.headWidth
    let caches = blocks.map { _ in
      (
        keys: workspace.matrix(capacity, keyWidth, of: Float.self),
        values: workspace.matrix(capacity, keyWidth, of: Float.self)
      )
    }
    let scores = workspace.matrix(1, configuration.vocabularyCount, of: Float.self)
    let (blocks, vocabulary) = (blocks.map { $0.packed() }, head.map.packed())
    var text: [Int32] = []
    var (cached, waiting) = (0, prompt)
    while cached + waiting.count <= capacity {
      let mark = workspace.mark
      defer { workspace.release(to: mark) }
      let stream = extend(waiting, behind: cached, blocks, caches)
      let normed = workspace.matrix(1, stream.columns, of: Float.self)
      rootMeanSquareNorm(
        x: stream, weight: head.norm.values, epsilon: head.epsilon, into: normed,
        inverses: workspace.buffer(1))
      vocabulary.apply(Operand(normed, rounding: computeType == .bfloat16, workspace), into: scores)
      cached += waiting.count
      let uniform = uniformNumber(seed: seed, index: text.count)
      let next =
        temperature == 0
        ? argmax(scores.buffer)
        : sample(scores.buffer, temperature: temperature, topP: topP, uniform: uniform)
      text.append(Int32(next))
      waiting = [Int32(next)]
      if text.count == maxNewTokens || stops.contains(Int32(next)) { break }
    }
    return text
  }

  private func checkPrompt(_ prompt: [Int32]) throws(ScoringError) {
    guard !prompt.isEmpty else {
      throw ScoringError("the prompt holds no token; begin it with a token such as bos")
    }
    if let stranger = prompt.first(where: { $0 < 0 || $0 >= configuration.vocabularyCount }) {
      throw ScoringError(
        "token \(stranger) of the prompt is not among the model's \(configuration.vocabularyCount) tokens; "
          + "use the tokenizer that belongs to the model")
    }
    if let window = configuration.attentionWindow, prompt.count > window {
      throw ScoringError(
        "the prompt has \(prompt.count) tokens, but each sees only the last \(window) in this model, "
          + "which is not supported; shorten it")
    }
  }

  /// Computes `tokens` behind `cached` earlier ones, and returns the stream at the last. `[1, d]`.
  private func extend(
    _ tokens: [Int32], behind cached: Int, _ blocks: [DecoderBlock],
    _ caches: [(keys: Matrix<Float>, values: Matrix<Float>)]
  ) -> Matrix<Float> {
    let pass = context(RaggedLayout(continuing: cached, with: tokens))
    var stream = embed(pass.layout)
    var next = workspace.matrix(stream.rows, stream.columns, of: Float.self)
    let rows = cached..<cached + tokens.count
    for (block, cache) in zip(blocks, caches) {
      let mark = workspace.mark
      defer { workspace.release(to: mark) }
      let kept = BlockActivations(
        configuration, rows: tokens.count, keys: cache.keys.rows(rows), values: cache.values.rows(rows),
        workspace)
      block.apply(stream, into: next, keeping: kept, keys: cache.keys, values: cache.values, pass)
      swap(&stream, &next)
    }
    return stream.rows(tokens.count - 1..<tokens.count)
  }
}
