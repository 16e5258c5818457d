// Where a loss is lowest and what becomes of it far out, read off its curve.

import PreferenceCore

/// The shape of a loss as a function of one pair's log-ratio margin.
struct LossShape: Sendable {
  /// Value and slope where the margin is 0.
  let start: (value: Double, slope: Double)
  /// Where it is lowest, in words.
  let minimum: String
  /// What becomes of it towards −∞ and +∞, in words.
  let left: String, right: String

  /// Looks at margins of up to 60 in units of the loss's own scale.
  init(of loss: any PreferenceLoss) {
    let reach = LossPlot.reach(of: loss) * 10
    let middle = LossCurve(of: loss, over: -reach...reach, count: 2001)
    start = (middle.values[1000], middle.slopes[1000])
    minimum = Self.minimum(of: loss, middle)
    left = Self.tail(LossCurve(of: loss, over: -2 * reach ... -reach, count: 2), from: 1, to: 0)
    right = Self.tail(LossCurve(of: loss, over: reach...(2 * reach), count: 2), from: 0, to: 1)
  }

  private static func minimum(of loss: any PreferenceLoss, _ curve: LossCurve) -> String {
    let finite = curve.values.filter(\.isFinite)
    guard let lowest = finite.min(), let highest = finite.max(), highest > lowest else {
      return "the same everywhere"
    }
    let (first, last) = lowestPlaces(curve)
    let end = curve.margins.count - 1
    if first == 0 || last == end {
      // A plateau, not a tail that is merely too small to see.
      let isFlat = last > first && curve.slopes[first == 0 ? 0 : end] == 0
      guard isFlat else { return "none: falls towards \(first == 0 ? "−∞" : "+∞")" }
      let edge = first == 0 ? last : first
      let place = refined(loss, curve.margins[max(0, edge - 1)]...curve.margins[min(end, edge + 1)]) {
        zoomed in
        let (first, last) = lowestPlaces(zoomed)
        return zoomed.values[0] > zoomed.values[zoomed.values.count - 1] ? first : last
      }
      let value = short(lowest, besides: highest)
      return first == 0 ? "\(value) up to h = \(short(place))" : "\(value) from h = \(short(place)) on"
    }
    let place = refined(loss, curve.margins[first - 1]...curve.margins[last + 1]) { zoomed in
      let (first, last) = lowestPlaces(zoomed)
      return (first + last) / 2
    }
    let value = LossCurve(of: loss, over: place...(place + 1), count: 2).values[0]
    return "\(short(value, besides: highest)) at h = \(short(place))"
  }

  /// The first and the last place where the curve is as low as it gets.
  private static func lowestPlaces(_ curve: LossCurve) -> (first: Int, last: Int) {
    let finite = curve.values.filter(\.isFinite)
    guard let lowest = finite.min(), let highest = finite.max() else { return (0, 0) }
    let room = 1e-9 * (highest - lowest)
    let places = curve.values.indices.filter { curve.values[$0] - lowest <= room }
    return (places.first ?? 0, places.last ?? 0)
  }

  /// A place between two margins, looked at ever more closely.
  private static func refined(
    _ loss: any PreferenceLoss, _ range: ClosedRange<Double>, _ choose: (LossCurve) -> Int
  ) -> Double {
    var range = range
    var place = range.lowerBound
    for _ in 0..<4 {
      let curve = LossCurve(of: loss, over: range, count: 101)
      let index = choose(curve)
      place = curve.margins[index]
      range = curve.margins[max(0, index - 1)]...curve.margins[min(100, index + 1)]
    }
    return place
  }

  private static func short(_ value: Double, besides largest: Double = 1) -> String {
    Numbers.short(abs(value) < 1e-7 * max(1e-300, abs(largest)) ? 0 : value)
  }

  /// The two ends of a stretch far out, the nearer first.
  private static func tail(_ curve: LossCurve, from near: Int, to far: Int) -> String {
    let (values, slopes) = (curve.values, curve.slopes)
    guard values[near].isFinite, values[far].isFinite, slopes[far].isFinite else {
      return "grows beyond all numbers"
    }
    if abs(values[far] - values[near]) <= 1e-3 * max(1e-3, abs(values[near])) {
      return abs(values[far]) < 1e-6 ? "falls to 0" : "levels off at \(Numbers.short(values[far]))"
    }
    if abs(slopes[far] - slopes[near]) <= 0.02 * abs(slopes[near]) {
      return "straight, \(Numbers.short(slopes[far])) a nat"
    }
    return abs(slopes[far]) > abs(slopes[near]) ? "steeper and steeper" : "flatter and flatter"
  }
}
