// Reads the statements of a template.

/// A recursive-descent parser over the tokens of one template.
struct TemplateParser {
  let source: [Unicode.Scalar]
  private let tokens: [TemplateToken]
  private var position = 0
  /// How many loops the cursor is in, for `break` and `continue`.
  private var loopDepth = 0
  /// Filters and tests that do not exist, outside conditions. Those inside matter only when they are reached.
  var unknowns: [TemplateError] = []
  /// The same in bodies that have names of their own: they matter even where a condition is around them.
  private var certainUnknowns: [TemplateError] = []
  /// How deep the expression or block under the cursor stands; the stack ends somewhere.
  var depth = 0
  /// How deep they may stand.
  static let depthLimit = 60
  /// The names that were read so far, for macros that catch further arguments.
  var readNames: Set<String> = []

  /// The statements of a normalized source.
  ///
  /// - Throws: `TemplateError` with line and column.
  static func parse(_ source: [Unicode.Scalar]) throws(TemplateError) -> [TemplateStatement] {
    var parser = TemplateParser(source: source, tokens: try TemplateLexer.tokens(of: source))
    let body = try parser.statements(until: []).body
    if let unknown = parser.certainUnknowns.first ?? parser.unknowns.first { throw unknown }
    return body
  }

  private init(source: [Unicode.Scalar], tokens: [TemplateToken]) {
    self.source = source
    self.tokens = tokens
  }

  // MARK: Tokens

  /// The token under the cursor.
  var token: TemplateToken { tokens[position] }
  /// The token behind the one under the cursor.
  var following: TemplateToken { tokens[min(position + 1, tokens.count - 1)] }

  /// Goes on to the next token.
  mutating func advance() { position = min(position + 1, tokens.count - 1) }

  /// Takes a symbol if it is next.
  mutating func take(_ symbol: String) -> Bool {
    guard token.kind == .symbol(symbol) else { return false }
    advance()
    return true
  }

  /// Takes a word if it is next.
  mutating func takeWord(_ word: String) -> Bool {
    guard token.kind == .name(word) else { return false }
    advance()
    return true
  }

  /// Requires a symbol.
  mutating func expect(_ symbol: String) throws(TemplateError) {
    guard take(symbol) else { throw fault("expected '\(symbol)', found \(spelled(token))") }
  }

  /// Requires a name.
  mutating func name() throws(TemplateError) -> String {
    guard case .name(let name) = token.kind else { throw fault("expected a name, found \(spelled(token))") }
    advance()
    return name
  }

  /// A syntax error under the cursor or at a place.
  func fault(_ problem: String, at place: Int? = nil) -> TemplateError {
    TemplateLexer.error(source, place ?? token.place, .syntax, problem)
  }

