// What a run needs, besides weights and optimizer buffers, to go on as if it had never stopped.

/// The part of a run's state that is not as large as the model.
public struct TrainerState: Sendable, Codable, Equatable {
  /// Optimisation steps done.
  public var step = 0
  /// Prompt and completion tokens seen; a pair counts its prompt twice.
  public var tokenCount = 0
  /// Prompts seen.
  public var sampleCount = 0
  /// The sum of every step's loss so far.
  public var lossSum = 0.0
  /// The first step's loss, for noticing that nothing moves.
  public var firstLoss: Double?
  /// Steps with the loss at ``firstLoss``; −1 once it has moved.
  public var stalledFor = 0
  /// Seconds of training so far, those before earlier resumptions included.
  public var seconds = 0.0
  /// What has been summed since the last line of the log.
  public var window = LogWindow()
  /// Every line of the log so far.
  public var history: [LogEntry] = []

  /// What the loss remembers.
  public var lossState = LossState()

  /// A run that has not begun.
  public init() {}

  /// Takes in a completed step.
  mutating func take(_ report: StepReport, lossState: LossState) {
    step = report.step
    tokenCount += report.tokenCount
    sampleCount += report.sampleCount
    lossSum += report.loss
    seconds += report.seconds
    window.add(report)
    self.lossState = lossState
    let first = firstLoss ?? report.loss
    let hasMoved = abs(report.loss - first) > 1e-6 * max(1, abs(first))
    (firstLoss, stalledFor) = (first, hasMoved ? -1 : (stalledFor < 0 ? -1 : stalledFor + 1))
  }
}

/// Numbers summed over the steps between two lines of the log.
public struct LogWindow: Sendable, Codable, Equatable {
  /// Steps in the window.
  public var steps = 0
  /// The sum of their losses.
  public var loss = 0.0
  /// The sums of their terms.
  public var terms: [String: Double] = [:]
  /// Sums over counts of everything else.
  public var sums = MetricSums()
  /// The norm of the last step's gradient before clipping.
  public var gradientNorm = 0.0
  /// The learning rate of the last step.
  public var learningRate = 0.0

  /// No steps yet.
  public init() {}

  /// Takes in one more step.
  mutating func add(_ report: StepReport) {
    steps += 1
    loss += report.loss
    for (name, value) in report.terms { terms[name, default: 0] += value }
    sums.add(report.sums)
    (gradientNorm, learningRate) = (report.gradientNorm, report.learningRate)
  }

  /// The window's numbers under their logged names.
  var metrics: [String: Double] {
    let count = Double(Swift.max(1, steps))
    var all = sums.logged
    if terms.count > 1 { for (name, value) in terms { all["loss/" + name] = value / count } }
    all["loss"] = loss / count
    all["grad_norm"] = gradientNorm
    all["learning_rate"] = learningRate
    return all
  }
}
