// Shapes and words as SVG text: the only place that knows the format.

/// A drawing under construction; `text` is the finished document.
public struct SVGDocument: Sendable {
  /// Size in pixels.
  public let width: Double, height: Double
  private let title: String
  private var body: [String] = []

  /// An empty sheet, in pixels. `title` is what screen readers say.
  public init(width: Double, height: Double, title: String) {
    (self.width, self.height, self.title) = (width, height, title)
  }

  /// Adds a straight line.
  public mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, color: String, thickness: Double = 1
  ) {
    body.append(
      "<line x1=\"\(at(x1))\" y1=\"\(at(y1))\" x2=\"\(at(x2))\" y2=\"\(at(y2))\" stroke=\"\(color)\""
        + " stroke-width=\"\(at(thickness))\"/>")
  }

  /// Adds a line through `points`.
  public mutating func path(_ points: [(x: Double, y: Double)], color: String, thickness: Double = 1.8) {
    guard points.count > 1 else {
      if let only = points.first { dot(only.x, only.y, color: color) }
      return
    }
    let text = points.map { "\(at($0.x)),\(at($0.y))" }.joined(separator: " ")
    body.append(
      "<polyline points=\"\(text)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"\(at(thickness))\""
        + " stroke-linejoin=\"round\"/>")
  }

  /// Adds a small disc.
  public mutating func dot(_ x: Double, _ y: Double, color: String) {
    body.append("<circle cx=\"\(at(x))\" cy=\"\(at(y))\" r=\"2.5\" fill=\"\(color)\"/>")
  }

  /// Where a text stands relative to its position.
  public enum Anchor: String, Sendable { case start, middle, end }

  /// Adds words.
  public mutating func text(
    _ words: String, _ x: Double, _ y: Double, anchor: Anchor = .start, size: Double = 12,
    color: String = "#333333", isBold: Bool = false
  ) {
    body.append(
      "<text x=\"\(at(x))\" y=\"\(at(y))\" text-anchor=\"\(anchor.rawValue)\" font-size=\"\(at(size))\""
        + " fill=\"\(color)\"\(isBold ? " font-weight=\"600\"" : "")>\(Self.escaped(words))</text>")
  }

  /// Puts another drawing on this one, its corner at the given place.
  public mutating func place(_ other: SVGDocument, x: Double, y: Double) {
    body.append("<g transform=\"translate(\(at(x)) \(at(y)))\">\n\(other.body.joined(separator: "\n"))\n</g>")
  }

  /// The document.
  public var text: String {
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(at(width)) \(at(height))\" width=\"\(at(width))\""
      + " height=\"\(at(height))\" role=\"img\" aria-label=\"\(Self.escaped(title))\""
      + " font-family=\"system-ui, sans-serif\">\n" + body.joined(separator: "\n") + "\n</svg>\n"
  }

  /// `words` with the characters escaped that mean something in markup.
  public static func escaped(_ words: String) -> String {
    var result = ""
    for character in words {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
    return result
  }

  private func at(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
