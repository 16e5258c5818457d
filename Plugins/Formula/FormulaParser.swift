// Reads formulas.
//
//   formula    = { name "=" value ";" } value
//   value      = both { "or" both }
//   both       = denial { "and" denial }
//   denial     = "not" denial | comparison
//   comparison = sum [ ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) sum ]
//   sum        = product { ( "+" | "-" ) product }
//   product    = sign { ( "*" | "/" ) sign }
//   sign       = ( "-" | "+" ) sign | power
//   power      = atom [ ( "^" | "**" ) sign ]
//   atom       = number | name | name "(" value { "," value } ")" | "(" value ")"
//              | side "." name | side "[" text "]"

import PreferenceCore

/// One pass over the words, one method for each rule of the grammar.
struct FormulaParser {
  /// Deeper nesting than anyone writes, shallower than the stack.
  private static let deepest = 100

  private let tokens: [FormulaToken]
  private var position = 0
  private var depth = 0
  private(set) var names: [FormulaName] = []
  private(set) var parameters: [FormulaParameter] = []
  private var locals: [String: Int] = [:]
  private(set) var definitions: [FormulaNode] = []

  init(_ text: String) throws(FormulaProblem) { tokens = try FormulaLexer.tokens(of: text) }

  // MARK: Words

  private var token: FormulaToken { tokens[position] }

  private mutating func take(_ sign: String) -> Bool {
    guard token.kind == .sign(sign) else { return false }
    position += 1
    return true
  }

  private mutating func take(word: String) -> Bool {
    guard token.kind == .name(word) else { return false }
    position += 1
    return true
  }

  private mutating func take(oneOf signs: [String]) -> (sign: String, offset: Int)? {
    guard case .sign(let sign) = token.kind, signs.contains(sign) else { return nil }
    let offset = token.offset
    position += 1
    return (sign, offset)
  }

  private func problem(_ problem: String) -> FormulaProblem { FormulaProblem(problem, at: token.offset) }

