// The filters that work on lists, dictionaries and the scalars of texts.

extension TemplateFilters {
  /// The value of a filter on sequences; nil when the filter is none of these.
  static func onSequence(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> TemplateValue? {
    switch name {
    case "length", "count": return .integer(try value.elements().count)
    case "list": return .list(try value.elements())
    case "first":
      return try value.elements().first ?? .undefined("there is no first element, the sequence is empty")
    case "last":
      return try value.elements().last ?? .undefined("there is no last element, the sequence is empty")
    case "reverse":
      let reversed = Array(try value.elements().reversed())
      if case .string = value { return .string(reversed.map(\.text).joined()) }
      return .list(reversed)
    case "join":
      let elements = try attributes(arguments.value(1, "attribute"), of: try value.elements())
      return .string(elements.map(\.text).joined(separator: arguments.value(0, "d")?.text ?? ""))
    case "items":
      if value.isUndefined { return [] }
      return .list(try map(value, name).entries.map { .tuple([$0.key, $0.value]) })
    case "dictsort": return try sortedEntries(try map(value, name), arguments)
    case "sort":
      let ignoresCase = !(arguments.value(1, "case_sensitive")?.isTrue ?? false)
      let sorted = try sort(try value.elements(), by: arguments.value(2, "attribute"), ignoresCase)
      // Python keeps the order of equals in reversed sorts too.
      guard arguments.value(0, "reverse")?.isTrue ?? false else { return .list(sorted) }
      let reversed = try sort(
        try value.elements().reversed(), by: arguments.value(2, "attribute"), ignoresCase)
      return .list(reversed.reversed())
    case "unique":
      return .list(try unique(try value.elements(), arguments))
    case "min", "max":
      let ignoresCase = !(arguments.value(0, "case_sensitive")?.isTrue ?? false)
      let elements = try value.elements()
      let sorted = try sort(
        name == "min" ? elements : elements.reversed(), by: arguments.value(1, "attribute"), ignoresCase)
      return (name == "min" ? sorted.first : sorted.last)
        ?? .undefined("there is no '\(name)', the sequence is empty")
    case "sum":
      var sum = arguments.value(1, "start") ?? 0
      for element in try attributes(arguments.value(0, "attribute"), of: try value.elements()) {
        sum = try TemplateValue.arithmetic(sum, .add, element)
      }
      return sum
    case "map": return .list(try mapped(value, arguments))
    case "select", "reject", "selectattr", "rejectattr": return .list(try selected(name, value, arguments))
    case "batch", "slice": return .list(try portions(name, value, arguments))
    case "groupby": return .list(try groups(value, arguments))
    default: return nil
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
  private static func attribute(
    _ path: TemplateValue, of value: TemplateValue
  ) throws(TemplateFault) -> TemplateValue {
    if let index = path.wholeNumber { return try value.item(.integer(index)) }
    var result = value
    for part in path.text.split(separator: ".") {
      result = try result.item(Int(part).map { .integer($0) } ?? .string(String(part)))
    }
    return result
  }

  private static func attributes(
    _ path: TemplateValue?, of elements: [TemplateValue]
  ) throws(TemplateFault) -> [TemplateValue] {
    guard let path, path != .null else { return elements }
    var result: [TemplateValue] = []
    for element in elements { result.append(try attribute(path, of: element)) }
    return result
  }

  private static func mapped(
    _ value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> [TemplateValue] {
    // Nothing, of whatever kind, has no elements to go through.
    guard value.isTrue else { return [] }
    var result: [TemplateValue] = []
    if let path = arguments.named.first(where: { $0.name == "attribute" })?.value {
      let standard = arguments.named.first { $0.name == "default" }?.value
      for element in try value.elements() {
        let part = try attribute(path, of: element)
        result.append(part.isUndefined ? standard ?? part : part)
      }
      return result
    }
    guard let name = arguments.positional.first?.text else {
      throw TemplateFault("filter 'map' needs a filter or 'attribute='")
    }
    let rest = TemplateCallArguments(
      positional: Array(arguments.positional.dropFirst()), named: arguments.named)
    for element in try value.elements() { result.append(try apply(name, to: element, rest)) }
    return result
  }

  private static func selected(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> [TemplateValue] {
    let hasAttribute = name.hasSuffix("attr")
    let keeps = name.hasPrefix("select")
    var rest = arguments.positional[...]
    guard !hasAttribute || !rest.isEmpty else { throw TemplateFault("filter '\(name)' needs an attribute") }
    let path = hasAttribute ? rest.popFirst() : nil
    let test = rest.popFirst()?.text
    let further = TemplateCallArguments(positional: Array(rest), named: arguments.named)
    guard value.isTrue else { return [] }
    var result: [TemplateValue] = []
    for element in try value.elements() {
      let subject = try path.map { path throws(TemplateFault) in try attribute(path, of: element) } ?? element
      let holds = try test.map { test throws(TemplateFault) in
        try TemplateChecks.holds(test, subject, further)
      }
      if (holds ?? subject.isTrue) == keeps { result.append(element) }
    }
    return result
  }

  // MARK: Order

  private static func key(_ value: TemplateValue, _ ignoresCase: Bool) -> TemplateValue {
    guard ignoresCase, case .string(let text) = value else { return value }
    return .string(TemplateText(text).lower.string)
  }

  /// A stable sort, by insertion into sorted halves.
  private static func sort(
    _ elements: [TemplateValue], by path: TemplateValue?, _ ignoresCase: Bool
  ) throws(TemplateFault) -> [TemplateValue] {
    let keys = try attributes(path, of: elements).map { key($0, ignoresCase) }
    var order: [Int] = []
    for index in elements.indices {
      var low = 0
      var high = order.count
      while low < high {
        let middle = (low + high) / 2
        if try keys[index].precedes(keys[order[middle]]) { high = middle } else { low = middle + 1 }
      }
      order.insert(index, at: low)
    }
    return order.map { elements[$0] }
  }

  private static func sortedEntries(
    _ map: TemplateMap, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> TemplateValue {
    let ignoresCase = !(arguments.value(0, "case_sensitive")?.isTrue ?? false)
    let place: TemplateValue = arguments.value(1, "by")?.text == "value" ? 1 : 0
    let pairs = map.entries.map { TemplateValue.tuple([$0.key, $0.value]) }
    let sorted = try sort(pairs, by: place, ignoresCase)
    return .list(arguments.value(2, "reverse")?.isTrue ?? false ? sorted.reversed() : sorted)
  }

  private static func unique(
    _ elements: [TemplateValue], _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> [TemplateValue] {
    let ignoresCase = !(arguments.value(0, "case_sensitive")?.isTrue ?? false)
    let keys = try attributes(arguments.value(1, "attribute"), of: elements).map { key($0, ignoresCase) }
    return elements.indices.filter { !keys[..<$0].contains(keys[$0]) }.map { elements[$0] }
  }

  // MARK: Groups

  private static func portions(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> [TemplateValue] {
    let elements = try value.elements()
    guard let count = arguments.value(0, name == "batch" ? "linecount" : "slices")?.wholeNumber, count > 0
    else {
      throw TemplateFault("filter '\(name)' needs a positive number")
    }
    let filling = arguments.value(1, "fill_with").flatMap { $0 == .null ? nil : $0 }
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
      if let filling, index >= longer, longer > 0 { portion.append(filling) }
      result.append(.list(portion))
      start = end
    }
    return result
  }

  private static func groups(
    _ value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> [TemplateValue] {
    guard let path = arguments.value(0, "attribute") else {
      throw TemplateFault("filter 'groupby' needs an attribute")
    }
    let ignoresCase = !(arguments.value(2, "case_sensitive")?.isTrue ?? false)
    var groups: [(key: TemplateValue, elements: [TemplateValue])] = []
    for element in try sort(try value.elements(), by: path, ignoresCase) {
      var key = try attribute(path, of: element)
      if key.isUndefined { key = arguments.value(1, "default") ?? key }
      if let last = groups.last, self.key(last.key, ignoresCase) == self.key(key, ignoresCase) {
        groups[groups.count - 1].elements.append(element)
      } else {
        groups.append((key, [element]))
      }
    }
    return groups.map { .tuple([$0.key, .list($0.elements)]) }
  }
}
