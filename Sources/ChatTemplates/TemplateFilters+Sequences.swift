// The filters that work on lists, dictionaries and the scalars of texts.

extension TemplateFilters {
  /// The value of a filter on sequences; nil when the filter is none of these.
  static func onSequence(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateCallArguments,
    _ objects: inout TemplateObjects
  ) throws(TemplateFault) -> TemplateValue? {
    switch name {
    case "length", "count": return .integer(try length(value, &objects))
    case "list": return .list(try objects.elements(of: value))
    case "first":
      return try objects.first(of: value) ?? .undefined("there is no first element, the sequence is empty")
    case "last":
      if case .object(.iterator) = value {
        throw TemplateFault("filter 'last' needs a list, not a generator; put 'list' before it")
      }
      return try value.elements().last ?? .undefined("there is no last element, the sequence is empty")
    case "reverse":
      let reversed = Array(try objects.elements(of: value).reversed())
      if case .string = value { return .string(reversed.map(\.text).joined()) }
      if case .object(.iterator) = value { return .list(reversed) }
      return objects.iterator { _, elements throws(TemplateFault) in elements = reversed }
    case "join":
      let elements = try attributes(arguments.value(1, "attribute"), of: value, &objects)
      return .string(elements.map(\.text).joined(separator: arguments.value(0, "d")?.text ?? ""))
    case "items":
      return objects.iterator { _, elements throws(TemplateFault) in
        if value.isUndefined { return }
        elements = try map(value, name).entries.map { .tuple([$0.key, $0.value]) }
      }
    case "dictsort": return try sortedEntries(try map(value, name), arguments)
    case "sort": return try sorted(value, arguments, &objects)
    case "unique":
      return objects.iterator { objects, elements throws(TemplateFault) in
        elements = try unique(value, arguments, &objects)
      }
    case "min", "max": return try extreme(name, value, arguments, &objects)
    case "sum":
      var sum = arguments.value(1, "start") ?? 0
      if case .string = sum { throw TemplateFault("filter 'sum' adds numbers and lists; 'join' joins texts") }
      for element in try attributes(arguments.value(0, "attribute"), of: value, &objects) {
        sum = try TemplateValue.arithmetic(sum, .add, element)
      }
      return sum
    case "map":
      return objects.iterator { objects, elements throws(TemplateFault) in
        try map(value, arguments, into: &elements, &objects)
      }
    case "select", "reject", "selectattr", "rejectattr":
      return objects.iterator { objects, elements throws(TemplateFault) in
        try select(name, value, arguments, into: &elements, &objects)
      }
    case "batch", "slice":
      return objects.iterator { objects, elements throws(TemplateFault) in
        elements = try portions(name, try objects.elements(of: value), arguments)
      }
    case "groupby": return .list(try groups(value, arguments, &objects))
    default: return nil
    }
  }

  private static func length(_ value: TemplateValue, _ objects: inout TemplateObjects) throws(TemplateFault)
    -> Int
  {
    switch value {
    case .object(.loop(let index)): return objects.loops[index].elements.count
    case .object(let object) where object.elements == nil:
      throw TemplateFault("a '\(value.typeName)' has no length; put 'list' before 'length'")
    default: return try value.elements().count
    }
  }

  private static func map(_ value: TemplateValue, _ name: String) throws(TemplateFault) -> TemplateMap {
    guard case .map(let map) = value else {
      throw TemplateFault("filter '\(name)' needs a dictionary, not '\(value.typeName)'")
    }
    return map
  }

  // MARK: Attributes

  /// The value of a dotted path such as `function.name` or `0`.
  static func attribute(
    _ path: TemplateValue, of value: TemplateValue, standard: TemplateValue? = nil,
    _ objects: TemplateObjects
  ) throws(TemplateFault) -> TemplateValue {
    if path.wholeNumber != nil {
      let part = try value.item(path)
      return part.isUndefined ? standard ?? part : part
    }
    var result = value
    for part in TemplateText(path.text).split(TemplateText("."), limit: .max).map(\.string) {
      if case .object(let object) = result, let attribute = objects.attribute(part, of: object) {
        result = attribute
      } else {
        let isNumber = !part.isEmpty && part.allSatisfy(\.isNumber)
        result = try result.item(isNumber ? Int(part).map { .integer($0) } ?? .string(part) : .string(part))
      }
      if result.isUndefined, let standard { result = standard }
    }
    return result
  }