  private func closing(_ bracket: String, opened offset: Int, or other: String) -> FormulaProblem {
    if token.kind == .end {
      return FormulaProblem("this '\(bracket == ")" ? "(" : "[")' is never closed", at: offset)
    }
    return problem("expected \(other)'\(bracket)'")
  }

  // MARK: Rules

  /// The whole text.
  mutating func whole() throws(FormulaProblem) -> FormulaNode {
    if token.kind == .end { throw problem("is empty") }
    while let name = definedName() {
      position += 2
      let value = try value()
      guard take(";") else { throw problem("expected ';' after the definition of '\(name)'") }
      locals[name] = definitions.count
      definitions.append(value)
    }
    let result = try value()
    switch token.kind {
    case .end: return result
    case .sign(")"): throw problem("there is no '(' for this ')'")
    case .sign("="): throw problem("'=' gives a name to a part in front; a comparison is written '=='")
    case .sign(";"): throw problem("a ';' stands behind a definition, as in z = beta * margin;")
    case .number, .name, .text, .sign: throw problem("expected an operator or the end")
    }
  }

  /// The name that is defined here, where one is.
  private func definedName() -> String? {
    guard case .name(let name) = token.kind, position + 1 < tokens.count,
      tokens[position + 1].kind == .sign("="), FormulaName(name) == nil,
      FormulaFunction.named[name] == nil, !FormulaFunction.words.contains(name), locals[name] == nil
    else { return nil }
    return name
  }

  private mutating func value() throws(FormulaProblem) -> FormulaNode {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest { throw problem("nested more than \(Self.deepest) deep") }
    var left = try both()
    while case let offset = token.offset, take(word: "or") {
      left = .call(.or, [left, try both()], offset: offset)
    }
    return left
  }

  private mutating func both() throws(FormulaProblem) -> FormulaNode {
    var left = try denial()
    while case let offset = token.offset, take(word: "and") {
      left = .call(.and, [left, try denial()], offset: offset)
    }
    return left
  }

  private mutating func denial() throws(FormulaProblem) -> FormulaNode {
    let offset = token.offset
    guard take(word: "not") else { return try comparison() }
    return .call(.not, [try denial()], offset: offset)
  }

  private static let comparisons = ["<", "<=", ">", ">=", "==", "!="]

  private mutating func comparison() throws(FormulaProblem) -> FormulaNode {
    let left = try sum()
    guard let (sign, offset) = take(oneOf: Self.comparisons), let function = FormulaFunction(rawValue: sign)
    else { return left }
    let result = FormulaNode.call(function, [left, try sum()], offset: offset)
    if case .sign(let again) = token.kind, Self.comparisons.contains(again) {
      throw problem("comparisons do not chain; join two with 'and'")
    }
    return result
  }

  private mutating func sum() throws(FormulaProblem) -> FormulaNode {
    var left = try product()
    while let (sign, offset) = take(oneOf: ["+", "-"]) {
      left = .call(sign == "+" ? .add : .subtract, [left, try product()], offset: offset)
    }
    return left
  }

  private mutating func product() throws(FormulaProblem) -> FormulaNode {
    var left = try sign()
    while let (sign, offset) = take(oneOf: ["*", "/"]) {
      left = .call(sign == "*" ? .multiply : .divide, [left, try self.sign()], offset: offset)
    }
    return left
  }

  private mutating func sign() throws(FormulaProblem) -> FormulaNode {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest { throw problem("nested more than \(Self.deepest) deep") }
    let offset = token.offset
    if take("-") {
      let inner = try sign()
      if case .number(let x) = inner { return .number(-x) }
      return .call(.negate, [inner], offset: offset)
    }
    return take("+") ? try sign() : try power()
  }

  private mutating func power() throws(FormulaProblem) -> FormulaNode {
    let base = try atom()
    let offset = token.offset
    return take("^") ? .call(.power, [base, try sign()], offset: offset) : base
  }

  private mutating func atom() throws(FormulaProblem) -> FormulaNode {
    let offset = token.offset
    switch token.kind {
    case .number(let x):
      position += 1
      return .number(x)
    case .name(let name) where FormulaFunction.words.contains(name):
      throw problem("expected a value in front of '\(name)'")
    case .name(let name):
      position += 1
      return try named(name, offset)
    case .sign("("):
      position += 1
      let inner = try value()
      guard take(")") else { throw closing(")", opened: offset, or: "an operator or ") }
      return inner
    case .end: throw problem("the formula ends where a value should stand")
    case .sign(let sign): throw problem("expected a value, not '\(sign)'")
    case .text: throw problem("a quoted text names a column, as in chosen['my column']")
    }
  }

  private mutating func named(_ name: String, _ offset: Int) throws(FormulaProblem) -> FormulaNode {
    if take("(") { return try call(name, offset, opened: tokens[position - 1].offset) }
    if let side = FormulaName.side(name), token.kind == .sign(".") || token.kind == .sign("[") {
      return seen(FormulaName(column: try column(), of: side), offset)
    }
    if token.kind == .sign(".") || token.kind == .sign("[") {
      throw problem("columns belong to chosen, rejected, completion or baseline, as in chosen.reward")
    }
    if let local = locals[name] { return .local(local, offset: offset) }
    if let known = FormulaName(name) { return seen(known, offset) }
    if FormulaFunction.named[name] != nil {
      throw FormulaProblem("'\(name)' is a function; its arguments stand in parentheses", at: offset)
    }
    if let place = parameters.firstIndex(where: { $0.name == name }) {
      return .parameter(place, offset: offset)
    }
    parameters.append(FormulaParameter(name: name, offset: offset))
    return .parameter(parameters.count - 1, offset: offset)
  }

  private mutating func seen(_ name: FormulaName, _ offset: Int) -> FormulaNode {
    if let place = names.firstIndex(of: name) { return .seen(place, offset: offset) }
    names.append(name)
    return .seen(names.count - 1, offset: offset)
  }

  private mutating func column() throws(FormulaProblem) -> String {
    if take(".") {
      guard case .name(let column) = token.kind else { throw problem("expected the name of a column") }
      position += 1
      return column
    }
    let opened = token.offset
    position += 1
    guard case .text(let column) = token.kind else {
      throw problem("expected the name of a column in quotes")
    }
    position += 1
    guard take("]") else { throw closing("]", opened: opened, or: "") }
    return column
  }

  private mutating func call(
    _ name: String, _ offset: Int, opened: Int
  ) throws(FormulaProblem) -> FormulaNode {
    guard let (function, takes) = FormulaFunction.named[name] else {
      let known = FormulaFunction.named.keys.sorted()
      let advice =
        ["pow", "power"].contains(name)
        ? "a power is written x^2"
        : nearest(to: name, in: known).map { "did you mean '\($0)'?" }
          ?? "there are \(known.joined(separator: ", "))"
      throw FormulaProblem("unknown function '\(name)'; \(advice)", at: offset)
    }
    var arguments: [FormulaNode] = []
    if token.kind != .sign(")") {
      repeat { arguments.append(try value()) } while take(",")
    }
    guard take(")") else { throw closing(")", opened: opened, or: "an operator, ',' or ") }
    guard takes.contains(arguments.count) else {
      let count = takes.lowerBound == takes.upperBound ? "\(takes.lowerBound)" : "1 or more"
      let plural = takes.upperBound == 1 ? "" : "s"
      throw FormulaProblem(
        "'\(name)' takes \(count) argument\(plural), not \(arguments.count)", at: offset)
    }
    return .call(function, arguments, offset: offset)
  }
}

/// A free name and where it first stands.
struct FormulaParameter: Sendable, Hashable {
  let name: String
  let offset: Int
}
