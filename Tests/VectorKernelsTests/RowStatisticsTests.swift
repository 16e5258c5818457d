// Statistics of rows of scores against their definitions in double precision, and their gradient against differences.

import Testing
import VectorKernelsInterface

@testable import VectorKernels

/// Log-probability, entropy, log-collision and mean of a row, straight from the definitions.
private func defined(_ scores: [Double], _ target: Int) -> [Double] {
  let largest = scores.max() ?? 0
  let logSum = largest + Oracle.logarithm(scores.reduce(0) { $0 + Oracle.exponential($1 - largest) })
  let logs = scores.map { $0 - logSum }
  let entropy = -logs.reduce(0) { $0 + Oracle.exponential($1) * $1 }
  let collision = Oracle.logarithm(logs.reduce(0) { $0 + Oracle.exponential(2 * $1) })
  return [logs[target], entropy, collision, scores.reduce(0, +) / Double(scores.count)]
}

@Suite struct RowStatisticsTests {
  private static let columns = 301
  private let scores: Matrix<Float>
  private let targets: [Int32] = [0, 300, 150, 7]

  init() {
    var noise = Noise(8)
    scores = Matrix(noise.buffer(4 * Self.columns), rows: 4, columns: Self.columns)
    // One row is flat, one certain, one spread and one far from 0.
    for i in 0..<Self.columns {
      scores[0, i] *= 0.01
      scores[1, i] *= 60
      scores[2, i] *= 4
      scores[3, i] = scores[3, i] * 3 + 500
    }
  }

  private func statistics(chunk: Int) -> RowStatistics {
    let state = RowStatistics(rows: 4)
    for first in stride(from: 0, to: Self.columns, by: chunk) {
      let range = first..<min(Self.columns, first + chunk)
      accumulateStatistics(
        scores: scores.block(0..<4, range), firstColumn: first, targets: targets[...], into: state)
    }
    return state
  }

  @Test(arguments: [301, 64, 100, 1])
  func `chunks add up to the definitions`(_ chunk: Int) {
    let state = statistics(chunk: chunk)
    for row in 0..<4 {
      let values = (0..<Self.columns).map { Double(scores[row, $0]) }
      let expected = defined(values, Int(targets[row]))
      let result = state.finished(row: row, target: targets[row], vocabularyCount: Self.columns)
      // Errors of the single-precision exponential average out over the sums.
      #expect((result.logProbability - expected[0]).magnitude < 1e-6)
      #expect((result.entropy - expected[1]).magnitude < 3e-6)
      #expect((result.logCollision - expected[2]).magnitude < 1e-6)
      #expect((result.meanScore - expected[3]).magnitude < 1e-9)
      let best = values.firstIndex(of: values.max() ?? 0)
      #expect(result.argmax == best && result.isArgmax == (best == Int(targets[row])))
    }
  }

  @Test(arguments: InstructionSet.supported)
  func `running sums agree with the twin`(_ set: InstructionSet) {
    for row in 0..<4 {
      var (fast, twin) = (ScoreSums(), ScoreSums())
      for range in [0..<100, 100..<301] {
        let part = scores.buffer.base + row * Self.columns + range.lowerBound
        set.kernels.accumulate(part, range.lowerBound, range.count, &fast)
        ScalarKernels.accumulate(part, range.lowerBound, range.count, &twin)
      }
      #expect(fast.largest == twin.largest && fast.argmax == twin.argmax)
      #expect((fast.scores - twin.scores).magnitude < 1e-9)
      #expect((fast.exponentials / twin.exponentials - 1).magnitude < 1e-7)
      #expect((fast.squares / twin.squares - 1).magnitude < 2e-7)
      #expect((fast.weightedScores / twin.weightedScores - 1).magnitude < 1e-6)
    }
  }

  @Test(arguments: InstructionSet.supported)
  func `cotangents agree with the twin`(_ set: InstructionSet) {
    let slopes = ScoreSlopes(logSum: 5.5, probability: -0.3, entropy: 0.7, collision: 1.1, constant: 0.01)
    let (fast, twin) = (FloatBuffer(count: 301), FloatBuffer(count: 301))
    let part = scores.row(2)
    set.kernels.cotangent(part, slopes, MutableScalars(fast.base, isBrainFloat: false), 301)
    ScalarKernels.cotangent(part, slopes, MutableScalars(twin.base, isBrainFloat: false), 301)
    #expect(agree(fast, twin, within: 1e-6))
  }

