// Divergences between rows of scores, in chunks, against double precision on every instruction set.

import Testing

@testable import VectorKernels

@Suite struct DivergenceKernelTests {
  private static func softmax(_ scores: [Float]) -> [Double] {
    let largest = Double(scores.max() ?? 0)
    let raised = scores.map { Oracle.exponential(Double($0) - largest) }
    let sum = raised.reduce(0, +)
    return raised.map { $0 / sum }
  }

  private static func rows(_ count: Int, _ columns: Int, seed: UInt64, size: Float) -> Matrix<Float> {
    let values = FloatBuffer(count: count * columns)
    fillNormal(values, deviation: Double(size), seed: seed)
    return Matrix(values, rows: count, columns: columns)
  }

  @Test(arguments: [(33, 33), (100, 17), (512, 512), (5, 1)], [Float(1), 20])
  func `sums and slopes agree with double precision`(_ widths: (columns: Int, chunk: Int), _ size: Float) {
    let (count, columns) = (3, widths.columns)
    let scores = Self.rows(count, columns, seed: 1, size: size)
    let reference = Self.rows(count, columns, seed: 2, size: size)
    let (sums, mine, its) = (
      DivergenceSums(rows: count), RowStatistics(rows: count), RowStatistics(rows: count)
    )
    let targets = [Int32](repeating: 0, count: count)
    let ranges = stride(from: 0, to: columns, by: widths.chunk).map { $0..<min($0 + widths.chunk, columns) }
    for range in ranges {
      let (s, r) = (scores.block(0..<count, range), reference.block(0..<count, range))
      accumulateDivergence(scores: s, reference: r, into: sums)
      accumulateStatistics(scores: s, firstColumn: range.lowerBound, targets: targets[...], into: mine)
      accumulateStatistics(scores: r, firstColumn: range.lowerBound, targets: targets[...], into: its)
    }
    let finished = (0..<count).map { mine.finished(row: $0, target: 0, vocabularyCount: columns) }
    let logSums = (0..<count).map { its.finished(row: $0, target: 0, vocabularyCount: columns).logSum }
    let cotangents = [0.7, 0, -1.3].map { RowCotangents(divergence: $0) }
    let slopes = Matrix<Float>(rows: count, columns: columns)
    for range in ranges {
      statisticsCotangent(
        scores: scores.block(0..<count, range), firstColumn: range.lowerBound, targets: targets[...],
        finished: finished[...], cotangents: cotangents[...], vocabularyCount: columns,
        into: slopes.block(0..<count, range))
      addReferenceSlopes(
        reference: reference.block(0..<count, range), logSums: logSums[...], cotangents: cotangents[...],
        to: slopes.block(0..<count, range))
    }
    for row in 0..<count {
      let p = Self.softmax((0..<columns).map { scores[row, $0] })
      let q = Self.softmax((0..<columns).map { reference[row, $0] })
      let expected = zip(p, q).reduce(0) {
        $0 + ($1.1 > 0 ? $1.1 * (Oracle.logarithm($1.1) - Oracle.logarithm($1.0)) : 0)
      }
      let divergence = sums.divergence(row: row, logSum: finished[row].logSum, referenceLogSum: logSums[row])
      #expect(abs(divergence - expected) < 2e-6 * max(1, Double(size)))
      for column in 0..<columns {
        let slope = cotangents[row].divergence * (p[column] - q[column])
        // A single-precision score of 60 is known to 4e-6, and so is its share.
        #expect(abs(Double(slopes[row, column]) - slope) < 2e-6 * max(1, Double(size) / 5))
      }
    }
  }

  @Test func `equal rows are at 0 to the bit, masked scores included`() {
    let scores = Self.rows(2, 40, seed: 3, size: 5)
    scores[0, 3] = -.infinity
    let (sums, state) = (DivergenceSums(rows: 2), RowStatistics(rows: 2))
    accumulateDivergence(scores: scores, reference: scores, into: sums)
    accumulateStatistics(scores: scores, firstColumn: 0, targets: [0, 0], into: state)
    for row in 0..<2 {
      let logSum = state.finished(row: row, target: 0, vocabularyCount: 40).logSum
      #expect(sums.divergence(row: row, logSum: logSum, referenceLogSum: logSum) == 0)
    }
  }
}
