// Tests of expressions: parsing, canonical printing, JSON, and that each undoes the other.

import Configuration
import Foundation
import Testing

@Suite struct ExpressionTests {
  /// What is typed and how it is spelled canonically.
  @Test(arguments: [
    ("dpo", "dpo"), ("dpo()", "dpo"), ("  dpo ( beta = 0.10 ) ", "dpo(beta=0.1)"), ("1*dpo", "dpo"),
    ("((dpo))", "dpo"), ("0.7*dpo+0.3*ipo", "0.7*dpo + 0.3*ipo"), ("dpo + 1*ipo", "dpo + ipo"),
    ("-0.5*dpo + ipo", "-0.5*dpo + ipo"), ("0.5*dpo", "0.5*dpo"), ("2*(dpo + ipo)", "2*(dpo + ipo)"),
    ("dpo + (ipo + 2*kto)", "dpo + (ipo + 2*kto)"), ("2*(3*dpo)", "2*(3*dpo)"), ("(0.5*dpo)", "0.5*dpo"),
    ("mrpo(sampo(0.5*dpo + 0.5*focalpo), alpha=0.1)", "mrpo(sampo(0.5*dpo + 0.5*focalpo), alpha=0.1)"),
    ("x(a=1e-6)", "x(a=1e-06)"), ("x(a=1E+3)", "x(a=1000)"), ("x(a=.5)", "x(a=0.5)"), ("x(a=5.)", "x(a=5)"),
    ("x(a=-0.25)", "x(a=-0.25)"), ("x(a=0.1e-3)", "x(a=0.0001)"), ("x(a=1e300)", "x(a=1e+300)"),
    ("x(a=123456789012345678)", "x(a=1.2345678901234568e+17)"), ("x(a=[])", "x(a=[])"),
    ("x(a=[1, two , [3]])", "x(a=[1, two, [3]])"), ("x(a=\"two words\")", "x(a='two words')"),
    ("x(a='plain')", "x(a=plain)"), ("x(a='it\\'s')", "x(a='it\\'s')"), ("x(a=\"it's\")", "x(a='it\\'s')"),
    ("x(a='back\\\\slash')", "x(a='back\\\\slash')"), ("x(a='line\\nbreak')", "x(a='line\\nbreak')"),
    ("x(a='0.5')", "x(a='0.5')"), ("x(a='')", "x(a='')"), ("x(a='naïve')", "x(a='naïve')"),
    ("x(a=none)", "x(a=none)"), ("x(a=true)", "x(a=true)"), ("x(\n  a=1,\n  b=2\n)", "x(a=1, b=2)"),
    ("x(a=y(b=1))", "x(a=y(b=1))"), ("x(a=0.5*y)", "x(a=0.5*y)"), ("x(y, z)", "x(y, z)"),
    ("x(a=(y + z))", "x(a=y + z)"), ("label_smoothing2-x", "label_smoothing2-x"),
  ])
  func `prints canonically and reads back equal`(_ typed: String, _ canonical: String) throws {
    let expression = try Expression(parsing: typed)
    #expect(expression.description == canonical)
    let again = try Expression(parsing: expression.description)
    #expect(again == expression)
    #expect(again.hashValue == expression.hashValue)
    #expect(again.description == canonical)
  }

  @Test(arguments: [
    "dpo", "dpo(beta=0.1, label_smoothing=1e-06)", "0.7*dpo + 0.3*ipo(tau=2)", "dpo + ipo", "0.5*dpo",
    "2*(dpo + 3*ipo) + kto", "mrpo(sampo(0.5*dpo + focalpo), alpha=0.1)",
    "x(inner=0.5*dpo + ipo, b=[1, two])",
    "x(a=true, b='two words', c=none, d=[], e=[[1], [2, 3]])", "x(y, z, a=y(b=-1.5))", "x(a='0.5')",
    "x(a=[y(b=1), z])",
  ])
  func `JSON undoes itself`(_ text: String) throws {
    let expression = try Expression(parsing: text)
    let json = try JSONEncoder().encode(expression)
    #expect(try JSONDecoder().decode(Expression.self, from: json) == expression)
  }

