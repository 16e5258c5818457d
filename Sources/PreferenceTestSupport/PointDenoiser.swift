// A real diffusion model, small enough for a test: points in the plane, denoised by a network of two hidden layers.

public import Optimizers
public import PreferenceCore
import VectorKernels

/// A denoiser that takes part in the trainer like a language model of one-token completions.
///
/// A completion's only token is the index of a point in ``points``; the first token of its prompt is the
/// condition. With a time `t` and noise `ε` drawn for the row, the same for every completion of its prompt and
/// for every denoiser,
///
///     x_t = √ᾱ_t x + √(1 − ᾱ_t) ε,     log-probability := −½ · mean (ε − ε_θ(x_t, t, condition))²
///
/// Noise is a function of the row's number alone: rows that are numbered anew in every step see new noise, and a
/// reference sees the policy's.
public final class PointDenoiser: Policy, RefreshableScorer {
  public let parameters: Parameters
  public let statistics: Set<TokenStatistic> = [.logProbability]
  /// What completions stand for: `[count][2]`.
  public let points: [[Double]]
  private let network: PointNetwork
  private let schedule: NoiseSchedule
  private let draws: Int

  /// A denoiser with fresh weights.
  ///
  /// - Parameters:
  ///   - points: what tokens stand for, two coordinates each, of the size of 1 or so.
  ///   - contexts: how many conditions there are.
  ///   - draws: times and noises that a row's error is averaged over.
  public init(
    points: [[Double]], contexts: Int = 1, hidden: Int = 48, steps: Int = 40, draws: Int = 4, seed: UInt64 = 1
  ) {
    (self.points, self.draws, schedule) = (points, draws, NoiseSchedule(steps: steps))
    network = PointNetwork(contexts: contexts, hidden: hidden, seed: seed)
    parameters = network.parameters
  }

  private init(copying other: PointDenoiser) {
    (points, draws, schedule) = (other.points, other.draws, other.schedule)
    network = other.network.copy()
    parameters = network.parameters
  }

  /// A denoiser with weights of its own that equal these; a frozen reference, say.
  public func copy() -> PointDenoiser { PointDenoiser(copying: self) }

  public func parametersChanged() {}

  public func score(
    _ batch: TokenBatch, _ wanted: Set<TokenStatistic>
  ) throws(ScoringError) -> ModelScores {
    try noised(batch).scores(network)
  }

  public func accumulateGradients(
    into gradients: inout GradientAccumulator, scoring batch: TokenBatch, _ wanted: Set<TokenStatistic>,
    cotangents: (ModelScores) -> [TokenStatistic: Tensor]
  ) throws(ScoringError) {
    let noised = try noised(batch)
    let trace = network.trace(noised.inputs)
    let upstream = cotangents(noised.scores(trace.outputs))[.logProbability]?.scalars
    guard let upstream else { return }
    network.pullBack(noised.slopes(upstream, trace.outputs), trace, to: gradients)
  }

  /// Points drawn under a condition by taking noise away step by step, `[count][2]`.
  public func samples(_ count: Int, context: Int = 0, seed: UInt64) -> [[Double]] {
    var dice = SplitMix(seed: seed)
    var places = (0..<count).map { _ in [dice.normal(), dice.normal()] }
    for time in (0..<schedule.steps).reversed() {
      let inputs = network.inputs(places.map { ($0, time, context) }, schedule)
      let noise = network.trace(inputs).outputs
      let (beta, kept) = (schedule.betas[time], schedule.kept[time])
      for i in places.indices {
        for c in 0..<2 {
          let mean =
            (places[i][c] - beta / (1 - kept).squareRoot() * Double(noise[i, c])) / (1 - beta).squareRoot()
          places[i][c] = mean + (time == 0 ? 0 : beta.squareRoot() * dice.normal())
        }
      }
    }
    return places
  }

  /// The completions of `batch` under their rows' noise.
  private func noised(_ batch: TokenBatch) throws(ScoringError) -> NoisedPoints {
    var rows: [(place: [Double], time: Int, context: Int)] = []
    var noise: [Double] = []
    for (n, completion) in batch.completions.enumerated() {
      let prompt = batch.layout.prompts[n]
      guard completion.count == 1, points.indices.contains(Int(completion[0])),
        let context = batch.prompts[prompt].first, (0..<network.contexts).contains(Int(context))
      else {
        throw ScoringError(
          "row \(batch.rows[prompt]): a completion is the index of one of \(points.count) points, and a prompt "
            + "begins with one of \(network.contexts) conditions")
      }
      var dice = SplitMix(seed: 0xD1F_F051 &+ UInt64(bitPattern: Int64(batch.rows[prompt])) &* 0x9E37_79B9)
      for _ in 0..<draws {
        let time = Int(dice.uniform() * Double(schedule.steps))
        let kept = schedule.kept[time]
        let drawn = [dice.normal(), dice.normal()]
        let place = zip(points[Int(completion[0])], drawn).map {
          kept.squareRoot() * $0 + (1 - kept).squareRoot() * $1
        }
        rows.append((place, time, Int(context)))
        noise += drawn
      }
    }
    return NoisedPoints(
      inputs: network.inputs(rows, schedule), noise: noise, draws: draws, count: batch.completions.count)
  }
}

/// How fast points become noise: `x_t = √ᾱ_t x + √(1 − ᾱ_t) ε`, with `β_t` rising linearly.
struct NoiseSchedule {
  /// `β_t`, and `ᾱ_t = Π_{s ≤ t} (1 − β_s)`. Count `steps` each.
  let betas: [Double], kept: [Double]

  init(steps: Int) {
    let last = Double(max(1, steps - 1))
    betas = (0..<steps).map { (0.1 + 9.9 * Double($0) / last) / Double(steps) }
    var product = 1.0
    kept = betas.map {
      product *= 1 - $0
      return product
    }
  }

  /// How many times there are.
  var steps: Int { betas.count }
}

/// Noised points of some completions, and what the noise was.
private struct NoisedPoints {
  /// `[count · draws, inputs]`
  let inputs: Matrix<Float>
  /// `[count · draws · 2]`
  let noise: [Double]
  let draws: Int
  let count: Int

  /// The statistic of every completion, `[N, 1]`.
  func scores(_ network: PointNetwork) -> ModelScores { scores(network.trace(inputs).outputs) }

  /// The same, given the network's outputs.
  func scores(_ outputs: Matrix<Float>) -> ModelScores {
    let errors = (0..<count).map { n in
      (0..<2 * draws).reduce(0) { sum, i in
        let gap = Double(outputs.buffer[2 * draws * n + i]) - noise[2 * draws * n + i]
        return sum + gap * gap
      }
    }
    let values = errors.map { -0.5 * $0 / Double(2 * draws) }
    return ModelScores(
      [.logProbability: Tensor(values, shape: [count, count == 0 ? 0 : 1])], maximumEntropy: 0)
  }

  /// The derivative by every output, given the ones by the statistics.
  func slopes(_ upstream: [Double], _ outputs: Matrix<Float>) -> Matrix<Float> {
    let slopes = Matrix<Float>(rows: outputs.rows, columns: 2)
    for i in noise.indices {
      let gap = Double(outputs.buffer[i]) - noise[i]
      slopes.buffer[i] = Float(-upstream[i / (2 * draws)] * gap / Double(2 * draws))
    }
    return slopes
  }
}
