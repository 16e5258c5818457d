// A small world of components for the tests of this module: shapes that have areas, and shapes around shapes.

import Configuration

/// What the registry of these tests resolves to.
protocol Shape: Configurable {
  var area: Double { get }
}

/// A shape with hyperparameters of every type.
struct Square: Shape {
  enum Paint: String, CaseIterable, HyperparameterValue, Hashable {
    case red, green
    case dark = "dark-blue"
  }

  static let card = Card("square", "Four equal sides.", formula: "side²", source: "Euclid, Elements, I.46")
  static let hyperparameters: Schema<Self> = [
    Field("side", \.side, .positive, "Length of a side."),
    Field("corner_radius", \.cornerRadius, .within(0..<0.5), "How round the corners are."),
    Field("copies", \.copies, .positive, "How many there are."),
    Field("filled", \.isFilled, "Whether the inside counts."),
    Field("paint", \.paint, "Its colour."),
    Field("label", \.label, .nonempty, "What is written on it."),
    Field("weights", \.weights, .each(.nonnegative), "One weight for each side."),
    Field("limit", \.limit, .optional(.atLeast(1)), "The largest area."),
    Field("opacity", \.opacity, .numbers(.between(0, 1)), "Where the opacity comes from."),
  ]
  var side = 1.0
  var cornerRadius = 0.0
  var copies = 1
  var isFilled = true
  var paint = Paint.red
  var label = "square"
  var weights: [Double] = []
  var limit: Double?
  var opacity: NumberOr<Paint> = 0.5

  var area: Double { side * side * Double(copies) }
}

/// A shape without hyperparameters.
struct Dot: Shape {
  static let card = Card("dot", "No extent.", formula: "0", source: "Euclid, Elements, I.1")
  static let hyperparameters: Schema<Self> = []
  var area: Double { 0 }
}

/// A shape around another, with a rule across two hyperparameters.
struct Scaled: Shape {
  static let card = Card(
    "scaled", "Another shape, scaled.", formula: "s² inner", source: "Euclid, Elements, VI")
  static let hyperparameters: Schema<Self> = [
    Field("inner", \.inner, "The shape that is scaled."),
    Field("least", \.least, .positive, "The smallest factor."),
    Field("factor", \.factor, .positive, "The factor s."),
  ]
  var inner: Slot<any Shape> = "square"
  var least = 0.1
  var factor = 2.0

  func validate() throws(HyperparameterError) {
    if factor < least {
      throw HyperparameterError("factor", "must be at least 'least', \(least), not \(factor)")
    }
  }
  var area: Double { factor * factor * inner.component.area }
}

/// A shape with two others inside.
struct Union: Shape {
  static let card = Card("union", "Two shapes.", formula: "a + b", source: "Euclid, Elements, V")
  static let hyperparameters: Schema<Self> = [
    Field("first", \.first, "One shape."), Field("second", \.second, "The other."),
  ]
  var first: Slot<any Shape> = "dot"
  var second: Slot<any Shape> = "square(side=3)"
  var area: Double { first.component.area + second.component.area }
}

/// What a sum of shapes becomes.
struct Collage: Shape {
  static let card = Card("collage", "A sum.", formula: "Σ w a", source: "–")
  static let hyperparameters: Schema<Self> = []
  var parts: [(weight: Double, component: any Shape)] = []
  var area: Double { parts.reduce(0) { $0 + $1.weight * $1.component.area } }
}

/// The registry of shapes; sums are allowed.
let shapes: ComponentRegistry<any Shape> = {
  var registry = ComponentRegistry<any Shape>(
    kind: "shape",
    sum: { parts in
      var collage = Collage()
      collage.parts = parts
      return collage
    })
  do {
    try registry.register(Square.self, from: "tests", as: { $0 })
    try registry.register(Dot.self, from: "tests", as: { $0 })
    try registry.register(Scaled.self, from: "tests", as: { $0 })
    try registry.register(Union.self, from: "tests", as: { $0 })
  } catch {
    preconditionFailure("the registry of the tests: \(error)")
  }
  return registry
}()

/// What is wrong with a config string; nil where nothing is.
func mistakes(_ text: String) -> String? {
  do {
    _ = try shapes.resolve(text)
    return nil
  } catch {
    return error.description
  }
}

/// Foundation has an `Expression` too.
typealias Expression = Configuration.Expression
