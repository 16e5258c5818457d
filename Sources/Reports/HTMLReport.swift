// One page about one or several runs: what they were, where they ended, how they got there.

import Plots

/// A self-contained HTML page: no scripts, nothing fetched.
public struct HTMLReport: Sendable {
  private let runs: [RunLog]
  private let title: String

  /// A report on `runs`, curves of several runs in one chart.
  public init(runs: [RunLog], title: String) { (self.runs, self.title) = (runs, title) }

  /// The page.
  public var text: String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(SVGDocument.escaped(title))</title>
    <style>
    body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 1180px; margin: 2rem auto; padding: 0 1rem; }
    h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
    table { border-collapse: collapse; } th, td { text-align: left; padding: .2rem 1rem .2rem 0; border-bottom: 1px solid #eee; vertical-align: top; }
    td.number { text-align: right; font-variant-numeric: tabular-nums; } td.value { font-family: ui-monospace, monospace; font-size: 13px; overflow-wrap: anywhere; }
    .charts { display: flex; flex-wrap: wrap; gap: 1rem; } svg { max-width: 100%; height: auto; }
    </style>
    </head>
    <body>
    <h1>\(SVGDocument.escaped(title))</h1>
    \(figures)
    \(charts)
    \(descriptions)
    </body>
    </html>

    """
  }

  private var figures: String {
    let columns = runs.map { RunFigures($0) }
    var names: [String] = []
    for column in columns { names += column.rows.map(\.name).filter { !names.contains($0) } }
    let header = runs.map { "<th>\(SVGDocument.escaped($0.name))</th>" }.joined()
    let rows = names.map { name in
      let cells = runs.map { run in
        "<td class=\"number\">\(run.last(name).map(NumberFormat.short) ?? "")</td>"
      }
      return "<tr><td>\(SVGDocument.escaped(name))</td>\(cells.joined())</tr>"
    }
    return """
      <h2>Final figures</h2>
      <table><tr><th></th>\(header)</tr>
      \(rows.joined(separator: "\n"))
      </table>
      """
  }

  private var charts: String {
    let drawings = (RunFigures.charts + RunFigures.furtherCharts(runs)).compactMap { chart -> String? in
      let series = runs.flatMap { run in
        chart.metrics.compactMap { metric -> Series? in
          let points = run.curve(metric)
          guard !points.isEmpty else { return nil }
          return Series(runs.count > 1 ? "\(run.name): \(metric)" : metric, points)
        }
      }
      guard !series.isEmpty else { return nil }
      return LinePlot(title: chart.title, horizontalLabel: "step", series: series).document.text
    }
    return "<h2>Curves</h2>\n<div class=\"charts\">\n\(drawings.joined())</div>"
  }

  private var descriptions: String {
    runs.filter { !$0.description.isEmpty }.map { run in
      let rows = run.description.map { key, value in
        "<tr><td>\(SVGDocument.escaped(key))</td><td class=\"value\">\(SVGDocument.escaped(value))</td></tr>"
      }
      return """
        <h2>\(SVGDocument.escaped(run.name)) as it was run</h2>
        <table>
        \(rows.joined(separator: "\n"))
        </table>
        """
    }.joined(separator: "\n")
  }
}
