// Runs the statements of a template.

/// One rendering of a template: its names, what it has written, what it has made.
struct TemplateInterpreter {
  let source: [Unicode.Scalar]
  let date: TemplateDate?
  /// Names by scope, the innermost last; the first scope holds what the caller gave.
  var scopes: [[String: TemplateValue]]
  /// Objects made by `namespace()`.
  var namespaces: [TemplateMap] = []
  /// Macros that have been defined, with the number of scopes they see.
  var macros: [(macro: TemplateMacro, depth: Int)] = []
  /// How many macros are being called.
  var callDepth = 0
  private var output = ""

  /// An interpreter that knows these names.
  init(source: [Unicode.Scalar], names: [String: TemplateValue], date: TemplateDate?) {
    self.source = source
    self.date = date
    scopes = [names, [:]]
  }

  /// The text of a whole template.
  mutating func render(_ statements: [TemplateStatement]) throws(TemplateError) -> String {
    _ = try run(statements)
    return output
  }

  /// An error of evaluation at a place.
  func fault(_ problem: String, at place: Int) -> TemplateError {
    TemplateLexer.error(source, place, .evaluation, problem)
  }

  /// Gives the faults of `body` the place where they happened.
  func located<Value>(_ place: Int, _ body: () throws(TemplateFault) -> Value) throws(TemplateError) -> Value
  {
    do throws(TemplateFault) {
      return try body()
    } catch { throw TemplateLexer.error(source, place, error.kind, error.problem) }
  }

  // MARK: Statements

  /// How the statements behind one go on.
  enum Flow {
    case onward, leavesLoop, nextRound
  }

  private mutating func run(_ statements: [TemplateStatement]) throws(TemplateError) -> Flow {
    for statement in statements {
      let flow = try run(statement)
      if flow != .onward { return flow }
    }
    return .onward
  }

  private mutating func run(_ statement: TemplateStatement) throws(TemplateError) -> Flow {
    switch statement.kind {
    case .text(let text): output += text
    case .output(let expression): output += try evaluate(expression).text
    case .branch(let branches, let otherwise):
      for (condition, body) in branches where try evaluate(condition).isTrue { return try run(body) }
      return try run(otherwise)
    case .loop(let loop): try run(loop, at: statement.place)
    case .set(let targets, let expression):
      let value = try evaluate(expression)
      for target in targets { try bind(target, to: value, at: statement.place) }
    case .setBlock(let target, let filters, let body):
      let text = try filtered(try scopedText(of: body), filters)
      try bind(target, to: text, at: statement.place)
    case .macro(let macro):
      macros.append((macro, scopes.count))
      scopes[scopes.count - 1][macro.name] = .callable(.macro(macros.count - 1))
    case .with(let bindings, let body):
      var scope: [String: TemplateValue] = [:]
      scopes.append([:])
      defer { scopes.removeLast() }
      for (target, expression) in bindings {
        let value = try evaluate(expression)
        if case .name(let name) = target {
          scope[name] = value
        } else {
          try bind(target, to: value, at: statement.place)
        }
      }
      scopes[scopes.count - 1].merge(scope) { $1 }
      return try run(body)
    case .filterBlock(let filters, let body): output += try filtered(try scopedText(of: body), filters).text
    case .group(let body): return try run(body)
    case .leaveLoop: return .leavesLoop
    case .nextRound: return .nextRound
    }
    return .onward
  }

  /// What a body writes, in a scope of its own.
  private mutating func scopedText(of body: [TemplateStatement]) throws(TemplateError) -> String {
    scopes.append([:])
    defer { scopes.removeLast() }
    return try text(of: body)
  }

  /// What a body writes.
  mutating func text(of body: [TemplateStatement]) throws(TemplateError) -> String {
    let outer = output
    output = ""
    _ = try run(body)
    defer { output = outer }
    return output
  }

  private mutating func filtered(_ text: String, _ filters: [TemplateFilterCall]) throws(TemplateError)
    -> TemplateValue
  {
    var value = TemplateValue.string(text)
    for filter in filters {
      let arguments = try evaluate(filter.arguments)
      value = try located(filter.place) { () throws(TemplateFault) in
        try TemplateFilters.apply(filter.name, to: value, arguments)
      }
    }
    return value
  }

  // MARK: Loops

  private mutating func run(_ loop: TemplateLoop, at place: Int) throws(TemplateError) {
    let sequence = try evaluate(loop.sequence)
    var elements = try located(loop.sequence.place) { () throws(TemplateFault) in try sequence.elements() }
    if let filter = loop.filter {
      var kept: [TemplateValue] = []
      for element in elements {
        scopes.append([:])
        defer { scopes.removeLast() }
        try bind(loop.target, to: element, at: place)
        if try evaluate(filter).isTrue { kept.append(element) }
      }
      elements = kept
    }
    var hasFinishedRound = false
    for index in elements.indices {
      scopes.append(["loop": Self.state(index, of: elements)])
      defer { scopes.removeLast() }
      try bind(loop.target, to: elements[index], at: place)
      let flow = try run(loop.body)
      if flow == .leavesLoop { break }
      if flow == .onward { hasFinishedRound = true }
    }
    // As in Jinja, `else` also follows a loop whose every round was cut short.
    if !hasFinishedRound {
      scopes.append([:])
      defer { scopes.removeLast() }
      _ = try run(loop.otherwise)
    }
  }

  private static func state(_ index: Int, of elements: [TemplateValue]) -> TemplateValue {
    let count = elements.count
    return .map([
      "index": .integer(index + 1), "index0": .integer(index), "revindex": .integer(count - index),
      "revindex0": .integer(count - index - 1), "first": .boolean(index == 0),
      "last": .boolean(index == count - 1), "length": .integer(count), "depth": 1, "depth0": 0,
      "cycle": .callable(.cycle(index)),
      "previtem": index > 0 ? elements[index - 1] : .undefined("there is no previous item"),
      "nextitem": index + 1 < count ? elements[index + 1] : .undefined("there is no next item"),
    ])
  }

  // MARK: Names

  /// Binds a target of `for`, `set` or `with` in the innermost scope.
  mutating func bind(_ target: TemplateTarget, to value: TemplateValue, at place: Int) throws(TemplateError) {
    switch target {
    case .name(let name): scopes[scopes.count - 1][name] = value
    case .attribute(let name, let attribute):
      guard case .namespace(let index)? = lookUp(name) else {
        throw fault(
          "cannot set '\(name).\(attribute)': only attributes of a namespace() can be set", at: place)
      }
      namespaces[index][attribute] = value
    case .tuple(let targets):
      let values = try located(place) { () throws(TemplateFault) in try value.elements() }
      guard values.count == targets.count else {
        throw fault("cannot unpack \(values.count) values into \(targets.count) names", at: place)
      }
      for (target, value) in zip(targets, values) { try bind(target, to: value, at: place) }
    }
  }

  /// The value of a name, or nil.
  func lookUp(_ name: String) -> TemplateValue? {
    for scope in scopes.reversed() {
      if let value = scope[name] { return value }
    }
    return nil
  }
}
