// Draws a token from a row of scores.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The place of the first largest score.
public func argmax(_ scores: FloatBuffer) -> Int {
  precondition(scores.count > 0, "argmax: no scores")
  var best = 0
  for i in 1..<scores.count where scores.base[i] > scores.base[best] { best = i }
  return best
}

/// Draws from `softmax(scores/temperature)`, cut to the fewest most probable tokens that together reach
/// `topP`; `uniform`, in `0..<1`, decides which.
///
/// - Precondition: `temperature` is positive and `topP` in `0..<=1`.
public func sample(_ scores: FloatBuffer, temperature: Double, topP: Double, uniform: Double) -> Int {
  precondition(
    temperature > 0 && topP > 0 && topP <= 1, "sample: temperature \(temperature), top-p \(topP)")
  let largest = Double(scores.base[argmax(scores)])
  var shares = (0..<scores.count).map { exp((Double(scores.base[$0]) - largest) / temperature) }
  let total = shares.reduce(0, +)
  var order = Array(0..<scores.count)
  var kept = total
  if topP < 1 {
    order.sort { (shares[$1], $0) < (shares[$0], $1) }
    var sum = 0.0
    var count = 0
    while count < order.count, sum < topP * total {
      sum += shares[order[count]]
      count += 1
    }
    for place in order[count...] { shares[place] = 0 }
    order.removeLast(order.count - count)
    kept = sum
  }
  var left = uniform * kept
  for place in order {
    left -= shares[place]
    if left < 0 { return place }
  }
  return order[0]
}

/// A number in `0..<1` that `seed` and `index` determine.
public func uniformNumber(seed: UInt64, index: Int) -> Double { uniform(seed, UInt64(index)) }
