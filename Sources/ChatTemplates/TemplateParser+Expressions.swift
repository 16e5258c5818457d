// Reads expressions, in the order in which their operators bind.

extension TemplateParser {
  /// An expression, or several with commas between them: a tuple.
  mutating func tupleOrExpression(allowsConditional: Bool = true) throws(TemplateError) -> TemplateExpression
  {
    let place = token.place
    let first = allowsConditional ? try expression() : try disjunction()
    guard token.kind == .symbol(",") else { return first }
    var elements = [first]
    while take(",") {
      if isAtEndOfTuple { break }
      elements.append(allowsConditional ? try expression() : try disjunction())
    }
    return TemplateExpression(kind: .tuple(elements), place: place)
  }

  private var isAtEndOfTuple: Bool {
    switch token.kind {
    case .closeOutput, .closeStatement, .symbol(")"), .name("in"): true
    default: false
    }
  }

  /// A whole expression.
  mutating func expression() throws(TemplateError) -> TemplateExpression {
    try nested { parser throws(TemplateError) in try parser.conditional() }
  }

  private mutating func conditional() throws(TemplateError) -> TemplateExpression {
    let place = token.place
    let known = unknowns.count
    var value = try disjunction()
    while takeWord("if") {
      defer { unknowns.removeLast(unknowns.count - known) }
      let condition = try disjunction()
      let otherwise = takeWord("else") ? try expression() : nil
      value = TemplateExpression(
        kind: .conditional(condition, then: value, otherwise: otherwise), place: place)
    }
    return value
  }

  private mutating func disjunction() throws(TemplateError) -> TemplateExpression {
    let place = token.place
    var left = try conjunction()
    var length = 0
    while takeWord("or") {
      length += 1
      try check(length: length)
      left = TemplateExpression(kind: .or(left, try conjunction()), place: place)
    }
    return left
  }

  private mutating func conjunction() throws(TemplateError) -> TemplateExpression {
    let place = token.place
    var left = try negation()
    var length = 0
    while takeWord("and") {
      length += 1
      try check(length: length)
      left = TemplateExpression(kind: .and(left, try negation()), place: place)
    }
    return left
  }

  private mutating func negation() throws(TemplateError) -> TemplateExpression {
    let place = token.place
    guard takeWord("not") else { return try comparison() }
    let operand = try nested { parser throws(TemplateError) in try parser.negation() }
    return TemplateExpression(kind: .not(operand), place: place)
  }

  private mutating func comparison() throws(TemplateError) -> TemplateExpression {
    let place = token.place
    let left = try sum()
    var rest: [(TemplateExpression.Comparison, TemplateExpression)] = []
    while let comparison = takeComparison() { rest.append((comparison, try sum())) }
    return rest.isEmpty ? left : TemplateExpression(kind: .comparison(left, rest), place: place)
  }

  private mutating func takeComparison() -> TemplateExpression.Comparison? {
    switch token.kind {
    case .symbol(let symbol):
      guard let comparison = TemplateExpression.Comparison(rawValue: symbol) else { return nil }
      advance()
      return comparison
    case .name("in"):
      advance()
      return .contained
    case .name("not") where following.kind == .name("in"):
      advance()
      advance()
      return .notContained
    default: return nil
    }
  }

  /// The arithmetic operator under the cursor, if it is one of these; then it is taken.
  private mutating func operation(among symbols: [String]) -> TemplateExpression.Arithmetic? {
    guard case .symbol(let symbol) = token.kind, symbols.contains(symbol) else { return nil }
    advance()
    return TemplateExpression.Arithmetic(rawValue: symbol)
  }

  private mutating func sum() throws(TemplateError) -> TemplateExpression {
    var left = try concatenation()
    var length = 0
    while case let place = token.place, let operation = operation(among: ["+", "-"]) {
      length += 1
      try check(length: length)
      left = TemplateExpression(kind: .arithmetic(left, operation, try concatenation()), place: place)
    }
    return left
  }

  private mutating func concatenation() throws(TemplateError) -> TemplateExpression {
    let place = token.place
    var parts = [try product()]
    while take("~") { parts.append(try product()) }
    return parts.count == 1 ? parts[0] : TemplateExpression(kind: .concatenation(parts), place: place)
  }

  private mutating func product() throws(TemplateError) -> TemplateExpression {
    var left = try power()
    var length = 0
    while case let place = token.place, let operation = operation(among: ["*", "/", "//", "%"]) {
      length += 1
      try check(length: length)
      left = TemplateExpression(kind: .arithmetic(left, operation, try power()), place: place)
    }
    return left
  }

  private mutating func power() throws(TemplateError) -> TemplateExpression {
    var left = try unary(takesFilters: true)
    var length = 0
    while case let place = token.place, let operation = operation(among: ["**"]) {
      length += 1
      try check(length: length)
      left = TemplateExpression(
        kind: .arithmetic(left, operation, try unary(takesFilters: true)), place: place)
    }
    return left
  }

