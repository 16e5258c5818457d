// What a step must compute: floating-point operations of the algorithm itself, whoever carries it out.

import PreferenceCore
import TransformerModels

/// Useful floating-point operations of one training step; recomputation, padding and the optimizer are not counted.
///
///     forward = 2·W·U  +  4·A·L·S  +  2·d·V·C
///
/// with `W` the weights of all blocks' linear layers, `U` tokens (a prompt once, however many completions it
/// has), `A` the width of all query heads, `L` layers, `S` the couples of a token and one it sees, `d` the width,
/// `V` the vocabulary and `C` scored tokens. A backward pass is twice its forward: once for activations, once for
/// weights; with the weights frozen under adapters of rank `r` it is once, plus three times the adapters' own
/// forward. A reference is one forward.
struct StepCost {
  /// Operations of the blocks' linear layers, of attention and of the head, forward.
  let linear: Double, attention: Double, head: Double
  /// Operations of adapters, forward.
  let adapters: Double

  /// Counts the work that `batch` gives a model; `rank` is that of adapters on every linear layer of the blocks.
  init(_ model: ModelConfiguration, _ batch: [TokenBatch], rank: Int? = nil) {
    let heads = model.headCount * model.headWidth
    let groups = model.keyValueHeadCount * model.headWidth
    // Outputs and inputs of every linear layer of a block.
    let maps = [
      (heads, model.width), (groups, model.width), (groups, model.width), (model.width, heads),
      (model.feedForwardWidth, model.width), (model.feedForwardWidth, model.width),
      (model.width, model.feedForwardWidth),
    ]
    let weights = Double(model.layerCount * maps.reduce(0) { $0 + $1.0 * $1.1 })
    let work = batch.reduce(into: TokenWork()) { $0.add($1) }
    linear = 2 * weights * Double(work.tokens)
    attention = 4 * Double(heads * model.layerCount) * work.seen
    head = 2 * Double(model.width * model.vocabularyCount) * Double(work.scored)
    let sides = Double(model.layerCount * maps.reduce(0) { $0 + $1.0 + $1.1 })
    adapters = rank.map { 2 * Double($0) * sides * Double(work.tokens) } ?? 0
  }

  /// One pass that scores.
  var forward: Double { linear + attention + head }

  /// The policy's forward and backward pass; `isAdapted` where only adapters learn.
  func training(isAdapted: Bool) -> Double {
    // Attention has no weights: its two products become four, frozen or not.
    isAdapted ? 2 * (linear + head) + 3 * (attention + adapters) : 3 * forward
  }
}

/// What a batch asks of any model.
struct TokenWork: Equatable {
  /// Tokens that pass through the blocks: each prompt once.
  var tokens = 0
  /// Couples of a token and one that it sees, itself included.
  var seen = 0.0
  /// Tokens whose next one is scored.
  var scored = 0

  mutating func add(_ batch: TokenBatch) {
    for prompt in batch.prompts {
      tokens += prompt.count
      seen += Double(prompt.count) * Double(prompt.count + 1) / 2
    }
    for (place, completion) in batch.completions.enumerated() {
      let before = Double(batch.prompts[batch.layout.prompts[place]].count)
      // The last token is scored but sees nothing that anyone looks at.
      let inside = Double(max(0, completion.count - 1))
      tokens += max(0, completion.count - 1)
      seen += inside * before + inside * (inside + 1) / 2
      scored += completion.count
    }
  }
}
