// Reads filters and tests, which stand behind a value.

extension TemplateParser {
  /// The filters and tests behind a value, and calls of what they give.
  mutating func filtersAndTests(_ start: TemplateExpression) throws(TemplateError)
    -> TemplateExpression
  {
    var value = start
    var length = 0
    while true {
      length += 1
      try check(length: length)
      let place = token.place
      if take("|") {
        let place = token.place
        let (name, arguments) = try filterCall()
        value = TemplateExpression(kind: .filter(value, name, arguments), place: place)
      } else if takeWord("is") {
        value = try test(of: value, place)
      } else if token.kind == .symbol("(") {
        value = TemplateExpression(kind: .call(value, try arguments()), place: place)
      } else {
        return value
      }
    }
  }

  /// The name of a filter and its arguments.
  mutating func filterCall() throws(TemplateError) -> (name: String, arguments: TemplateArguments) {
    let place = token.place
    let name = try name()
    if TemplateFilters.parameters[name] == nil {
      unknowns.append(fault(TemplateFilters.unknown(name), at: place))
    }
    return (name, token.kind == .symbol("(") ? try arguments() : TemplateArguments())
  }

  private mutating func test(of value: TemplateExpression, _ place: Int) throws(TemplateError)
    -> TemplateExpression
  {
    let isNegated = takeWord("not")
    let namePlace = token.place
    let name = try self.name()
    if !TemplateChecks.names.contains(name) {
      unknowns.append(fault(TemplateChecks.unknown(name), at: namePlace))
    }
    var arguments = TemplateArguments()
    if token.kind == .symbol("(") {
      arguments = try self.arguments()
    } else if token.kind == .name("is") {
      throw fault("a test follows a test; put the first into parentheses")
    } else if startsTestArgument {
      arguments.positional = [try postfix(try primary())]
    }
    let test = TemplateExpression(kind: .test(value, name, arguments), place: place)
    return isNegated ? TemplateExpression(kind: .not(test), place: place) : test
  }

  private var startsTestArgument: Bool {
    switch token.kind {
    case .name(let word): !["else", "or", "and"].contains(word)
    case .string, .integer, .double, .symbol("["), .symbol("{"): true
    default: false
    }
  }
}
