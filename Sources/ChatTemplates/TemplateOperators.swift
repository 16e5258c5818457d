// What operators, indices and slices do to values, as Python does it.

/// Arguments that have values.
struct TemplateCallArguments {
  var positional: [TemplateValue] = []
  var named: [(name: String, value: TemplateValue)] = []

  /// The argument at a place or of a name.
  func value(_ index: Int, _ name: String) -> TemplateValue? {
    if index < positional.count { return positional[index] }
    return named.last { $0.name == name }?.value
  }
}

extension TemplateValue {
  /// The value of `left operation right`.
  static func arithmetic(
    _ left: TemplateValue, _ operation: TemplateExpression.Arithmetic, _ right: TemplateValue
  ) throws(TemplateFault) -> TemplateValue {
    if case .undefined(let name) = left { throw TemplateFault(name) }
    if case .string(let text) = left, operation == .remainder {
      return .string(try TemplateFormat.formatted(text, percent: right))
    }
    if case .undefined(let name) = right { throw TemplateFault(name) }
    switch (left, operation, right) {
    case (.string(let one), .add, .string(let two)): return .string(one + two)
    case (.list(let one), .add, .list(let two)): return .list(one + two)
    case (.tuple(let one), .add, .tuple(let two)): return .tuple(one + two)
    case (_, .multiply, .string), (_, .multiply, .list), (_, .multiply, .tuple):
      if left.wholeNumber != nil { return try arithmetic(right, .multiply, left) }
    case (.string(let text), .multiply, _) where right.wholeNumber != nil:
      return .string(String(repeating: text, count: try repetitions(right, of: text.utf8.count)))
    case (.list(let elements), .multiply, _) where right.wholeNumber != nil:
      return .list(try repeated(elements, right))
    case (.tuple(let elements), .multiply, _) where right.wholeNumber != nil:
      return .tuple(try repeated(elements, right))
    default: break
    }
    if let one = left.wholeNumber, let two = right.wholeNumber, operation != .divide {
      if let result = try whole(one, operation, two) { return result }
    }
    guard let one = left.number, let two = right.number else {
      throw TemplateFault(
        "'\(operation.rawValue)' does not work on '\(left.typeName)' and '\(right.typeName)'")
    }
    return .double(try real(one, operation, two))
  }

  private static func repetitions(_ count: TemplateValue, of size: Int) throws(TemplateFault) -> Int {
    let count = max(0, count.wholeNumber ?? 0)
    guard !size.multipliedReportingOverflow(by: count).overflow, size * count <= 10_000_000 else {
      throw TemplateFault("'*' would make more than ten million elements")
    }
    return count
  }

  private static func repeated(
    _ elements: [TemplateValue], _ count: TemplateValue
  ) throws(TemplateFault) -> [TemplateValue] {
    Array(repeatElement(elements, count: try repetitions(count, of: elements.count)).joined())
  }

  private static func whole(
    _ one: Int, _ operation: TemplateExpression.Arithmetic, _ two: Int
  ) throws(TemplateFault) -> TemplateValue? {
    let result: (partialValue: Int, overflow: Bool)
    switch operation {
    case .add: result = one.addingReportingOverflow(two)
    case .subtract: result = one.subtractingReportingOverflow(two)
    case .multiply: result = one.multipliedReportingOverflow(by: two)
    case .floorDivide, .remainder:
      guard two != 0 else { throw TemplateFault("division by zero") }
      guard one != .min || two != -1 else { throw TemplateFault("a number is too large") }
      let (quotient, remainder) = one.quotientAndRemainder(dividingBy: two)
      let isLow = remainder != 0 && (remainder < 0) != (two < 0)
      return .integer(operation == .remainder ? remainder + (isLow ? two : 0) : quotient - (isLow ? 1 : 0))
    case .power:
      guard two >= 0 else { return nil }
      var power = (partialValue: 1, overflow: false)
      for _ in 0..<min(two, 128) where !power.overflow {
        power = power.partialValue.multipliedReportingOverflow(by: one)
      }
      if two > 128, abs(one) <= 1 { power.partialValue = two % 2 == 0 ? one * one : one }
      result = power
    case .divide: return nil
    }
    guard !result.overflow else { throw TemplateFault("a number is too large") }
    return .integer(result.partialValue)
  }

  private static func real(
    _ one: Double, _ operation: TemplateExpression.Arithmetic, _ two: Double
  ) throws(TemplateFault) -> Double {
    switch operation {
    case .add: return one + two
    case .subtract: return one - two
    case .multiply: return one * two
    case .divide, .floorDivide, .remainder:
      guard two != 0 else { throw TemplateFault("division by zero") }
      if operation == .divide { return one / two }
      let floor = (one / two).rounded(.down)
      return operation == .floorDivide ? floor : one - floor * two
    case .power:
      guard two == two.rounded(), abs(two) <= 1024 else {
        throw TemplateFault("'**' takes whole exponents up to 1024")
      }
      guard one != 0 || two >= 0 else { throw TemplateFault("division by zero") }
      var result = 1.0
      for _ in 0..<Int(abs(two)) { result *= one }
      return two < 0 ? 1 / result : result
    }
  }

