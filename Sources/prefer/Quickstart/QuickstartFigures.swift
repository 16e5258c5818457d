// What a model of the quickstart is worth on held-out questions: by numbers, and by what it says.

import PreferenceCore
import PreferenceData
import Tokenizers
import TransformerModels

/// Held-out figures of one model.
struct QuickstartFigures {
  /// Share of pairs whose chosen side has the larger implicit reward.
  let accuracy: Double
  /// Share of pairs whose sides have the same.
  let ties: Double
  /// The mean difference of implicit rewards.
  let margin: Double
  /// The mean of `log π/π_ref` over sampled answers, nats an answer: an unbiased estimate of the divergence.
  let divergence: Double
  /// Shares of sampled answers that are polite, on topic, and both.
  let (polite, onTopic, good): (Double, Double, Double)
  /// What the model says to the first held-out questions, drawn with the same numbers every time.
  let answers: [String]

  /// Answers that are drawn.
  static let sampleCount = 100
  /// Answers that are shown.
  static let shownCount = 3

  /// Measures `path` against `reference` with the rewards of `loss`.
  ///
  /// - Throws: when a model cannot be opened or cannot score.
  init(
    of path: String, against references: [String], loss: any PreferenceLoss, _ files: QuickstartFiles,
    seed: Int,
    progress: (String) throws -> Void
  ) throws {
    let opened = try OpenedModel(path, computeType: .float32)
    let others = try references.map { try OpenedModel.reference($0, for: opened, computeType: .float32) }
    let options = DatasetOptions(window: TokenWindow(maxLength: 128))
    let rows = try PreferenceDataset(
      reading: files.path("held-out.jsonl"), for: Requirements(.pairwise), with: opened.tokenizer,
      options: options)
    let batches = EvaluationBatches(rows, rowsPerBatch: 32, tokens: nil, Requirements(.pairwise)).all
    (accuracy, ties, margin) = try Self.pairs(
      batches, opened.model, others.first, scale: loss.rewardScale)
    var drawn = try Self.answers(opened, files, count: Self.sampleCount, seed: seed, progress: progress)
    let verdicts = drawn.map { QuickstartVerdict(question: $0.question, answer: $0.text) }
    let count = Double(max(1, verdicts.count))
    answers = drawn.prefix(Self.shownCount).map(\.text)
    polite = Double(verdicts.count(where: \.isPolite)) / count
    onTopic = Double(verdicts.count(where: \.isOnTopic)) / count
    good = Double(verdicts.count(where: \.isGood)) / count
    drawn.removeAll { $0.ids.isEmpty }
    divergence = try others.first.map { try Self.divergence(of: opened.model, from: $0, drawn) } ?? 0
  }

  private static func pairs(
    _ batches: [TokenBatch], _ model: CausalLanguageModel, _ reference: CausalLanguageModel?, scale: Double
  ) throws -> (Double, Double, Double) {
    var (wins, ties, margins, count) = (0.0, 0.0, 0.0, 0.0)
    for batch in batches {
      let own = try model.score(batch, [.logProbability])[.logProbability].sumOverLastAxis().scalars
      let other = try reference?.score(batch, [.logProbability])[.logProbability].sumOverLastAxis().scalars
      for (chosen, rejected) in batch.layout.orderedPairs {
        let base = other.map { $0[chosen] - $0[rejected] } ?? 0
        let margin = scale * (own[chosen] - own[rejected] - base)
        wins += margin > 0 ? 1 : 0
        ties += margin == 0 ? 1 : 0
        margins += margin
        count += 1
      }
    }
    return (wins / count, ties / count, margins / count)
  }

  /// An answer the model drew.
  private struct Answer {
    let question: String
    let prompt: [Int32]
    let ids: [Int32]
    let text: String
  }

  private static func answers(
    _ opened: OpenedModel, _ files: QuickstartFiles, count: Int, seed: Int, progress: (String) throws -> Void
  ) throws -> [Answer] {
    try files.corpus.heldOut.prefix(count).enumerated().map { index, row in
      if index % 10 == 0 { try progress("drawing answers \(index)/\(count)") }
      let prompt = try opened.tokenizer.encodeConversation([(role: "user", content: row.question)])
      let ids = try opened.model.generate(
        prompt: prompt, maxNewTokens: 48, temperature: 1, seed: UInt64(seed * 1000 + index),
        stopIDs: opened.stopIDs)
      let text = opened.tokenizer.tokenizer.decode(ids, skippingSpecials: true)
      return Answer(question: row.question, prompt: prompt, ids: ids, text: text)
    }
  }

  private static func divergence(
    of model: CausalLanguageModel, from reference: CausalLanguageModel, _ answers: [Answer]
  ) throws -> Double {
    let places = Array(answers.indices)
    let batch = TokenBatch(
      prompts: answers.map(\.prompt), completions: answers.map(\.ids),
      layout: FeedbackLayout(
        prompts: places, ranks: places.map { _ in 0 }, isDesirable: places.map { _ in true }))
    let own = try model.score(batch, [.logProbability])[.logProbability].sumOverLastAxis().scalars
    let other = try reference.score(batch, [.logProbability])[.logProbability].sumOverLastAxis().scalars
    return zip(own, other).reduce(0) { $0 + $1.0 - $1.1 } / Double(max(1, answers.count))
  }
}