  private mutating func unary(takesFilters: Bool) throws(TemplateError) -> TemplateExpression {
    let place = token.place
    var value: TemplateExpression
    if let sign = operation(among: ["+", "-"]) {
      let operand = try nested { parser throws(TemplateError) in try parser.unary(takesFilters: false) }
      value = TemplateExpression(kind: sign == .add ? .positive(operand) : .negative(operand), place: place)
    } else {
      value = try primary()
    }
    value = try postfix(value)
    return takesFilters ? try filtersAndTests(value) : value
  }

  // MARK: Primary

  /// A name, a literal, or an expression in parentheses.
  mutating func primary() throws(TemplateError) -> TemplateExpression {
    let place = token.place
    let kind: TemplateExpression.Kind
    switch token.kind {
    case .name(let name):
      advance()
      switch name {
      case "true", "True": kind = .literal(.boolean(true))
      case "false", "False": kind = .literal(.boolean(false))
      case "none", "None": kind = .literal(.null)
      case "not", "and", "or", "if", "else", "in", "is":
        throw fault("expected an expression, found '\(name)'", at: place)
      default:
        readNames.insert(name)
        kind = .name(name)
      }
    case .string(let first):
      advance()
      var text = first
      while case .string(let more) = token.kind {
        text += more
        advance()
      }
      kind = .literal(.string(text))
    case .integer(let number):
      advance()
      kind = .literal(.integer(number))
    case .double(let number):
      advance()
      kind = .literal(.double(number))
    case .symbol("("): return try parenthesized()
    case .symbol("["):
      advance()
      kind = .list(try elements(until: "]"))
    case .symbol("{"):
      advance()
      kind = .map(try entries())
    default: throw fault("expected an expression, found \(spelled(token))")
    }
    return TemplateExpression(kind: kind, place: place)
  }

  private mutating func parenthesized() throws(TemplateError) -> TemplateExpression {
    let place = token.place
    advance()
    if take(")") { return TemplateExpression(kind: .tuple([]), place: place) }
    let inner = try tupleOrExpression()
    try expect(")")
    return inner
  }

  private mutating func elements(until closing: String) throws(TemplateError) -> [TemplateExpression] {
    var elements: [TemplateExpression] = []
    while !take(closing) {
      if !elements.isEmpty {
        try expect(",")
        if take(closing) { break }
      }
      elements.append(try expression())
    }
    return elements
  }

  private mutating func entries() throws(TemplateError) -> [(
    key: TemplateExpression, value: TemplateExpression
  )] {
    var entries: [(key: TemplateExpression, value: TemplateExpression)] = []
    while !take("}") {
      if !entries.isEmpty {
        try expect(",")
        if take("}") { break }
      }
      let key = try expression()
      try expect(":")
      entries.append((key, try expression()))
    }
    return entries
  }

  // MARK: Behind a primary

  /// The attributes, indices and calls behind a value.
  mutating func postfix(_ start: TemplateExpression) throws(TemplateError) -> TemplateExpression {
    var value = start
    var length = 0
    while true {
      length += 1
      try check(length: length)
      let place = token.place
      if take(".") {
        if case .integer(let index) = token.kind {
          advance()
          let literal = TemplateExpression(kind: .literal(.integer(index)), place: place)
          value = TemplateExpression(kind: .item(value, literal), place: place)
        } else {
          value = TemplateExpression(kind: .attribute(value, try name()), place: place)
        }
      } else if take("[") {
        value = TemplateExpression(kind: try subscripted(value), place: place)
      } else if token.kind == .symbol("(") {
        value = TemplateExpression(kind: .call(value, try arguments()), place: start.place)
      } else {
        return value
      }
    }
  }

  private mutating func subscripted(_ value: TemplateExpression) throws(TemplateError)
    -> TemplateExpression.Kind
  {
    func isBound() -> Bool { token.kind != .symbol(":") && token.kind != .symbol("]") }
    let first = isBound() ? try tupleOrExpression() : nil
    guard take(":") else {
      try expect("]")
      guard let first else { throw fault("expected an index") }
      return .item(value, first)
    }
    let last = isBound() ? try expression() : nil
    let step = take(":") && isBound() ? try expression() : nil
    try expect("]")
    return .slice(value, from: first, to: last, step: step)
  }

  /// Arguments in parentheses.
  mutating func arguments() throws(TemplateError) -> TemplateArguments {
    var arguments = TemplateArguments()
    try expect("(")
    var isFirst = true
    while !take(")") {
      if !isFirst {
        try expect(",")
        if take(")") { break }
      }
      isFirst = false
      if take("*") {
        guard arguments.sequence == nil, arguments.mapping == nil else { throw fault("unexpected '*'") }
        arguments.sequence = try expression()
        continue
      }
      if take("**") {
        guard arguments.mapping == nil else { throw fault("unexpected '**'") }
        arguments.mapping = try expression()
        continue
      }
      if case .name(let name) = token.kind, following.kind == .symbol("=") {
        advance()
        advance()
        arguments.named.append((name, try expression()))
      } else {
        guard arguments.named.isEmpty, arguments.sequence == nil, arguments.mapping == nil else {
          throw fault("a positional argument stands behind a named one")
        }
        arguments.positional.append(try expression())
      }
    }
    return arguments
  }
}
