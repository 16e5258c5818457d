// Curves over a common axis: what reports and `explain --plot` draw.

/// One curve.
public struct Series: Sendable {
  /// What the legend calls it.
  public let name: String
  /// Points in drawing order; one that is not finite leaves a gap.
  public let points: [(x: Double, y: Double)]

  /// A curve through `points`.
  public init(_ name: String, _ points: [(x: Double, y: Double)]) {
    (self.name, self.points) = (name, points)
  }
}

/// Some curves with axes, ticks and a legend.
public struct LinePlot: Sendable {
  /// What stands above the curves.
  public var title: String
  /// What the horizontal axis measures.
  public var horizontalLabel: String
  /// The curves, in the order of their colours.
  public var series: [Series]
  /// In pixels; a legend of several rows adds to the height.
  public var width: Double = 560, height: Double = 300

  /// Curves over a common axis.
  public init(title: String, horizontalLabel: String, series: [Series]) {
    (self.title, self.horizontalLabel, self.series) = (title, horizontalLabel, series)
  }

  /// Colours that differ in lightness as well as in hue, in order of use.
  static let palette = ["#2563a8", "#c2571a", "#2f7d4f", "#7a4fa3", "#8a6d0b", "#b0325c"]

  /// The drawing.
  public var document: SVGDocument {
    let legend = series.count > 1 || series.first?.name != title ? legendPlaces : []
    let top = 46 + Self.legendLine * Double(max(0, (legend.last?.row ?? 0)))
    var sheet = SVGDocument(width: width, height: height + top - 46, title: title)
    let points = series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    let across = Scale(points.map(\.x), from: 56, to: width - 16, tickCount: 6)
    let up = Scale(points.map(\.y), from: sheet.height - 44, to: top)
    sheet.text(title, 16, 20, size: 13, isBold: true)
    drawAxes(across, up, on: &sheet)
    for (index, curve) in series.enumerated() {
      let color = Self.palette[index % Self.palette.count]
      for run in Self.unbroken(curve.points) {
        sheet.path(run.map { (across.position($0.x), up.position($0.y)) }, color: color)
      }
    }
    for (index, place) in legend.enumerated() {
      let color = Self.palette[index % Self.palette.count]
      let y = 33 + Self.legendLine * Double(place.row)
      sheet.line(place.x, y, place.x + 16, y, color: color, thickness: 2.5)
      sheet.text(series[index].name, place.x + 21, y + 4, size: 11, color: "#333333")
    }
    return sheet
  }

  private static let legendLine = 16.0

  /// Where the name of each curve stands: as many in a row as fit.
  private var legendPlaces: [(x: Double, row: Int)] {
    var (x, row) = (16.0, 0)
    return series.map { curve in
      let room = 36 + 6.2 * Double(curve.name.count)
      if x > 16, x + room > width { (x, row) = (16, row + 1) }
      defer { x += room }
      return (x, row)
    }
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
      horizontalLabel, (across.start + across.end) / 2, sheet.height - 8, anchor: .middle, size: 11,
      color: "#555555")
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
