// The scalar twin of the running sums over rows of scores.

package import VectorKernelsInterface

extension ScalarKernels {
  package static func accumulate(_ scores: Floats, _ firstColumn: Int, _ n: Int, _ sums: inout ScoreSums) {
    var (largest, argmax) = (sums.largest, sums.argmax)
    for i in 0..<n where scores[i] > largest { (largest, argmax) = (scores[i], firstColumn + i) }
    if largest > sums.largest {
      sums.raise(to: largest, decay: Oracle.exponential(Double(sums.largest) - Double(largest)))
      sums.argmax = argmax
    }
    for i in 0..<n {
      let shifted = Double(scores[i]) - Double(largest)
      let e = Oracle.exponential(shifted)
      sums.exponentials += e
      if e > 0 { sums.weightedScores += e * shifted }
      sums.squares += e * e
      sums.scores += Double(scores[i])
    }
  }
}