  /// The elements of a value, or an attribute of each.
  private static func attributes(
    _ path: TemplateValue?, of value: TemplateValue, _ objects: inout TemplateObjects
  ) throws(TemplateFault) -> [TemplateValue] {
    try attributes(path, of: try objects.elements(of: value), objects)
  }

  /// The elements, or an attribute of each.
  static func attributes(
    _ path: TemplateValue?, of elements: [TemplateValue], _ objects: TemplateObjects
  ) throws(TemplateFault) -> [TemplateValue] {
    guard let path, path != .null else { return elements }
    var result: [TemplateValue] = []
    for element in elements { result.append(try attribute(path, of: element, objects)) }
    return result
  }

  private static func map(
    _ value: TemplateValue, _ arguments: TemplateCallArguments, into result: inout [TemplateValue],
    _ objects: inout TemplateObjects
  ) throws(TemplateFault) {
    // Nothing, of whatever kind, has no elements to go through.
    guard value.isTrue else { return }
    if let path = arguments.named.first(where: { $0.name == "attribute" })?.value,
      arguments.positional.isEmpty
    {
      let standard = arguments.named.first { $0.name == "default" && $0.value != .null }?.value
      for element in try objects.elements(of: value) {
        result.append(try attribute(path, of: element, standard: standard, objects))
      }
      return
    }
    guard let name = arguments.positional.first?.text else {
      throw TemplateFault("filter 'map' needs a filter or 'attribute='")
    }
    let rest = TemplateCallArguments(
      positional: Array(arguments.positional.dropFirst()), named: arguments.named)
    for element in try objects.elements(of: value) {
      result.append(try apply(name, to: element, rest, &objects))
    }
  }

  private static func select(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateCallArguments,
    into result: inout [TemplateValue], _ objects: inout TemplateObjects
  ) throws(TemplateFault) {
    guard value.isTrue else { return }
    let hasAttribute = name.hasSuffix("attr")
    let keeps = name.hasPrefix("select")
    var rest = arguments.positional[...]
    guard !hasAttribute || !rest.isEmpty else { throw TemplateFault("filter '\(name)' needs an attribute") }
    let path = hasAttribute ? rest.popFirst() : nil
    let test = rest.popFirst()?.text
    let further = TemplateCallArguments(positional: Array(rest), named: arguments.named)
    for element in try objects.elements(of: value) {
      var subject = element
      if let path { subject = try attribute(path, of: element, objects) }
      var holds = subject.isTrue
      if let test { holds = try TemplateChecks.holds(test, subject, further, &objects) }
      if holds == keeps { result.append(element) }
    }
  }

  // MARK: Portions

  private static func portions(
    _ name: String, _ elements: [TemplateValue], _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> [TemplateValue] {
    guard let count = arguments.value(0, name == "batch" ? "linecount" : "slices")?.wholeNumber, count > 0
    else {
      throw TemplateFault("filter '\(name)' needs a positive number")
    }
    var filling = arguments.value(1, "fill_with")
    if filling == TemplateValue.null { filling = Optional.none }
    var result: [TemplateValue] = []
    if name == "batch" {
      for start in stride(from: 0, to: elements.count, by: count) {
        var portion = Array(elements[start..<min(start + count, elements.count)])
        if let filling { portion += Array(repeating: filling, count: count - portion.count) }
        result.append(.list(portion))
      }
      return result
    }
    let (length, longer) = elements.count.quotientAndRemainder(dividingBy: count)
    var start = 0
    for index in 0..<count {
      let end = start + length + (index < longer ? 1 : 0)
      var portion = Array(elements[start..<end])
      if let filling, index >= longer { portion.append(filling) }
      result.append(.list(portion))
      start = end
    }
    return result
  }
}
