// The filters that put elements into an order, or find the first or last of one.

extension TemplateFilters {
  private static func key(_ value: TemplateValue, _ ignoresCase: Bool) -> TemplateValue {
    guard ignoresCase, case .string(let text) = value else { return value }
    return .string(TemplateText(text).lower.string)
  }

  /// The order of keys, by a stable insertion into what is sorted already.
  private static func order(_ keys: [TemplateValue]) throws(TemplateFault) -> [Int] {
    var order: [Int] = []
    for index in keys.indices {
      var low = 0
      var high = order.count
      while low < high {
        let middle = (low + high) / 2
        if try keys[index].precedes(keys[order[middle]]) { high = middle } else { low = middle + 1 }
      }
      order.insert(index, at: low)
    }
    return order
  }

  /// A stable order of elements; reversed, equals still keep theirs, as in Python.
  private static func sort(
    _ elements: [TemplateValue], by keys: [TemplateValue], isReversed: Bool
  ) throws(TemplateFault) -> TemplateValue {
    guard isReversed else { return .list(try order(keys).map { elements[$0] }) }
    let last = elements.count - 1
    return .list(try order(keys.reversed()).reversed().map { elements[last - $0] })
  }

  /// The value of `sort`; its attribute may be several, with commas between them.
  static func sorted(
    _ value: TemplateValue, _ arguments: TemplateCallArguments, _ objects: inout TemplateObjects
  ) throws(TemplateFault) -> TemplateValue {
    let ignoresCase = !(arguments.value(1, "case_sensitive")?.isTrue ?? false)
    let elements = try objects.elements(of: value)
    var paths: [TemplateValue?] = [arguments.value(2, "attribute")]
    if case .string(let text)? = paths[0] {
      paths = TemplateText(text).split(TemplateText(","), limit: .max).map { .string($0.string) }
    }
    // Keys are lists, as in Jinja: equal ones need no order, whatever they hold.
    var keys = elements.map { _ in [TemplateValue]() }
    for path in paths {
      for (index, part) in try attributes(path, of: elements, objects).enumerated() {
        keys[index].append(key(part, ignoresCase))
      }
    }
    return try sort(
      elements, by: keys.map { .list($0) }, isReversed: arguments.value(0, "reverse")?.isTrue ?? false)
  }

  /// The value of `dictsort`.
  static func sortedEntries(_ map: TemplateMap, _ arguments: TemplateCallArguments) throws(TemplateFault)
    -> TemplateValue
  {
    let ignoresCase = !(arguments.value(0, "case_sensitive")?.isTrue ?? false)
    let by = arguments.value(1, "by")?.text ?? "key"
    guard by == "key" || by == "value" else {
      throw TemplateFault("filter 'dictsort' sorts by 'key' or 'value', not by '\(by)'")
    }
    return try sort(
      map.entries.map { .tuple([$0.key, $0.value]) },
      by: map.entries.map { key(by == "value" ? $0.value : $0.key, ignoresCase) },
      isReversed: arguments.value(2, "reverse")?.isTrue ?? false)
  }

  /// The value of `min` and `max`.
  static func extreme(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateCallArguments,
    _ objects: inout TemplateObjects
  ) throws(TemplateFault) -> TemplateValue {
    let ignoresCase = !(arguments.value(0, "case_sensitive")?.isTrue ?? false)
    let elements = try objects.elements(of: value)
    guard !elements.isEmpty else { return .undefined("there is no '\(name)', the sequence is empty") }
    let keys = try attributes(arguments.value(1, "attribute"), of: elements, objects).map {
      key($0, ignoresCase)
    }
    var best = 0
    for index in keys.indices.dropFirst() {
      let isBetter =
        name == "min" ? try keys[index].precedes(keys[best]) : try keys[best].precedes(keys[index])
      if isBetter { best = index }
    }
    return elements[best]
  }

  /// The elements of `unique`.
  static func unique(
    _ value: TemplateValue, _ arguments: TemplateCallArguments, _ objects: inout TemplateObjects
  ) throws(TemplateFault) -> [TemplateValue] {
    let ignoresCase = !(arguments.value(0, "case_sensitive")?.isTrue ?? false)
    let elements = try objects.elements(of: value)
    let keys = try attributes(arguments.value(1, "attribute"), of: elements, objects).map {
      key($0, ignoresCase)
    }
    if let odd = keys.first(where: { !$0.isHashable }) {
      throw TemplateFault("filter 'unique' cannot tell apart values of the type '\(odd.typeName)'")
    }
    return elements.indices.filter { !keys[..<$0].contains(keys[$0]) }.map { elements[$0] }
  }

  /// The pairs of `groupby`: a value of the attribute, and the elements that have it.
  static func groups(
    _ value: TemplateValue, _ arguments: TemplateCallArguments, _ objects: inout TemplateObjects
  ) throws(TemplateFault) -> [TemplateValue] {
    guard let path = arguments.value(0, "attribute") else {
      throw TemplateFault("filter 'groupby' needs an attribute")
    }
    let ignoresCase = !(arguments.value(2, "case_sensitive")?.isTrue ?? false)
    var standard = arguments.value(1, "default")
    if standard == TemplateValue.null { standard = Optional.none }
    let elements = try objects.elements(of: value)
    var parts: [TemplateValue] = []
    for element in elements { parts.append(try attribute(path, of: element, standard: standard, objects)) }
    let keys = parts.map { key($0, ignoresCase) }
    var groups: [(key: Int, elements: [TemplateValue])] = []
    for index in try order(keys) {
      if let last = groups.last, keys[last.key] == keys[index] {
        groups[groups.count - 1].elements.append(elements[index])
      } else {
        groups.append((index, [elements[index]]))
      }
    }
    return groups.map { .tuple([parts[$0.key], .list($0.elements)]) }
  }
}