  @Test(arguments: [
    (#""0.7*dpo + ipo""#, "0.7*dpo + ipo"), (#"{"name": "dpo", "beta": 0.1}"#, "dpo(beta=0.1)"),
    (#"{"name": "sampo", "inner": {"name": "dpo", "beta": 0.1}}"#, "sampo(inner=dpo(beta=0.1))"),
    (#"{"name": "sampo", "inner": "dpo"}"#, "sampo(inner=dpo)"),
    (#"[{"name": "dpo", "weight": 0.7}, {"name": "ipo"}]"#, "0.7*dpo + ipo"),
    (#"["dpo", "ipo"]"#, "dpo + ipo"),
    (#"{"name": "dpo", "weight": 2}"#, "2*dpo"),
    (#"{"name": "x", "a": null, "b": false}"#, "x(a=none, b=false)"),
    (
      #"{"name": "x", "inner": [{"name": "dpo", "weight": 1}, {"name": "ipo", "weight": 2}]}"#,
      "x(inner=dpo + 2*ipo)"
    ),
    (#"{"name": "x", "arguments": ["dpo"], "a": ["b", 2]}"#, "x(dpo, a=[b, 2])"),
    (#"[{"weight": 2, "sum": ["dpo", "ipo"]}, "kto"]"#, "2*(dpo + ipo) + kto"),
  ])
  func `reads JSON as people write it`(_ json: String, _ canonical: String) throws {
    #expect(try JSONDecoder().decode(Expression.self, from: Data(json.utf8)).description == canonical)
  }

  @Test(arguments: [
    (#"{"beta": 0.1, "alpha": 2}"#, "an object for a component needs a 'name'; this one has alpha, beta"),
    ("[]", "a sum needs at least one component"),
    (#""dpo(""#, "this '(' is never closed\n  dpo(\n     ^"),
  ])
  func `says what is wrong with JSON`(_ json: String, _ message: String) {
    #expect {
      try JSONDecoder().decode(Expression.self, from: Data(json.utf8))
    } throws: {
      "\($0)" == message
    }
  }

  @Test func `the order of named arguments does not matter, that of bare ones does`() throws {
    #expect(try Expression(parsing: "x(a=1, b=2)") == Expression(parsing: "x(b=2, a=1)"))
    #expect(try Expression(parsing: "x(a, b)") != Expression(parsing: "x(b, a)"))
    #expect(try Expression(parsing: "a + b") != Expression(parsing: "b + a"))
  }

  /// Random trees, printed and read back; numbers of every magnitude, texts of every character.
  @Test func `print and parse undo each other on random trees`() throws {
    var generator = Dice(state: 7)
    for _ in 0..<300 {
      let expression = generator.expression(depth: 4)
      #expect(try Expression(parsing: expression.description) == expression)
      let json = try JSONEncoder().encode(expression)
      #expect(try JSONDecoder().decode(Expression.self, from: json) == expression)
    }
  }
}

/// Throws random expressions.
private struct Dice: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state ^ (state >> 29)) &* 0xBF58_476D_1CE4_E5B9
  }

  mutating func number() -> Double {
    let scale = Int.random(in: -300...300, using: &self)
    return Double(
      sign: Bool.random(using: &self) ? .plus : .minus, exponent: scale,
      significand: Double.random(in: 1..<2, using: &self))
  }

  mutating func word() -> String {
    let characters = Array("ab'\"\\ \n\t(),=+*[]0.5é-_")
    let name = ["dpo", "ipo", "a-b", "c_d"].randomElement(using: &self) ?? "dpo"
    if Bool.random(using: &self) { return name }
    return String(
      (0..<Int.random(in: 0...5, using: &self)).map { _ in characters.randomElement(using: &self) ?? "a" })
  }

  mutating func literal(depth: Int) -> Literal {
    switch Int.random(in: 0..<(depth > 0 ? 4 : 2), using: &self) {
    case 0: .number(number())
    case 1: .word(word())
    case 2: .list((0..<Int.random(in: 0...3, using: &self)).map { _ in literal(depth: depth - 1) })
    default: expression(depth: depth - 1).literal
    }
  }

  mutating func expression(depth: Int) -> Expression {
    if depth > 0, Int.random(in: 0..<3, using: &self) == 0 {
      let parts = (0..<Int.random(in: 2...3, using: &self)).map { _ in
        (weight: Bool.random(using: &self) ? 1 : number(), component: expression(depth: depth - 1))
      }
      return .sum(parts)
    }
    let bare = (0..<Int.random(in: 0...1, using: &self)).map { _ in Argument(nil, literal(depth: depth - 1)) }
    let named = ["alpha", "beta", "gamma"].prefix(Int.random(in: 0...3, using: &self)).map {
      Argument($0, literal(depth: depth - 1))
    }
    return .named(["dpo", "mallows-phi", "x2"].randomElement(using: &self) ?? "dpo", bare + named)
  }
}
