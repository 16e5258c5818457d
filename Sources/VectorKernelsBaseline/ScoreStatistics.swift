// The head's running sums over scores, and the derivative of an objective by them.

import ProcessorFeatures
public import VectorKernelsInterface

/// Columns whose terms are added in single precision before their sum is widened.
private let columnsPerSum = 128

extension Kernels {
  public static func accumulate(_ scores: Floats, _ firstColumn: Int, _ n: Int, _ sums: inout ScoreSums) {
    raise(&sums, scores, firstColumn, n)
    let shift = Lanes(repeating: sums.largest)
    var (exponentials, weighted, squares) = (noSums(), noSums(), noSums())
    var start = 0
    while start < n {
      let end = min(n, start + columnsPerSum)
      var (exponential, product, square) = (Lanes.zero, Lanes.zero, Lanes.zero)
      while start < end {
        let isWhole = start + 16 <= n
        let x = isWhole ? (scores + start).load() : loadPart(scores + start, n - start, -.infinity)
        let shifted = Curves.raised(x - shift)
        let e = Curves.share(shifted)
        exponential += e
        product = fused(e, shifted, product)
        square = fused(e, e, square)
        start += 16
      }
      addNumbers(exponential, to: &exponentials)
      addNumbers(product, to: &weighted)
      addNumbers(square, to: &squares)
    }
    sums.exponentials += total(exponentials)
    sums.weightedScores += total(weighted)
    sums.squares += total(squares)
  }

  /// Adds these scores to their sum, and raises the running maximum to theirs, if it is larger.
  @inline(__always)
  private static func raise(_ sums: inout ScoreSums, _ scores: Floats, _ firstColumn: Int, _ n: Int) {
    var maxima = Lanes(repeating: -.infinity)
    var plain = noSums()
    forEachRun(n) {
      let x: Lanes = (scores + $0).load()
      maxima = larger(maxima, x)
      addNumbers(x, to: &plain)
    } _: {
      maxima = larger(maxima, loadPart(scores + $0, $1, -.infinity))
      addNumbers(loadPart(scores + $0, $1, 0), to: &plain)
    }
    sums.scores += total(plain)
    let next = processor_largest(maxima)
    guard next > sums.largest else { return }
    var start = 0
    while start + 16 <= n, !any((scores + start).load(Lanes.self) .== next) { start += 16 }
    while start < n, scores[start] != next { start += 1 }
    sums.argmax = firstColumn + start
    let decay = Curves.exponential(Lanes(repeating: sums.largest - next))[0]
    sums.raise(to: next, decay: Double(decay))
  }

  public static func cotangent(_ scores: Floats, _ slopes: ScoreSlopes, _ out: MutableScalars, _ n: Int) {
    out.isBrainFloat
      ? cotangent(Rounded.self, scores, slopes, out.base, n)
      : cotangent(Plain.self, scores, slopes, out.base, n)
  }

  @inline(__always)
  private static func cotangent<S: Storage>(
    _: S.Type, _ scores: Floats, _ slopes: ScoreSlopes, _ out: UnsafeMutableRawPointer, _ n: Int
  ) {
    let target = S.address(out)
    for start in stride(from: 0, to: n, by: 16) {
      let shifted = Curves.raised(Plain.load(scores + start, upTo: n - start) - slopes.logSum)
      let p = Curves.share(shifted)
      let linear = fused(shifted, Lanes(repeating: slopes.entropy), Lanes(repeating: slopes.probability))
      let slope = fused(
        fused(p, Lanes(repeating: slopes.collision), linear), p, Lanes(repeating: slopes.constant))
      S.store(slope, target + start, upTo: n - start)
    }
  }
}
