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

  public static func cotangent(_ scores: Floats, _ slopes: ScoreSlopes, _ out: MutableFloats, _ n: Int) {
    mapLanes(scores, out, n) {
      var shifted = $0 - slopes.logSum
      shifted.replace(with: lowest, where: shifted .< lowest)
      let p = Curves.exponential(shifted)
      let linear = fused(shifted, Lanes(repeating: slopes.entropy), Lanes(repeating: slopes.probability))
      return fused(fused(p, Lanes(repeating: slopes.collision), linear), p, Lanes(repeating: slopes.constant))
    }
  }
}