  /// Reads something that may stand in itself.
  mutating func nested<Value>(
    _ body: (inout TemplateParser) throws(TemplateError) -> Value
  ) throws(TemplateError) -> Value {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw fault("the template is nested too deeply") }
    return try body(&self)
  }

  /// Refuses what goes on for longer than any template, as it would be computed one inside the other.
  func check(length: Int) throws(TemplateError) {
    guard length < 400 else { throw fault("the expression is too long; use 'set' for its parts") }
  }

  /// How a token reads in messages.
  func spelled(_ token: TemplateToken) -> String {
    switch token.kind {
    case .text: "text"
    case .openOutput: "'{{'"
    case .closeOutput: "'}}'"
    case .openStatement: "'{%'"
    case .closeStatement: "'%}'"
    case .name(let name): "'\(name)'"
    case .string: "a string"
    case .integer, .double: "a number"
    case .symbol(let symbol): "'\(symbol)'"
    case .end: "the end of the template"
    }
  }

  private mutating func closeStatement() throws(TemplateError) {
    guard token.kind == .closeStatement else { throw fault("expected '%}', found \(spelled(token))") }
    advance()
  }

  // MARK: Statements

  /// Statements up to one of the closing words, which is taken; its rest stands under the cursor.
  private mutating func statements(
    until closing: [String], openedAt place: Int = 0
  ) throws(TemplateError) -> (body: [TemplateStatement], word: String) {
    var body: [TemplateStatement] = []
    while true {
      let start = token.place
      switch token.kind {
      case .text(let text):
        body.append(TemplateStatement(kind: .text(text), place: start))
        advance()
      case .openOutput:
        advance()
        let value = try tupleOrExpression()
        guard token.kind == .closeOutput else { throw fault("expected '}}', found \(spelled(token))") }
        advance()
        body.append(TemplateStatement(kind: .output(value), place: start))
      case .openStatement:
        advance()
        if case .name(let word) = token.kind, closing.contains(word) {
          advance()
          return (body, word)
        }
        let kind = try nested { parser throws(TemplateError) in try parser.statement(closing) }
        body.append(TemplateStatement(kind: kind, place: start))
      default:
        guard closing.isEmpty else {
          throw fault("the template ends without '\(closing[closing.count - 1])'", at: place)
        }
        return (body, "")
      }
    }
  }

  private static let words = [
    "if", "for", "set", "macro", "call", "with", "filter", "generation", "break", "continue", "raw",
  ]

  private mutating func statement(_ closing: [String]) throws(TemplateError) -> TemplateStatement.Kind {
    let place = token.place
    let word = try name()
    switch word {
    case "if": return try branch(place)
    case "for": return .loop(try loop(place))
    case "set": return try set(place)
    case "macro": return .macro(try macro(place))
    case "call": return try callBlock(place)
    case "with":
      let bindings = try bindings()
      return .with(bindings, body: try block("endwith", place))
    case "filter":
      let filters = try filterCalls()
      return .filterBlock(filters, body: try block("endfilter", place))
    case "generation":
      let body = try outsideLoops { parser throws(TemplateError) in try parser.block("endgeneration", place) }
      return .generation(body)
    case "break", "continue":
      guard loopDepth > 0 else { throw fault("'\(word)' stands outside a loop", at: place) }
      try closeStatement()
      return word == "break" ? .leaveLoop : .nextRound
    default:
      let open = closing.isEmpty ? "" : ", expected '\(closing.joined(separator: "' or '"))'"
      if word.hasPrefix("end") || word.hasPrefix("el") {
        throw fault("unexpected '\(word)'" + open, at: place)
      }
      throw fault("unknown statement '\(word)'" + suggestion(for: word, in: Self.words), at: place)
    }
  }

  /// The rest of a tag, the body behind it and its closing tag.
  private mutating func block(_ closing: String, _ place: Int) throws(TemplateError) -> [TemplateStatement] {
    try closeStatement()
    let known = unknowns.count
    let body = try statements(until: [closing], openedAt: place).body
    if closing != "endif" { settleUnknowns(behind: known) }
    if closing == "endmacro" || closing == "endset", case .name = token.kind { advance() }
    try closeStatement()
    return body
  }

  private mutating func settleUnknowns(behind known: Int) {
    certainUnknowns += unknowns[known...]
    unknowns.removeLast(unknowns.count - known)
  }

  private mutating func branch(_ place: Int) throws(TemplateError) -> TemplateStatement.Kind {
    let known = unknowns.count
    defer { unknowns.removeLast(unknowns.count - known) }
    var branches: [(condition: TemplateExpression, body: [TemplateStatement])] = []
    while true {
      let condition = try tupleOrExpression(allowsConditional: false)
      try closeStatement()
      let (body, word) = try statements(until: ["elif", "else", "endif"], openedAt: place)
      branches.append((condition, body))
      if word == "elif" { continue }
      var otherwise: [TemplateStatement] = []
      if word == "else" { otherwise = try block("endif", place) } else { try closeStatement() }
      return .branch(branches, otherwise: otherwise)
    }
  }

  private mutating func loop(_ place: Int) throws(TemplateError) -> TemplateLoop {
    let target = try target()
    guard takeWord("in") else { throw fault("expected 'in', found \(spelled(token))") }
    let sequence = try tupleOrExpression(allowsConditional: false)
    let filter = takeWord("if") ? try expression() : nil
    let isRecursive = takeWord("recursive")
    try closeStatement()
    let outer = readNames
    readNames = []
    let known = unknowns.count
    loopDepth += 1
    let (body, word) = try statements(until: ["else", "endfor"], openedAt: place)
    loopDepth -= 1
    settleUnknowns(behind: known)
    let readsLoop = readNames.contains("loop")
    readNames.formUnion(outer)
    var otherwise: [TemplateStatement] = []
    if word == "else" { otherwise = try block("endfor", place) } else { try closeStatement() }
    return TemplateLoop(
      target: target, sequence: sequence, filter: filter, isRecursive: isRecursive,
      readsLoop: readsLoop, body: body,
      otherwise: otherwise)
  }

  /// One or more names with commas between them, or an attribute of a namespace.
  private mutating func target() throws(TemplateError) -> TemplateTarget {
    var targets = [try singleTarget()]
    var isTuple = false
    while take(",") {
      isTuple = true
      guard case .name(let next) = token.kind, next != "in" else { break }
      targets.append(try singleTarget())
    }
    return isTuple ? .tuple(targets) : targets[0]
  }

  private mutating func singleTarget() throws(TemplateError) -> TemplateTarget {
    if take("(") {
      let inner = try target()
      try expect(")")
      return inner
    }
    let place = token.place
    let name = try name()
    if ["true", "false", "none", "True", "False", "None", "in", "if", "not"].contains(name) {
      throw fault("cannot assign to '\(name)'", at: place)
    }
    return take(".") ? .attribute(name, try self.name()) : .name(name)
  }

  private mutating func set(_ place: Int) throws(TemplateError) -> TemplateStatement.Kind {
    let target = try target()
    if take("=") {
      let value = try tupleOrExpression()
      try closeStatement()
      return .set([target], value)
    }
    let filters = take("|") ? try filterCalls() : []
    return .setBlock(target, filters: filters, body: try block("endset", place))
  }

  private mutating func bindings() throws(TemplateError) -> [(TemplateTarget, TemplateExpression)] {
    var result: [(TemplateTarget, TemplateExpression)] = []
    while token.kind != .closeStatement {
      if !result.isEmpty { try expect(",") }
      let target = try singleTarget()
      try expect("=")
      result.append((target, try expression()))
    }
    return result
  }

  private mutating func macro(_ place: Int) throws(TemplateError) -> TemplateMacro {
    let name = try name()
    return try macro(name, try parameters(), "endmacro", place)
  }

  private mutating func callBlock(_ place: Int) throws(TemplateError) -> TemplateStatement.Kind {
    let parameters = token.kind == .symbol("(") ? try parameters() : []
    let expression = try expression()
    guard case .call(let callee, let arguments) = expression.kind else {
      throw fault("expected a call of a macro behind 'call'", at: expression.place)
    }
    return .callBlock(try macro("caller", parameters, "endcall", place), callee, arguments)
  }

  private mutating func parameters() throws(TemplateError) -> [(name: String, standard: TemplateExpression?)]
  {
    var parameters: [(name: String, standard: TemplateExpression?)] = []
    try expect("(")
    while !take(")") {
      if !parameters.isEmpty { try expect(",") }
      let parameter = try self.name()
      let standard = take("=") ? try expression() : nil
      if standard == nil, parameters.last?.standard != nil {
        throw fault("parameter '\(parameter)' without a default stands behind one with a default")
      }
      parameters.append((parameter, standard))
    }
    return parameters
  }

  private mutating func macro(
    _ name: String, _ parameters: [(name: String, standard: TemplateExpression?)], _ closing: String,
    _ place: Int
  ) throws(TemplateError) -> TemplateMacro {
    let outer = readNames
    readNames = []
    defer { readNames.formUnion(outer) }
    let body = try outsideLoops { parser throws(TemplateError) in try parser.block(closing, place) }
    let catches = readNames.intersection(["varargs", "kwargs", "caller"]).subtracting(parameters.map(\.name))
    return TemplateMacro(name: name, parameters: parameters, body: body, catches: catches)
  }

  /// Reads a body that loops around it cannot be left from.
  private mutating func outsideLoops<Value>(
    _ body: (inout TemplateParser) throws(TemplateError) -> Value
  ) throws(TemplateError) -> Value {
    let outerDepth = loopDepth
    loopDepth = 0
    defer { loopDepth = outerDepth }
    return try body(&self)
  }

  private mutating func filterCalls() throws(TemplateError) -> [TemplateFilterCall] {
    var calls: [TemplateFilterCall] = []
    repeat {
      let place = token.place
      let (name, arguments) = try filterCall()
      calls.append(TemplateFilterCall(name: name, arguments: arguments, place: place))
    } while take("|")
    return calls
  }
}
