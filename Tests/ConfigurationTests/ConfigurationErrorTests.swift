// Tests of every message about a configuration, word for word.

import Configuration
import Testing

@Suite struct ConfigurationErrorTests {
  @Test(arguments: [
    ("sqare", "unknown shape 'sqare'; did you mean 'square'?"),
    ("SQUARE", "unknown shape 'SQUARE'; did you mean 'square'?"),
    ("triangle", "unknown shape 'triangle'; there are dot, scaled, square, union"),
    ("square(side=-1)", "'square': 'side' must be > 0, not -1"),
    ("square(side=0)", "'square': 'side' must be > 0, not 0"),
    ("square(corner_radius=0.5)", "'square': 'corner_radius' must be in [0, 0.5), not 0.5"),
    ("square(sides=4)", "'square' has no hyperparameter 'sides'; did you mean 'side'? it has \(Self.all)"),
    (
      "square(corner-radius=0)",
      "'square' has no hyperparameter 'corner-radius'; did you mean 'corner_radius'? it has \(Self.all)"
    ),
    ("square(gamma=1)", "'square' has no hyperparameter 'gamma'; it has \(Self.all)"),
    ("dot(beta=1)", "'dot' has no hyperparameter 'beta'; it has none"),
    ("square(side=long)", "'square': 'side' takes a number, not 'long'"),
    ("square(side=nan)", "'square': 'side' takes a number, not 'nan'"),
    ("square(side=[1])", "'square': 'side' takes a number, not '[1]'"),
    ("square(copies=1.5)", "'square': 'copies' takes a whole number, not '1.5'"),
    ("square(filled=yes)", "'square': 'filled' takes true or false, not 'yes'"),
    ("square(filled=ture)", "'square': 'filled' takes true or false, not 'ture'; did you mean 'true'?"),
    ("square(paint=blue)", "'square': 'paint' takes red, green or dark-blue, not 'blue'"),
    (
      "square(paint=gren)",
      "'square': 'paint' takes red, green or dark-blue, not 'gren'; did you mean 'green'?"
    ),
    ("square(label=3)", "'square': 'label' takes a text, not '3'"),
    ("square(label='')", "'square': 'label' must be not empty, not ''"),
    ("square(weights=1)", "'square': 'weights' takes a list in brackets, each a number, not '1'"),
    ("square(weights=[1, -2])", "'square': 'weights' must be each ≥ 0, not [1, -2]"),
    ("square(limit=0.5)", "'square': 'limit' must be ≥ 1, not 0.5"),
    ("square(limit=nobody)", "'square': 'limit' takes a number or none, not 'nobody'"),
    ("square(opacity=1)", "'square': 'opacity' must be in (0, 1), not 1"),
    ("square(opacity=pale)", "'square': 'opacity' takes red, green, dark-blue or a number, not 'pale'"),
    ("square(side=1, side=2)", "'square' is given 'side' twice"),
    ("scaled(dot, inner=dot)", "'scaled' is given 'inner' twice"),
    ("dot(square)", "'dot' takes no inner component, but was given 'square'"),
    ("square(dot)", "'square' takes no inner component, but was given 'dot'"),
    (
      "square(3)",
      "'square' takes no inner component, but was given '3'; name the hyperparameter, as in side=3"
    ),
    ("scaled(dot, 3)", "'scaled' takes only 'inner' without a name, but was also given '3'"),
    (
      "union(dot, dot, dot)",
      "'union' takes only the inner components 'first', 'second' without a name, but was also given 'dot'"
    ),
    ("scaled(inner=0.5)", "'scaled': 'inner' takes a shape, not '0.5'"),
    ("scaled(sqare)", "unknown shape 'sqare'; did you mean 'square'?"),
    ("scaled(factor=0.05)", "'scaled': 'factor' must be at least 'least', 0.1, not 0.05"),
  ])
  func `says what is wrong`(_ text: String, _ message: String) {
    #expect(mistakes(text) == message)
  }

  static let all = "side, corner_radius, copies, filled, paint, label, weights, limit, opacity"

  @Test func `reports every mistake of an expression at once`() {
    let text = "0.5*sqare + scaled(square(side=-1, paint=blue), factr=2) + dot(square)"
    #expect(
      mistakes(text) == """
        unknown shape 'sqare'; did you mean 'square'?
        'scaled' has no hyperparameter 'factr'; did you mean 'factor'? it has inner, least, factor
        'square': 'side' must be > 0, not -1
        'square': 'paint' takes red, green or dark-blue, not 'blue'
        'dot' takes no inner component, but was given 'square'
        """)
    do {
      _ = try shapes.resolve(text)
    } catch {
      #expect(error.problems.count == 5)
      #expect(
        error.problems[0] == .unknown(kind: "shape", name: "sqare", known: shapes.entries.keys.sorted()))
    }
  }

  @Test(arguments: [
    ("optimizer", "an optimizer cannot be a sum"), ("schedule", "a schedule cannot be a sum"),
  ])
  func `refuses sums where nobody says how to add`(_ kind: String, _ message: String) throws {
    var registry = ComponentRegistry<any Shape>(kind: kind)
    try registry.register(Dot.self, from: "tests", as: { $0 })
    for text in ["0.5*dot + dot", "0.5*dot"] {
      #expect {
        try registry.resolve(text)
      } throws: {
        "\($0)" == message
      }
    }
    #expect(try registry.resolve("dot").area == 0)
  }

  @Test func `a component that contains itself by default is refused`() throws {
    struct Endless: Shape {
      static let card = Card("endless", "", formula: "", source: "")
      static let hyperparameters: Schema<Self> = [Field("inner", \.inner, "Itself.")]
      var inner: Slot<any Shape> = "endless"
      var area: Double { 0 }
    }
    var registry = shapes
    try registry.register(Endless.self, from: "tests", as: { $0 })
    #expect {
      try registry.resolve("endless")
    } throws: {
      "\($0)" == "the shape contains itself without end"
    }
    #expect(try registry.resolve("endless(dot)").area == 0)
  }
}
