// The step: exact however it is cut, refused where parts do not fit, stopped where numbers are not finite.

import BuiltinLosses
import Optimizers
import PreferenceCore
import PreferenceTestSupport
import Testing

@Suite struct TrainerTests {
  static let pairs = TinyPair.random(6, contexts: 3, tokens: 5, seed: 7)

  /// A policy and a reference that disagree, the same at every call.
  static func policies() -> (TabularPolicy, TabularPolicy) {
    var dice = TinyGenerator(seed: 3)
    func scores() -> [Float] { (0..<15).map { _ in Float.random(in: -1...1, using: &dice) } }
    return (
      TabularPolicy(contexts: 3, tokens: 5, scores: scores()),
      TabularPolicy(contexts: 3, tokens: 5, scores: scores())
    )
  }

  /// Some steps over the same six pairs, cut as told.
  static func train(
    _ loss: any PreferenceLoss, cut sizes: [Int], steps: Int = 5
  ) throws -> (reports: [StepReport], scores: [Double]) {
    let (policy, reference) = policies()
    let references = loss.requirements.references.contains(1) ? [reference] : []
    let trainer = try Trainer(policy, references: references, loss: loss, optimizer: SGD())
    var batches: [TokenBatch] = []
    var first = 0
    for size in sizes {
      batches.append(TokenBatch(pairs: Array(pairs[first..<(first + size)]), firstRow: first))
      first += size
    }
    var reports: [StepReport] = []
    for _ in 0..<steps { reports.append(try trainer.step(batches, learningRate: 0.5)) }
    return (reports, policy.scores)
  }

