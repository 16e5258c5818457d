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
    let capacity = min(prompt.count + max(0, maxNewTokens), configuration.positionLimit ?? .max)
    guard maxNewTokens > 0 else { return [] }
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    var text: [Int32] = []
    layers.continueText(prompt, capacity: capacity, workspace) {
      context($0, adapter: adapterLayout)
    } next: { scores in
      let uniform = uniformNumber(seed: seed, index: text.count)
      let next = Int32(
        temperature == 0
          ? argmax(scores) : sample(scores, temperature: temperature, topP: topP, uniform: uniform))
      text.append(next)
      return text.count == maxNewTokens || stops.contains(next) ? nil : next
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
    if let limit = configuration.positionLimit, prompt.count > limit {
      throw ScoringError(
        "the prompt has \(prompt.count) tokens, but the model has learned positions for \(limit); shorten it")
    }
  }
}
