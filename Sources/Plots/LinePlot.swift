// Curves over a common axis: what reports and `explain --plot` draw.

/// One curve.
public struct Series: Sendable {
  public let name: String
  /// Points in drawing order; one that is not finite leaves a gap.
  public let points: [(x: Double, y: Double)]

  public init(_ name: String, _ points: [(x: Double, y: Double)]) {
    (self.name, self.points) = (name, points)
  }
}

/// Some curves with axes, ticks and a legend.
public struct LinePlot: Sendable {
  public var title: String
  public var horizontalLabel: String
  public var series: [Series]
  public var width: Double = 560, height: Double = 300

  public init(title: String, horizontalLabel: String, series: [Series]) {
    (self.title, self.horizontalLabel, self.series) = (title, horizontalLabel, series)
  }

  /// Colours that differ in lightness as well as in hue, in order of use.
  static let palette = ["#2563a8", "#c2571a", "#2f7d4f", "#7a4fa3", "#8a6d0b", "#b0325c"]

  /// The drawing.
  public var document: SVGDocument {
    var sheet = SVGDocument(width: width, height: height, title: title)
    let points = series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    let across = Scale(points.map(\.x), from: 56, to: width - 16, tickCount: 6)
    let up = Scale(points.map(\.y), from: height - 44, to: 46)
    sheet.text(title, 16, 20, size: 13, isBold: true)
    drawAxes(across, up, on: &sheet)
    for (index, curve) in series.enumerated() {
      let color = Self.palette[index % Self.palette.count]
      for run in Self.unbroken(curve.points) {
        sheet.path(run.map { (across.position($0.x), up.position($0.y)) }, color: color)
      }
    }
    if series.count > 1 || series.first?.name != title { drawLegend(on: &sheet) }
    return sheet
  }

  private func drawAxes(_ across: Scale, _ up: Scale, on sheet: inout SVGDocument) {
    for tick in up.ticks {
      let y = up.position(tick)
      sheet.line(across.start, y, across.end, y, color: tick == 0 ? "#999999" : "#e4e4e4")
      sheet.text(up.label(tick), across.start - 6, y + 4, anchor: .end, size: 11, color: "#555555")
    }
    for tick in across.ticks {
      let x = across.position(tick)
      sheet.line(x, up.start, x, up.start + 4, color: "#999999")
      sheet.text(across.label(tick), x, up.start + 17, anchor: .middle, size: 11, color: "#555555")
    }
    sheet.line(across.start, up.start, across.end, up.start, color: "#999999")
    sheet.text(
      horizontalLabel, (across.start + across.end) / 2, height - 8, anchor: .middle, size: 11,
      color: "#555555")
  }

  private func drawLegend(on sheet: inout SVGDocument) {
    var x = 16.0
    for (index, curve) in series.enumerated() {
      let color = Self.palette[index % Self.palette.count]
      sheet.line(x, 33, x + 16, 33, color: color, thickness: 2.5)
      sheet.text(curve.name, x + 21, 37, size: 11, color: "#333333")
      x += 36 + 6.2 * Double(curve.name.count)
    }
  }

  /// The stretches of finite points.
  static func unbroken(_ points: [(x: Double, y: Double)]) -> [[(x: Double, y: Double)]] {
    var runs: [[(x: Double, y: Double)]] = [[]]
    for point in points {
      if point.x.isFinite, point.y.isFinite {
        runs[runs.count - 1].append(point)
      } else if runs.last?.isEmpty == false {
        runs.append([])
      }
    }
    return runs.filter { !$0.isEmpty }
  }
}