  /// Whether `element in self`, for anything but an iterator.
  func contains(_ element: TemplateValue) throws(TemplateFault) -> Bool {
    switch self {
    case .string(let text):
      guard case .string(let part) = element else {
        throw TemplateFault("'in' a text needs a text, not '\(element.typeName)'")
      }
      return TemplateText(text).firstIndex(of: TemplateText(part)) != nil
    case .map(let map), .object(.keys(let map)):
      guard element.isHashable else { throw TemplateFault("a '\(element.typeName)' cannot be a key") }
      return map[element] != nil
    default: return try elements().contains(element)
    }
  }

  /// Whether the value may be a key of a dictionary.
  var isHashable: Bool {
    switch self {
    case .list, .map: false
    case .tuple(let elements): elements.allSatisfy(\.isHashable)
    case .object(.keys), .object(.items): false
    default: true
    }
  }

  // MARK: Parts

  /// The value of `self.name`: a method, else an entry of that name.
  func attribute(_ name: String) throws(TemplateFault) -> TemplateValue {
    if case .undefined(let problem) = self { throw TemplateFault(problem) }
    if TemplateMethods.change(name, self) {
      return .undefined(
        "'\(name)' would change a '\(typeName)'; templates may not, but '+' makes a new list")
    }
    if TemplateMethods.exist(name, for: self) { return .callable(.method(name, of: self)) }
    if case .map(let map) = self, let value = map[name] { return value }
    return missing(name)
  }

  /// The value of `self[key]`.
  func item(_ key: TemplateValue) throws(TemplateFault) -> TemplateValue {
    switch (self, key) {
    case (.undefined(let problem), _): throw TemplateFault(problem)
    case (.map(let map), _):
      if let value = map[key] { return value }
    case (.list(let elements), _), (.tuple(let elements), _):
      if let index = key.wholeNumber {
        let place = index < 0 ? index + elements.count : index
        if elements.indices.contains(place) { return elements[place] }
      }
    case (.string(let text), _):
      if let index = key.wholeNumber {
        let scalars = Array(text.unicodeScalars)
        let place = index < 0 ? index + scalars.count : index
        if scalars.indices.contains(place) { return .string(String(scalars[place])) }
      }
    case (.object(let object), _):
      if case .range = object, let index = key.wholeNumber, let elements = object.elements {
        let place = index < 0 ? index + elements.count : index
        if elements.indices.contains(place) { return elements[place] }
      }
    default: break
    }
    if case .string(let name) = key { return try attribute(name) }
    return .undefined("'\(typeName)' has no element \(key.representation)")
  }

  private func missing(_ name: String) -> TemplateValue {
    var hint = ""
    if case .map(let map) = self {
      hint = suggestion(
        for: name, in: map.entries.compactMap { if case .string(let key) = $0.key { key } else { nil } })
    }
    return .undefined("'\(typeName)' has no attribute '\(name)'" + hint)
  }

  /// The value of `self[from:to:step]`.
  func slice(from: Int?, to: Int?, step: Int?) throws(TemplateFault) -> TemplateValue {
    switch self {
    case .undefined(let problem): throw TemplateFault(problem)
    case .string(let text):
      let scalars = Array(text.unicodeScalars)
      var view = String.UnicodeScalarView()
      view.append(contentsOf: try Self.indices(scalars.count, from, to, step).map { scalars[$0] })
      return .string(String(view))
    case .list(let elements):
      return .list(try Self.indices(elements.count, from, to, step).map { elements[$0] })
    case .tuple(let elements):
      return .tuple(try Self.indices(elements.count, from, to, step).map { elements[$0] })
    case .object(.range(let start, _, let stride)):
      let bounds = try Self.bounds(try elements().count, from, to, step)
      return .object(
        .range(
          start: start + bounds.start * stride, end: start + bounds.end * stride, step: bounds.step * stride))
    default: throw TemplateFault("a '\(typeName)' cannot be sliced")
    }
  }

  private static func indices(_ count: Int, _ from: Int?, _ to: Int?, _ step: Int?) throws(TemplateFault)
    -> [Int]
  {
    let bounds = try bounds(count, from, to, step)
    return Array(stride(from: bounds.start, to: bounds.end, by: bounds.step))
  }

  private static func bounds(_ count: Int, _ from: Int?, _ to: Int?, _ step: Int?) throws(TemplateFault)
    -> (start: Int, end: Int, step: Int)
  {
    let step = step ?? 1
    guard step != 0 else { throw TemplateFault("a slice cannot step by zero") }
    func clamp(_ bound: Int, _ low: Int, _ high: Int) -> Int {
      min(max(bound < 0 ? bound + count : bound, low), high)
    }
    if step > 0 {
      return (from.map { clamp($0, 0, count) } ?? 0, to.map { clamp($0, 0, count) } ?? count, step)
    }
    return (
      from.map { clamp($0, -1, count - 1) } ?? count - 1, to.map { clamp($0, -1, count - 1) } ?? -1, step
    )
  }
}

extension TemplateObjects {
  /// Whether `left comparison right` holds.
  mutating func holds(
    _ left: TemplateValue, _ comparison: TemplateExpression.Comparison, _ right: TemplateValue
  ) throws(TemplateFault) -> Bool {
    switch comparison {
    case .equal: left == right
    case .unequal: left != right
    case .less: try left.precedes(right)
    case .greater: try right.precedes(left)
    case .lessOrEqual: try left.precedes(right, orEquals: true)
    case .greaterOrEqual: try right.precedes(left, orEquals: true)
    case .contained: try contains(left, in: right)
    case .notContained: try !contains(left, in: right)
    }
  }
}
