// The head's running sums over scores, and the derivative of an objective by them.

public import VectorKernelsInterface

/// Below it the exponential is 0; clamping there keeps 0·(−∞) out of the sums.
private let lowest: Float = -150

extension Kernels {
  public static func accumulate(_ scores: Floats, _ firstColumn: Int, _ n: Int, _ sums: inout ScoreSums) {
    raise(&sums, scores, firstColumn, n)
    let shift = Lanes(repeating: sums.largest)
    var (exponentials, weighted) = (noSums(), noSums())
    var (squares, plain) = (noSums(), noSums())
    @inline(__always) func add(_ x: Lanes) {
      var shifted = x - shift
      shifted.replace(with: lowest, where: shifted .< lowest)
      let e = Curves.exponential(shifted)
      addNumbers(e, to: &exponentials)
      addProducts(e, shifted, to: &weighted)
      addProducts(e, e, to: &squares)
    }
    forEachRun(n) {
      let x: Lanes = (scores + $0).load()
      add(x)
      addNumbers(x, to: &plain)
    } _: {
      add(loadPart(scores + $0, $1, -.infinity))
      addNumbers(loadPart(scores + $0, $1, 0), to: &plain)
    }
    sums.exponentials += total(exponentials)
    sums.weightedScores += total(weighted)
    sums.squares += total(squares)
    sums.scores += total(plain)
  }

  /// Raises the running maximum to that of these scores, if it is larger.
  @inline(__always)
  private static func raise(_ sums: inout ScoreSums, _ scores: Floats, _ firstColumn: Int, _ n: Int) {
    var maxima = Lanes(repeating: -.infinity)
    forEachRun(n) {
      maxima = larger(maxima, (scores + $0).load())
    } _: {
      maxima = larger(maxima, loadPart(scores + $0, $1, -.infinity))
    }
    let next = largest(maxima)
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
    @inline(__always) func slope(_ score: Lanes) -> Lanes {
      var shifted = score - slopes.logSum
      shifted.replace(with: lowest, where: shifted .< lowest)
      let p = Curves.exponential(shifted)
      let linear = fused(shifted, Lanes(repeating: slopes.entropy), Lanes(repeating: slopes.probability))
      return fused(fused(p, Lanes(repeating: slopes.collision), linear), p, Lanes(repeating: slopes.constant))
    }
    forEachRun(n) {
      S.store(slope((scores + $0).load()), target + $0)
    } _: {
      S.storePart(slope(loadPart(scores + $0, $1, 0)), target + $0, $1)
    }
  }
}
