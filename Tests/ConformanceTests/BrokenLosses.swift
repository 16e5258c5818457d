// Losses that each break one law on purpose, to see that the checker notices.

import PreferenceCore

/// What all of them share: a margin loss of a given name.
func describe(_ name: String, summary: String = "Broken on purpose.") -> LossCard {
  LossCard(name, summary, formula: "−log σ(h)", source: "this test")
}

/// A correct loss under another name: the control.
struct Sound: MarginLoss {
  static let card = LossCard("sound", "Sound.", formula: "−log σ(βh)", source: "this test")
  static let hyperparameters: Schema<Self> = [Field("beta", \.beta, .positive, "Scale.")]
  var beta = 0.5
  var startingValue: Double? { Elementary.log(2) }
  func loss(margin: Tensor) -> Tensor { -logSigmoid(beta * margin) }
}

struct Undocumented: MarginLoss {
  static let card = describe("undocumented", summary: "")
  static let hyperparameters: Schema<Self> = [Field("badName", \.beta, .positive, "")]
  var beta = 0.5
  func loss(margin: Tensor) -> Tensor { -logSigmoid(beta * margin) }
}

struct IdleKnob: MarginLoss {
  static let card = describe("idle-knob")
  static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Scale."), Field("gamma", \.gamma, .nonnegative, "Forgotten."),
  ]
  var beta = 0.5, gamma = 1.0
  func loss(margin: Tensor) -> Tensor { -logSigmoid(beta * margin) }
}

struct Synonyms: MarginLoss {
  enum Shape: String, CaseIterable, HyperparameterValue { case logistic, hinge, smooth }
  static let card = describe("synonyms")
  static let hyperparameters: Schema<Self> = [Field("shape", \.shape, "The last means the first.")]
  var shape = Shape.logistic
  func loss(margin: Tensor) -> Tensor { shape == .hinge ? relu(1 - margin) : -logSigmoid(margin) }
}

struct Overflowing: MarginLoss {
  static let card = describe("overflowing")
  static let hyperparameters: Schema<Self> = []
  func loss(margin: Tensor) -> Tensor { -log(sigmoid(margin)) }
}

struct WrongSlope: MarginLoss {
  static let card = describe("wrong-slope")
  static let hyperparameters: Schema<Self> = []
  func loss(margin: Tensor) -> Tensor {
    margin.mapped(value: { $0 * $0 - $0 }, derivative: { x, _ in 2 * x - 1.000001 })
  }
}

struct PaddingSummed: PairwiseLoss {
  static let card = describe("padding-summed")
  static let hyperparameters: Schema<Self> = []
  func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let all = pairs.batch.policy[.logProbability].mean(axis: -1)
    return -logSigmoid(all.rows(pairs.chosen) - all.rows(pairs.rejected))
  }
}

struct Undeclared: PairwiseLoss {
  static let card = describe("undeclared")
  static let hyperparameters: Schema<Self> = []
  func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    // Looks for a second reference that it never asked for.
    let batch = pairs.batch
    let extra = batch.references.dropFirst().first.map { batch.sequenceLogProbability($0) }
    let shift = extra.map { $0.rows(pairs.chosen) - $0.rows(pairs.rejected) } ?? .zeros([pairs.count])
    return -logSigmoid(pairs.margin - shift)
  }
}

struct SystemDice: MarginLoss {
  static let card = describe("system-dice")
  static let hyperparameters: Schema<Self> = []
  func loss(margin: Tensor) -> Tensor { -logSigmoid(Double.random(in: 0.9...1.1) * margin) }
}

/// Remembers a mean for each micro-batch instead of one for each pair.
struct MicroBatchMemory: PairwiseLoss {
  static let card = describe("micro-batch-memory")
  static let hyperparameters: Schema<Self> = []
  func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let shift = context.remembered("margin") ?? 0
    context.remember("margin", stopGradient(pairs.margin.mean()).reshaped([1]))
    return -logSigmoid(pairs.margin - shift)
  }
}

struct Coupled: MarginLoss {
  static let card = describe("coupled")
  static let hyperparameters: Schema<Self> = []
  func loss(margin: Tensor) -> Tensor { -logSigmoid(margin - stopGradient(margin.mean())) }
}

/// Looks at the metrics of whoever came before.
struct Curious: PairwiseLoss {
  static let card = describe("curious")
  static let hyperparameters: Schema<Self> = []
  func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let scale = context.metrics.means["curious/seen"] == nil ? 1.0 : 2.0
    context.metrics.record("curious/seen", total: 1, count: 1)
    return -logSigmoid(scale * pairs.margin)
  }
}

/// A wrapper that looks at log-ratios before other wrappers have rewritten them.
struct Eager: PreferenceLoss {
  static let card = describe("eager")
  static let hyperparameters: Schema<Self> = [Field("inner", \.inner, "What it wraps.")]
  var inner: LossSlot = "dpo"
  var requirements: Requirements { inner.loss.requirements }
  func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let scale = 1 + stopGradient(square(batch.logRatio))
    return context.evaluate(inner.loss, at: "inner", on: batch.scalingLogRatios(by: scale))
  }
}

/// A wrapper that forgets what its inner loss needs.
struct Forgetful: PreferenceLoss {
  static let card = describe("forgetful")
  static let hyperparameters: Schema<Self> = [Field("inner", \.inner, "What it wraps.")]
  var inner: LossSlot = "hpo"
  var requirements: Requirements {
    var needs = inner.loss.requirements
    needs.feedback = .unpaired
    return needs
  }
  func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    2 * context.evaluate(inner.loss, at: "inner", on: batch)
  }
}

struct Flat: MarginLoss {
  static let card = describe("flat")
  static let hyperparameters: Schema<Self> = []
  func loss(margin: Tensor) -> Tensor { square(margin) }
}

struct FalsePromise: MarginLoss {
  static let card = describe("false-promise")
  static let hyperparameters: Schema<Self> = []
  var startingValue: Double? { 2 }
  func loss(margin: Tensor) -> Tensor { relu(1 - 0.5 * margin) }
}

/// Picks each pair's sides by a matrix of ones and zeros: right, and `[P, N]` large.
struct OneHotPairs: PairwiseLoss {
  static let card = describe("one-hot-pairs")
  static let hyperparameters: Schema<Self> = []
  func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let batch = pairs.batch
    func picking(_ side: [Int]) -> Tensor {
      let ones = side.flatMap { row in (0..<batch.count).map { $0 == row ? 1.0 : 0 } }
      return Tensor(ones, shape: [side.count, batch.count])
    }
    let margin = matrixProduct(
      picking(pairs.chosen) - picking(pairs.rejected), batch.logRatio.reshaped([batch.count, 1]))
    return -logSigmoid(margin.reshaped([pairs.count]))
  }
}

/// Spreads each token's log-probability over the whole vocabulary and averages it away again.
struct WholeVocabulary: PairwiseLoss {
  static let card = describe("whole-vocabulary")
  static let hyperparameters: Schema<Self> = []
  func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let batch = pairs.batch
    let vocabulary = Int(Elementary.exp(batch.policy.maximumEntropy))
    let logs = batch.mask * batch.policy[.logProbability]
    let spread = logs.reshaped([batch.count, batch.width, 1]) * Tensor.ones([1, 1, vocabulary])
    let sums = spread.mean(axis: 2).sumOverLastAxis()
    let ratio = batch.referenceLogProbability.map { sums - $0 } ?? sums
    return -logSigmoid(ratio.rows(pairs.chosen) - ratio.rows(pairs.rejected))
  }
}