  @Test(arguments: [
    "dpo", "robust(label_smoothing=0.1)", "hinge", "ipo", "focalpo", "sft", "mallows-theta", "mallows-phi",
    "0.5*dpo + 0.5*ipo", "0.7*dpo + 0.3*sft",
  ])
  func `micro-batches do not change a step`(_ expression: String) throws {
    let loss = try LossRegistry.builtin.resolve(expression)
    let whole = try Self.train(loss, cut: [6])
    for cut in [[1, 5], [2, 2, 2], [3, 1, 1, 1]] {
      let parts = try Self.train(loss, cut: cut)
      // Gradients are summed in single precision, so weights agree to a few of their last bits.
      for (a, b) in zip(parts.scores, whole.scores) { #expect(abs(a - b) < 1e-6) }
      // The first step has seen no rounded weights: sums over counts agree to double precision.
      let (one, other) = (parts.reports[0].metrics, whole.reports[0].metrics)
      #expect(one.keys.sorted() == other.keys.sorted())
      for (name, value) in one where name != "grad_norm" {
        #expect(abs(value - (other[name] ?? .nan)) < 1e-12, "\(name)")
      }
      #expect(abs(parts.reports[0].gradientNorm / whole.reports[0].gradientNorm - 1) < 1e-6)
    }
  }

  @Test func `a loss that couples items sees all micro-batches at once`() throws {
    let whole = try Self.train(BatchMeanLoss(), cut: [6])
    let parts = try Self.train(BatchMeanLoss(), cut: [1, 3, 2])
    #expect(abs(parts.reports[0].loss - whole.reports[0].loss) < 1e-12)
    for (a, b) in zip(parts.scores, whole.scores) { #expect(abs(a - b) < 1e-6) }
    // Without joining, six lone pairs have no spread and therefore no gradient at all.
    #expect(whole.reports[0].gradientNorm > 1e-3)
  }

  @Test func `a step logs what it should, by hand`() throws {
    let policy = TabularPolicy(tokens: 2, scores: [1, 0])
    let reference = TabularPolicy(tokens: 2)
    var loss = DPOLike()
    loss.beta = 0.5
    let trainer = try Trainer(policy, references: [reference], loss: loss, optimizer: SGD())
    let batch = TokenBatch(pairs: [TinyPair([0, 0, 0], [0, 0], over: [1])])
    let metrics = try trainer.step([batch], learningRate: 0).metrics
    let (p, q) = (0.7310585786300049, 0.2689414213699951)
    func ln(_ x: Double) -> Double { log(Tensor([x])).scalars[0] }
    let chosen = 0.5 * (2 * ln(p) - 2 * ln(0.5))
    let rejected = 0.5 * (ln(q) - ln(0.5))
    let expected = [
      "rewards/chosen": chosen, "rewards/rejected": rejected, "rewards/margins": chosen - rejected,
      "rewards/accuracies": 1, "rewards/ties": 0, "logps/chosen": 2 * ln(p), "logps/rejected": ln(q),
      "logits/chosen": 0.5, "logits/rejected": 0.5, "mean_token_accuracy": 1,
      "entropy": -(p * ln(p) + q * ln(q)), "learning_rate": 0, "step": 1,
      "loss": -ln(1 / (1 + exp(Tensor([rejected - chosen])).scalars[0])),
    ]
    for (name, value) in expected { #expect(abs((metrics[name] ?? .nan) - value) < 1e-7, "\(name)") }
    #expect(Set(metrics.keys) == Set(expected.keys).union(["grad_norm"]))
    #expect(trainer.state.tokenCount == 3 + 2 + 3 + 1)
  }

  @Test func `references that the loss does not read are not asked`() throws {
    let (policy, other) = Self.policies()
    let reference = ScriptedScorer(other)
    let trainer = try Trainer(
      policy, references: [reference], loss: try LossRegistry.builtin.resolve("sft"), optimizer: SGD())
    let metrics = try trainer.step([TokenBatch(pairs: Self.pairs)], learningRate: 0.1).metrics
    #expect(reference.scoredCount == 0)
    #expect(!metrics.keys.contains { $0.hasPrefix("rewards/") })
    #expect(metrics["logps/chosen"] != nil)
  }

  @Test func `clipping bounds the movement, the log keeps the norm before it`() throws {
    let (policy, reference) = Self.policies()
    let before = policy.scores
    var options = TrainingOptions()
    options.maximumGradientNorm = 0.01
    let trainer = try Trainer(
      policy, references: [reference], loss: DPOLike(), optimizer: SGD(), options: options)
    let report = try trainer.step([TokenBatch(pairs: Self.pairs)], learningRate: 1)
    let moved = zip(policy.scores, before).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    #expect(report.gradientNorm > 0.02)
    #expect(abs(moved - 0.01) < 1e-6)
  }

  @Test func `refuses the wrong number of references`() {
    #expect(
      Self.refusal { try Trainer(TabularPolicy(tokens: 2), references: [], loss: $0, optimizer: SGD()) }
        == "'dpo-like' takes 1 reference model; 0 given")
    let two = [TabularPolicy(tokens: 2), TabularPolicy(tokens: 2)]
    #expect(
      Self.refusal { try Trainer(TabularPolicy(tokens: 2), references: two, loss: $0, optimizer: SGD()) }
        == "'dpo-like' takes 1 reference model; 2 given")
    #expect(
      TrainingError.referenceCount(loss: "mrpo", takes: 2...8, given: 0).description
        == "'mrpo' takes 2 to 8 reference models; 0 given")
    #expect(
      TrainingError.referenceCount(loss: "simpo", takes: 0...0, given: 1).description
        == "'simpo' takes no reference model; 1 given")
  }

  @Test func `refuses models that do not know what the loss reads`() {
    let mute = ScriptedScorer(TabularPolicy(tokens: 2), statistics: [.entropy])
    #expect(
      Self.refusal { try Trainer(mute, references: [TabularPolicy(tokens: 2)], loss: $0, optimizer: SGD()) }
        == "'dpo-like' needs 'log-probability', which the policy cannot score")
    #expect(
      Self.refusal { try Trainer(TabularPolicy(tokens: 2), references: [mute], loss: $0, optimizer: SGD()) }
        == "'dpo-like' needs 'log-probability', which the reference cannot score")
  }

  private static func refusal(_ make: (any PreferenceLoss) throws -> Trainer) -> String {
    do {
      _ = try make(DPOLike())
      return "accepted"
    } catch { return "\(error)" }
  }
}

/// DPO, written out once more so that these tests need no plugin.
struct DPOLike: MarginLoss {
  static let card = LossCard("dpo-like", "DPO.", formula: "−log σ(βh)", source: "these tests")
  static let hyperparameters: Schema<Self> = []
  var beta = 0.1
  var rewardScale: Double { beta }
  func loss(margin: Tensor) -> Tensor { -logSigmoid(beta * margin) }
}
