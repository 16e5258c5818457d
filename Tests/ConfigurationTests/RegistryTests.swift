// Tests of resolving: values, defaults, canonical spelling and listings.

import Configuration
import Testing

@Suite struct RegistryTests {
  @Test(arguments: [
    ("square", 1.0), ("square(side=3)", 9), ("square(side=3, copies=2)", 18), ("dot", 0), ("scaled", 4),
    ("scaled(square(side=2))", 16), ("scaled(inner=square(side=2), factor=3)", 36),
    ("0.5*square + 2*dot", 0.5),
    ("scaled(0.5*square + square(side=2))", 18), ("union", 9), ("union(square)", 10),
    ("union(square, square)", 2), ("union(second=dot)", 0), ("-2*square", -2),
    ("scaled('square(side=2)')", 16),
  ])
  func `resolves to a component with its hyperparameters`(_ text: String, _ area: Double) throws {
    #expect(try shapes.resolve(text).area == area)
  }

  @Test func `sets hyperparameters of every type`() throws {
    let text = """
      square(side=2, corner_radius=0.25, copies=3, filled=false, paint=dark-blue, label='two words',
      weights=[1, 2.5], limit=7, opacity=green)
      """
    let square = try #require(try shapes.resolve(text) as? Square)
    #expect(square.side == 2)
    #expect(square.cornerRadius == 0.25)
    #expect(square.copies == 3)
    #expect(!square.isFilled)
    #expect(square.paint == .dark)
    #expect(square.label == "two words")
    #expect(square.weights == [1, 2.5])
    #expect(square.limit == 7)
    #expect(square.opacity == .word(.green))
    let other = try #require(try shapes.resolve("square(limit=none, opacity=0.25)") as? Square)
    #expect(other.limit == nil)
    #expect(other.opacity == 0.25)
  }

  /// What is typed, and its canonical spelling without and with defaults.
  @Test(arguments: [
    ("dot()", "dot", "dot"),
    ("scaled(inner=dot)", "scaled(dot)", "scaled(dot, least=0.1, factor=2)"),
    (
      "scaled(factor=3, inner=union)", "scaled(union, factor=3)",
      "scaled(union(dot, square(side=3)), least=0.1, factor=3)"
    ),
    ("union(second=dot)", "union(second=dot)", "union(dot, dot)"),
    ("union(dot, square(side=3.0))", "union", "union(dot, square(side=3))"),
    ("2 * scaled(dot)+dot", "2*scaled(dot) + dot", "2*scaled(dot, least=0.1, factor=2) + dot"),
  ])
  func `spells canonically, with and without defaults`(_ text: String, _ brief: String, _ full: String) throws
  {
    #expect(try shapes.canonical(text).description == brief)
    let tail =
      ", corner_radius=0, copies=1, filled=true, paint=red, label=square, weights=[], limit=none, opacity=0.5"
    let all = try shapes.canonical(text, includingDefaults: true).description
    #expect(all.replacing(tail, with: "") == full)
    #expect(try shapes.canonical(all).description == brief)
    #expect(try shapes.canonical(brief, includingDefaults: true).description == all)
    #expect(try shapes.resolve(brief).area == shapes.resolve(text).area)
  }

  @Test func `a component made in code spells itself`() throws {
    var square = Square()
    #expect(square.expression().description == "square")
    square.side = 1e-6
    square.paint = .dark
    #expect(square.expression().description == "square(side=1e-06, paint=dark-blue)")
    #expect(try shapes.resolve("scaled(dot)").expression().description == "scaled(dot)")
    #expect(Square.hyperparameters.arguments(of: square).count == 9)
  }

  @Test func `an expression resolves like its text`() throws {
    let expression = try Expression(parsing: "scaled(square(side=2))")
    #expect(try shapes.resolve(expression).area == 16)
  }

  @Test func `lists a component in columns`() {
    #expect(
      shapes.entries["scaled"]?.description == """
        scaled         Another shape, scaled.
          s² inner   [Euclid, Elements, VI]
            inner=square  shape       The shape that is scaled.
            least=0.1     number > 0  The smallest factor.
            factor=2      number > 0  The factor s.
        """)
    let types = shapes.entries["square"]?.hyperparameters.map(\.typeAndRange)
    #expect(
      types == [
        "number > 0", "number in [0, 0.5)", "integer > 0", "true|false", "red|green|dark-blue",
        "text not empty", "[number, …] each ≥ 0", "number|none ≥ 1", "red|green|dark-blue|number in (0, 1)",
      ])
  }

  @Test func `names are taken once and can be typed`() {
    var registry = shapes
    #expect {
      try registry.register(Dot.self, from: "acme", as: { $0 })
    } throws: {
      "\($0)" == "'dot' is brought by 'tests' and again by 'acme'"
    }
    struct Misnamed: Shape {
      static let card = Card("My Shape", "", formula: "", source: "")
      static let hyperparameters: Schema<Self> = []
      var area: Double { 0 }
    }
    #expect {
      try registry.register(Misnamed.self, from: "acme", as: { $0 })
    } throws: {
      "\($0)" == "'My Shape' is not a name: use lower-case letters, digits and hyphens"
    }
  }
}

@Suite struct SlotTrapTests {
  @Test func `reading a slot that was never resolved traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Scaled().area
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("'square' was never resolved; build its owner with a registry"))
  }

  @Test func `a default that is no expression traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let slot: Slot<Int> = "square("
      _ = slot.expression
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("Slot: this '(' is never closed"))
  }
}