  @Test func `scores of minus infinity weigh nothing`() {
    let hidden = Matrix(FloatBuffer([0, -.infinity, 0, -.infinity]), rows: 1, columns: 4)
    let state = RowStatistics(rows: 1)
    accumulateStatistics(scores: hidden, firstColumn: 0, targets: [2], into: state)
    let result = state.finished(row: 0, target: 2, vocabularyCount: 4)
    let ln2 = Oracle.logarithm(2)
    #expect((result.logProbability + ln2).magnitude < 1e-7 && (result.entropy - ln2).magnitude < 1e-7)
    #expect(result.argmax == 0 && !result.isArgmax)
  }

  @Test(arguments: InstructionSet.supported, [0, 20, 299])
  func `a score that is not a number spoils its row`(_ set: InstructionSet, _ column: Int) {
    let row = FloatBuffer(scores.buffer.window(0..<300).scalars)
    row[column] = .nan
    var sums = ScoreSums()
    set.kernels.accumulate(row.base, 0, 300, &sums)
    #expect(sums.exponentials.isNaN && sums.weightedScores.isNaN && sums.squares.isNaN && sums.scores.isNaN)
  }

  @Test(arguments: InstructionSet.supported)
  func `scores far below the largest weigh nothing and slope to the constant`(_ set: InstructionSet) {
    let row = FloatBuffer([0, -88, -103, -500, -.infinity])
    var sums = ScoreSums()
    set.kernels.accumulate(row.base, 0, 4, &sums)
    #expect(sums.exponentials == 1 && sums.squares == 1 && sums.weightedScores == 0)
    let slopes = ScoreSlopes(logSum: 0, probability: 1, entropy: 1, collision: 1, constant: 0.25)
    let out = FloatBuffer(count: 5)
    set.kernels.cotangent(row.base, slopes, MutableScalars(out.base, isBrainFloat: false), 5)
    #expect(out.scalars[1...].allSatisfy { $0 == 0.25 })
  }

  @Test func `cotangents in bfloat16 are those in single precision, rounded once`() {
    let state = statistics(chunk: 301)
    let finished = (0..<4).map { state.finished(row: $0, target: targets[$0], vocabularyCount: Self.columns) }
    let by = Array(repeating: RowCotangents(logProbability: 0.8, entropy: -0.5), count: 4)
    let (exact, rounded) = (
      Matrix<Float>(rows: 4, columns: Self.columns), Matrix<UInt16>(rows: 4, columns: Self.columns)
    )
    func write<Scalar: ActivationScalar>(_ out: Matrix<Scalar>) {
      statisticsCotangent(
        scores: scores, firstColumn: 0, targets: targets[...], finished: finished[...], cotangents: by[...],
        vocabularyCount: Self.columns, into: out)
    }
    write(exact)
    write(rounded)
    let expected = BrainFloatBuffer(count: exact.buffer.count)
    convert(exact.buffer, into: expected)
    #expect(rounded.buffer.scalars == expected.scalars)
  }

  @Test func `the gradient is that of differences`() {
    let state = statistics(chunk: 100)
    let finished = (0..<4).map { state.finished(row: $0, target: targets[$0], vocabularyCount: Self.columns) }
    let by = RowCotangents(logProbability: 0.8, entropy: -0.5, logCollision: 0.3, meanScore: 2)
    let gradient = Matrix<Float>(rows: 4, columns: Self.columns)
    for range in [0..<128, 128..<301] {
      statisticsCotangent(
        scores: scores.block(0..<4, range), firstColumn: range.lowerBound, targets: targets[...],
        finished: finished[...], cotangents: Array(repeating: by, count: 4)[...],
        vocabularyCount: Self.columns,
        into: gradient.block(0..<4, range))
    }
    for row in 0..<4 {
      let values = (0..<Self.columns).map { Double(scores[row, $0]) }
      for column in [0, 7, 127, 128, 150, 300, finished[row].argmax] {
        func objective(_ shift: Double) -> Double {
          var moved = values
          moved[column] += shift
          let parts = defined(moved, Int(targets[row]))
          return 0.8 * parts[0] - 0.5 * parts[1] + 0.3 * parts[2] + 2 * parts[3]
        }
        let slope = (objective(1e-5) - objective(-1e-5)) / 2e-5
        #expect((slope - Double(gradient[row, column])).magnitude < 3e-6)
      }
    }
  }
}
