// Computes the expressions of a template.

extension TemplateInterpreter {
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
      for (key, value) in entries {
        let key = try hashable(try evaluate(key), at: place)
        map[key] = try evaluate(value)
      }
      return .map(map)
    case .attribute(let base, let name):
      let value = try evaluate(base)
      return try attribute(name, of: value, at: place)
    case .item(let base, let key):
      let value = try evaluate(base)
      let key = try evaluate(key)
      if case .object = value, case .string(let name) = key {
        return try attribute(name, of: value, at: place)
      }
      return try located(place) { _ throws(TemplateFault) in try value.item(key) }
    case .slice(let base, let from, let to, let step):
      let value = try evaluate(base)
      let bounds = [try bound(from), try bound(to), try bound(step)]
      return try located(place) { _ throws(TemplateFault) in
        try value.slice(from: bounds[0], to: bounds[1], step: bounds[2])
      }
    case .call(let callee, let arguments):
      let function = try evaluate(callee)
      return try call(function, try evaluate(arguments), at: place)
    case .filter(let base, let name, let arguments):
      let value = try evaluate(base)
      let arguments = try evaluate(arguments)
      return try located(place) { objects throws(TemplateFault) in
        try TemplateFilters.apply(name, to: value, arguments, &objects)
      }
    case .test(let base, let name, let arguments):
      let value = try evaluate(base)
      let arguments = try evaluate(arguments)
      return .boolean(
        try located(place) { objects throws(TemplateFault) in
          try TemplateChecks.holds(name, value, arguments, &objects)
        })
    case .not(let operand): return .boolean(!(try evaluate(operand).isTrue))
    case .negative(let operand): return try signed("-", operand, at: place)
    case .positive(let operand): return try signed("+", operand, at: place)
    case .arithmetic(let left, let operation, let right):
      let one = try evaluate(left)
      let two = try evaluate(right)
      return try located(place) { _ throws(TemplateFault) in
        try TemplateValue.arithmetic(one, operation, two)
      }
    case .concatenation(let parts): return .string(try evaluate(parts).map(\.text).joined())
    case .comparison(let first, let rest): return .boolean(try compare(first, rest, at: place))
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
    if let sequence = arguments.sequence {
      let value = try evaluate(sequence)
      result.positional += try located(sequence.place) { objects throws(TemplateFault) in
        try objects.elements(of: value)
      }
    }
    for (name, expression) in arguments.named { result.named.append((name, try evaluate(expression))) }
    guard let mapping = arguments.mapping else { return result }
    guard case .map(let map) = try evaluate(mapping) else {
      throw fault("behind '**' stands a dictionary", at: mapping.place)
    }
    for entry in map.entries {
      guard case .string(let name) = entry.key, !result.named.contains(where: { $0.name == name }) else {
        throw fault(
          "the argument \(entry.key.representation) is given twice or has no name", at: mapping.place)
      }
      result.named.append((name, entry.value))
    }
    return result
  }

  private mutating func compare(
    _ first: TemplateExpression, _ rest: [(TemplateExpression.Comparison, TemplateExpression)], at place: Int
  ) throws(TemplateError) -> Bool {
    var left = try evaluate(first)
    for (comparison, expression) in rest {
      let one = left
      let two = try evaluate(expression)
      let holds = try located(place) { objects throws(TemplateFault) in
        try objects.holds(one, comparison, two)
      }
      if !holds { return false }
      left = two
    }
    return true
  }

  private func value(of name: String) -> TemplateValue {
    if let value = lookUp(name) { return value }
    if Self.functions.contains(name) || name == "strftime_now" && date != nil {
      return .callable(.function(name))
    }
    return .undefined("'\(name)' is undefined" + suggestion(for: name, in: knownNames))
  }

  private func attribute(_ name: String, of value: TemplateValue, at place: Int) throws(TemplateError)
    -> TemplateValue
  {
    if case .object(let object) = value {
      return objects.attribute(name, of: object)
        ?? .undefined("'\(object.typeName)' has no attribute '\(name)'")
    }
    if case .callable(.macro(let index)) = value { return macroAttribute(name, index) }
    do throws(TemplateFault) {
      return try value.attribute(name)
    } catch { throw fault(error.problem, at: place) }
  }

  private func macroAttribute(_ name: String, _ index: Int) -> TemplateValue {
    let macro = macros[index].macro
    switch name {
    case "name": return .string(macro.name)
    case "arguments": return .tuple(macro.parameters.map { .string($0.name) })
    case "caller": return .boolean(macro.catches.contains("caller"))
    case "catch_kwargs": return .boolean(macro.catches.contains("kwargs"))
    case "catch_varargs": return .boolean(macro.catches.contains("varargs"))
    default: return .undefined("macro '\(macro.name)' has no attribute '\(name)'")
    }
  }

  private func hashable(_ value: TemplateValue, at place: Int) throws(TemplateError) -> TemplateValue {
    guard value.isHashable else { throw fault("a '\(value.typeName)' cannot be a key", at: place) }
    return value
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

  private mutating func signed(_ sign: String, _ operand: TemplateExpression, at place: Int)
    throws(TemplateError) -> TemplateValue
  {
    let value = try evaluate(operand)
    if let whole = value.wholeNumber, whole != .min { return .integer(sign == "-" ? -whole : whole) }
    if let number = value.number { return .double(sign == "-" ? -number : number) }
    if case .undefined(let problem) = value { throw fault(problem, at: place) }
    throw fault("'\(sign)' does not work on '\(value.typeName)'", at: place)
  }
}
