// Computes the expressions of a template.

extension TemplateInterpreter {
  /// Functions of the environment.
  private static let functions: Set<String> = ["dict", "namespace", "raise_exception", "range"]

  /// The value of an expression.
  mutating func evaluate(_ expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
    let place = expression.place
    switch expression.kind {
    case .literal(let value): return value
    case .name(let name): return value(of: name)
    case .list(let elements): return .list(try evaluate(elements))
    case .tuple(let elements): return .tuple(try evaluate(elements))
    case .map(let entries):
      var map = TemplateMap()
      for (key, value) in entries { map[try evaluate(key)] = try evaluate(value) }
      return .map(map)
    case .attribute(let base, let name):
      // In two steps: `self` must be read after the base, which may make a namespace.
      let value = try evaluate(base)
      return try attribute(name, of: value, at: place)
    case .item(let base, let key):
      let value = try evaluate(base)
      let key = try evaluate(key)
      if case .namespace = value, case .string(let name) = key {
        return try attribute(name, of: value, at: place)
      }
      return try located(place) { () throws(TemplateFault) in try value.item(key) }
    case .slice(let base, let from, let to, let step):
      let value = try evaluate(base)
      let bounds = [try bound(from), try bound(to), try bound(step)]
      return try located(place) { () throws(TemplateFault) in
        try value.slice(from: bounds[0], to: bounds[1], step: bounds[2])
      }
    case .call(let callee, let arguments): return try call(callee, arguments, at: place)
    case .filter(let base, let name, let arguments):
      let value = try evaluate(base)
      let arguments = try evaluate(arguments)
      return try located(place) { () throws(TemplateFault) in
        try TemplateFilters.apply(name, to: value, arguments)
      }
    case .test(let base, let name, let arguments):
      let value = try evaluate(base)
      let arguments = try evaluate(arguments)
      return .boolean(
        try located(place) { () throws(TemplateFault) in try TemplateChecks.holds(name, value, arguments) })
    case .not(let operand): return .boolean(!(try evaluate(operand).isTrue))
    case .negative(let operand): return try negative(operand, at: place)
    case .positive(let operand): return try evaluate(operand)
    case .arithmetic(let left, let operation, let right):
      let one = try evaluate(left)
      let two = try evaluate(right)
      return try located(place) { () throws(TemplateFault) in
        try TemplateValue.arithmetic(one, operation, two)
      }
    case .concatenation(let parts): return .string(try evaluate(parts).map(\.text).joined())
    case .comparison(let first, let rest):
      var left = try evaluate(first)
      for (comparison, expression) in rest {
        let right = try evaluate(expression)
        let holds = try located(place) { () throws(TemplateFault) in
          try TemplateValue.holds(left, comparison, right)
        }
        if !holds { return .boolean(false) }
        left = right
      }
      return .boolean(true)
    case .and(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? try evaluate(right) : value
    case .or(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? value : try evaluate(right)
    case .conditional(let condition, let then, let otherwise):
      if try evaluate(condition).isTrue { return try evaluate(then) }
      return try otherwise.map { expression throws(TemplateError) in try evaluate(expression) }
        ?? .undefined("the condition is false and there is no 'else'")
    }
  }

  private mutating func evaluate(_ expressions: [TemplateExpression]) throws(TemplateError) -> [TemplateValue]
  {
    var values: [TemplateValue] = []
    for expression in expressions { values.append(try evaluate(expression)) }
    return values
  }

  /// The values of arguments.
  mutating func evaluate(_ arguments: TemplateArguments) throws(TemplateError) -> TemplateCallArguments {
    var result = TemplateCallArguments(positional: try evaluate(arguments.positional))
    for (name, expression) in arguments.named { result.named.append((name, try evaluate(expression))) }
    return result
  }

  private func value(of name: String) -> TemplateValue {
    if let value = lookUp(name) { return value }
    if Self.functions.contains(name) || name == "strftime_now" && date != nil {
      return .callable(.function(name))
    }
    var known = Set(scopes.flatMap(\.keys))
    known.remove("loop")
    return .undefined("'\(name)' is undefined" + suggestion(for: name, in: known))
  }

  private func attribute(_ name: String, of value: TemplateValue, at place: Int) throws(TemplateError)
    -> TemplateValue
  {
    if case .namespace(let index) = value {
      return namespaces[index][name] ?? .undefined("the namespace has no attribute '\(name)'")
    }
    return try located(place) { () throws(TemplateFault) in try value.attribute(name) }
  }

  private mutating func bound(_ expression: TemplateExpression?) throws(TemplateError) -> Int? {
    guard let expression else { return nil }
    let value = try evaluate(expression)
    if value == .null { return nil }
    guard let number = value.wholeNumber else {
      throw fault("a slice needs whole numbers, not '\(value.typeName)'", at: expression.place)
    }
    return number
  }

  private mutating func negative(_ operand: TemplateExpression, at place: Int) throws(TemplateError)
    -> TemplateValue
  {
    let value = try evaluate(operand)
    if let whole = value.wholeNumber, whole != .min { return .integer(-whole) }
    if let number = value.number { return .double(-number) }
    if case .undefined(let problem) = value { throw fault(problem, at: place) }
    throw fault("'-' does not work on '\(value.typeName)'", at: place)
  }

  // MARK: Calls

  private mutating func call(
    _ callee: TemplateExpression, _ arguments: TemplateArguments, at place: Int
  ) throws(TemplateError) -> TemplateValue {
    let function = try evaluate(callee)
    let arguments = try evaluate(arguments)
    switch function {
    case .callable(.method(let name, let value)):
      return try located(place) { () throws(TemplateFault) in
        try TemplateMethods.call(name, of: value, arguments)
      }
    case .callable(.macro(let index)): return .string(try callMacro(index, arguments, at: place))
    case .callable(.cycle(let index)):
      guard !arguments.positional.isEmpty else { throw fault("'cycle' needs arguments", at: place) }
      return arguments.positional[index % arguments.positional.count]
    case .callable(.function(let name)): return try callFunction(name, arguments, at: place)
    case .undefined(let problem): throw fault(problem, at: place)
    default: throw fault("a '\(function.typeName)' cannot be called", at: place)
    }
  }

  private mutating func callFunction(
    _ name: String, _ arguments: TemplateCallArguments, at place: Int
  ) throws(TemplateError) -> TemplateValue {
    switch name {
    case "raise_exception":
      let problem = arguments.positional.first?.text ?? arguments.named.first?.value.text ?? ""
      throw TemplateLexer.error(source, place, .raised, problem)
    case "namespace", "dict":
      var map = TemplateMap()
      if case .map(let start)? = arguments.positional.first { map = start }
      for (name, value) in arguments.named { map[name] = value }
      if name == "dict" { return .map(map) }
      namespaces.append(map)
      return .namespace(namespaces.count - 1)
    case "range": return try range(arguments, at: place)
    default:
      guard let date else { throw fault("'\(name)' is undefined", at: place) }
      let format = arguments.positional.first?.text ?? ""
      return .string(try located(place) { () throws(TemplateFault) in try date.formatted(format) })
    }
  }

  private func range(_ arguments: TemplateCallArguments, at place: Int) throws(TemplateError) -> TemplateValue
  {
    let numbers = arguments.positional.compactMap(\.wholeNumber)
    guard numbers.count == arguments.positional.count, (1...3).contains(numbers.count) else {
      throw fault("'range' needs one to three whole numbers", at: place)
    }
    let start = numbers.count > 1 ? numbers[0] : 0
    let end = numbers.count > 1 ? numbers[1] : numbers[0]
    let step = numbers.count > 2 ? numbers[2] : 1
    guard step != 0 else { throw fault("'range' cannot step by zero", at: place) }
    let difference = end.subtractingReportingOverflow(start)
    guard !difference.overflow, abs(difference.partialValue / step) <= 100_000 else {
      throw fault("'range' makes at most 100000 numbers", at: place)
    }
    return .list(stride(from: start, to: end, by: step).map { .integer($0) })
  }

  private mutating func callMacro(
    _ index: Int, _ arguments: TemplateCallArguments, at place: Int
  ) throws(TemplateError) -> String {
    let (macro, depth) = macros[index]
    guard arguments.positional.count <= macro.parameters.count else {
      throw fault("macro '\(macro.name)' takes at most \(macro.parameters.count) arguments", at: place)
    }
    let names = macro.parameters.map(\.name)
    for (name, _) in arguments.named where !names.contains(name) {
      throw fault(
        "macro '\(macro.name)' has no argument '\(name)'" + suggestion(for: name, in: names), at: place)
    }
    callDepth += 1
    defer { callDepth -= 1 }
    guard callDepth <= 64 else { throw fault("macro '\(macro.name)' calls itself too deeply", at: place) }
    // A macro sees the scopes it was defined in, and not those of its caller.
    let hidden = Array(scopes[min(depth, scopes.count)...])
    scopes.removeLast(hidden.count)
    scopes.append([:])
    defer {
      scopes.removeLast()
      scopes += hidden
    }
    for (index, parameter) in macro.parameters.enumerated() {
      var value = arguments.value(index, parameter.name)
      if value == nil, let standard = parameter.standard { value = try evaluate(standard) }
      scopes[scopes.count - 1][parameter.name] =
        value ?? .undefined("parameter '\(parameter.name)' was not provided")
    }
    return try text(of: macro.body)
  }
}
