// Scales, number formats and drawings.

import Plots
import Testing

@Suite struct PlotsTests {
  @Test(arguments: [
    (0.0, "0"), (1, "1"), (-12, "−12"), (0.5, "0.5000"), (-0.003456, "−0.003456"), (1234.5678, "1235"),
    (1e-7, "1.00e−7"), (2.5e9, "2.50e9"), (.nan, "NaN"), (-.infinity, "−∞"), (6.283e12 + 0.5, "6.28e12"),
  ]) func `numbers are short`(_ value: Double, _ text: String) {
    #expect(NumberFormat.short(value) == text)
  }

  @Test func `fixed decimals round and keep zeros`() {
    #expect(NumberFormat.fixed(0.125, decimals: 2) == "0.13")
    #expect(NumberFormat.fixed(-0.001, decimals: 2) == "0.00")
    #expect(NumberFormat.fixed(3, decimals: 1) == "3.0")
  }

  @Test(arguments: [
    ([0.0, 9.7], 0.0...10.0, 2.0), ([0.6931, 0.51], 0.5...0.7, 0.05), ([-3, 4], -4...4, 2),
    ([5, 5], 4.4...5.6, 0.2),
    ([], 0...1, 0.2), ([.nan, 1, 2, .infinity], 1...2, 0.2),
  ]) func `scales end on round numbers`(_ values: [Double], _ domain: ClosedRange<Double>, _ step: Double) {
    let scale = Scale(values, from: 0, to: 100)
    #expect(abs(scale.domain.lowerBound - domain.lowerBound) < 1e-9, "\(scale.domain)")
    #expect(abs(scale.domain.upperBound - domain.upperBound) < 1e-9, "\(scale.domain)")
    #expect(abs(scale.step - step) < 1e-12, "\(scale.step)")
    #expect(scale.position(scale.domain.lowerBound) == 0)
    #expect(abs(scale.position(scale.domain.upperBound) - 100) < 1e-9)
  }

  @Test func `a curve breaks where a value is not finite`() {
    let points = [(0.0, 1.0), (1, 2), (2, .nan), (3, 4), (4, 5)].map { (x: $0.0, y: $0.1) }
    let text = LinePlot(title: "loss", horizontalLabel: "step", series: [Series("a", points)]).document.text
    #expect(text.components(separatedBy: "<polyline").count == 3)
    #expect(!text.contains("nan"))
  }

  /// A run can diverge before it is stopped; its report must still be drawn.
  @Test(arguments: [
    [1, 1.0.nextUp], [-1e308, 1e308], [5e-324, 1e-323], [1e300, 1e301], [-0.0, 0], [1e-310, 0],
    [.greatestFiniteMagnitude, .greatestFiniteMagnitude], [1e15, 1e15 + 1], [.infinity, -.infinity],
  ]) func `no numbers are too strange to draw`(_ values: [Double]) {
    let scale = Scale(values, from: 0, to: 100)
    let ticks = scale.ticks
    #expect(ticks.count >= 2 && ticks.count <= 20)
    #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $0 < $1 })
    let points = values.enumerated().map { (x: Double($0), y: $1) }
    let text = LinePlot(title: "t", horizontalLabel: "h", series: [Series("s", points)]).document.text
    #expect(!text.contains("nan") && !text.contains("inf"))
  }

  @Test func `a legend takes as many rows as it needs`() {
    let series = (0..<8).map { Series("a run with a long name \($0)", [(x: 0, y: 0), (x: 1, y: 1)]) }
    let plot = LinePlot(title: "loss", horizontalLabel: "step", series: series)
    let rows = Set(plot.document.text.matches(of: /y="([0-9]+)"[^>]*>a run with/).map { String($0.1) })
    #expect(rows == ["37", "53", "69", "85"])
    #expect(plot.document.height == 348)
    let one = LinePlot(title: "loss", horizontalLabel: "step", series: [series[0]])
    #expect(one.document.height == 300)
  }

  @Test func `words are escaped`() {
    let plot = LinePlot(title: "a < b & \"c\"", horizontalLabel: "h", series: [])
    #expect(plot.document.text.contains("a &lt; b &amp; &quot;c&quot;"))
  }
}

extension String {
  fileprivate func components(separatedBy separator: String) -> [Substring] { split(separator: separator) }
}
