// Calls of functions, methods and macros.

extension TemplateInterpreter {
  /// Functions of the environment, but for the date.
  static let functions: Set<String> = [
    "cycler", "dict", "joiner", "namespace", "raise_exception", "range",
  ]

  /// The value of a call.
  mutating func call(
    _ function: TemplateValue, _ arguments: TemplateCallArguments, at place: Int
  ) throws(TemplateError) -> TemplateValue {
    switch function {
    case .callable(.method(let name, let value)):
      return try located(place) { objects throws(TemplateFault) in
        if case .object(let object) = value, let result = try objects.call(name, of: object, arguments) {
          return result
        }
        var drained = arguments
        if name == "join", let parts = arguments.positional.first {
          drained.positional[0] = try objects.drained(parts)
        }
        return try TemplateMethods.call(name, of: value, drained)
      }
    case .callable(.macro(let index)): return .string(try callMacro(index, arguments, at: place))
    case .callable(.function(let name)): return try callFunction(name, arguments, at: place)
    case .object(.loop(let index)):
      guard arguments.positional.count == 1, arguments.named.isEmpty else {
        throw fault("'loop' takes one argument, what to go through", at: place)
      }
      return .string(try recur(index, over: arguments.positional[0], at: place))
    case .object(let object):
      let result = try located(place) { objects throws(TemplateFault) in
        try objects.call("", of: object, arguments)
      }
      guard let result else { throw fault("a '\(object.typeName)' cannot be called", at: place) }
      return result
    case .undefined(let problem): throw fault(problem, at: place)
    default: throw fault("a '\(function.typeName)' cannot be called", at: place)
    }
  }

  private mutating func callFunction(
    _ name: String, _ arguments: TemplateCallArguments, at place: Int
  ) throws(TemplateError) -> TemplateValue {
    switch name {
    case "raise_exception":
      guard let problem = arguments.value(0, "message") else {
        throw fault("'raise_exception' needs a message", at: place)
      }
      throw TemplateLexer.error(source, place, .raised, problem.text)
    case "namespace", "dict":
      let map = try map(arguments, at: place)
      if name == "dict" { return .map(map) }
      for entry in map.entries where entry.key.text.hasPrefix("_") {
        throw fault("a namespace has no attribute that begins with '_'", at: place)
      }
      objects.namespaces.append(map)
      return .object(.namespace(objects.namespaces.count - 1))
    case "range": return try range(arguments, at: place)
    case "cycler":
      guard !arguments.positional.isEmpty else { throw fault("'cycler' needs arguments", at: place) }
      objects.cyclers.append((arguments.positional, 0))
      return .object(.cycler(objects.cyclers.count - 1))
    case "joiner":
      objects.joiners.append((arguments.value(0, "sep") ?? ", ", false))
      return .object(.joiner(objects.joiners.count - 1))
    default:
      guard let date else { throw fault("'\(name)' is undefined", at: place) }
      let format = arguments.value(0, "format")?.text ?? ""
      return .string(try located(place) { _ throws(TemplateFault) in try date.formatted(format) })
    }
  }

  /// The dictionary of `dict(start, name=value)`.
  private mutating func map(_ arguments: TemplateCallArguments, at place: Int) throws(TemplateError)
    -> TemplateMap
  {
    var map = TemplateMap()
    switch arguments.positional.first {
    case nil: break
    case .map(let start)?: map = start
    case let pairs?:
      let pairs = try located(place) { objects throws(TemplateFault) in
        try objects.elements(of: pairs).map { pair throws(TemplateFault) in try pair.elements() }
      }
      for pair in pairs {
        guard pair.count == 2, pair[0].isHashable else {
          throw fault("'dict' needs a dictionary or pairs of a key and a value", at: place)
        }
        map[pair[0]] = pair[1]
      }
    }
    for (name, value) in arguments.named { map[name] = value }
    return map
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
    return .object(.range(start: start, end: end, step: step))
  }

  private mutating func callMacro(
    _ index: Int, _ arguments: TemplateCallArguments, at place: Int
  ) throws(TemplateError) -> String {
    let macro = macros[index].macro
    let names = macro.parameters.map(\.name)
    guard arguments.positional.count <= names.count || macro.catches.contains("varargs") else {
      throw fault("macro '\(macro.name)' takes at most \(names.count) arguments", at: place)
    }
    var named = arguments.named
    var values: [TemplateValue?] = names.indices.map { index in
      if index < arguments.positional.count { return arguments.positional[index] }
      guard let place = named.firstIndex(where: { $0.name == names[index] }) else { return nil }
      return named.remove(at: place).value
    }
    var caller: TemplateValue = .undefined("macro '\(macro.name)' was not used in a 'call' block")
    if macro.catches.contains("caller"), let place = named.firstIndex(where: { $0.name == "caller" }) {
      caller = named.remove(at: place).value
    }
    if let extra = named.first?.name, !macro.catches.contains("kwargs") {
      throw fault(
        "macro '\(macro.name)' has no argument '\(extra)'" + suggestion(for: extra, in: names), at: place)
    }
    callDepth += 1
    defer { callDepth -= 1 }
    guard callDepth <= 64 else { throw fault("macro '\(macro.name)' calls itself too deeply", at: place) }
    return try expand(index) { interpreter throws(TemplateError) in
      for name in macro.catches {
        switch name {
        case "caller": interpreter.bind(name, to: caller)
        case "kwargs": interpreter.bind(name, to: .map(TemplateMap(named.map { ($0.name, $0.value) })))
        default: interpreter.bind(name, to: .tuple(Array(arguments.positional.dropFirst(names.count))))
        }
      }
      for (index, parameter) in macro.parameters.enumerated() {
        if values[index] == nil, let standard = parameter.standard {
          values[index] = try interpreter.evaluate(standard)
        }
        interpreter.bind(
          parameter.name,
          to: values[index] ?? .undefined("parameter '\(parameter.name)' was not provided"))
      }
    }
  }
}
