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

  @Test func `words are escaped`() {
    let plot = LinePlot(title: "a < b & \"c\"", horizontalLabel: "h", series: [])
    #expect(plot.document.text.contains("a &lt; b &amp; &quot;c&quot;"))
  }
}

extension String {
  fileprivate func components(separatedBy separator: String) -> [Substring] { split(separator: separator) }
}
