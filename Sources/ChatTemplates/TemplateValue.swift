// The values of templates: those of JSON, and what only templates have.

/// A value a template works with.
public indirect enum TemplateValue: Sendable {
  /// Python's `None`; JSON's `null`.
  case null
  /// A boolean.
  case boolean(Bool)
  /// A whole number.
  case integer(Int)
  /// Any other number.
  case double(Double)
  /// A text.
  case string(String)
  /// A list.
  case list([TemplateValue])
  /// A list that prints with parentheses.
  case tuple([TemplateValue])
  /// A dictionary in the order of its making.
  case map(TemplateMap)
  /// A name or an attribute that does not exist; the text says which.
  case undefined(String)
  /// Something that can be called.
  case callable(TemplateCallable)
  /// What lives only while a template is rendered.
  case object(TemplateObject)
}

/// Something a template can call.
public enum TemplateCallable: Sendable, Equatable {
  /// A function of the environment, such as `range`.
  case function(String)
  /// A macro, by its place in the rendering.
  case macro(Int)
  /// A method of a value.
  case method(String, of: TemplateValue)
}

/// A dictionary that keeps the order in which keys came.
public struct TemplateMap: Sendable {
  /// One entry.
  public struct Entry: Sendable {
    /// Its key, most often a string.
    public var key: TemplateValue
    /// Its value.
    public var value: TemplateValue
  }

  /// The entries in order.
  public private(set) var entries: [Entry] = []

  /// An empty dictionary.
  public init() {}

  /// A dictionary of named values; of equal names the last one holds.
  public init(_ members: [(String, TemplateValue)]) {
    for (name, value) in members { self[name] = value }
  }

  /// The value under a name; setting nil removes it.
  public subscript(name: String) -> TemplateValue? {
    get { self[.string(name)] }
    set { self[.string(name)] = newValue }
  }

  /// The value under a key; setting nil removes it.
  public subscript(key: TemplateValue) -> TemplateValue? {
    get { entries.first { $0.key == key }?.value }
    set {
      let place = entries.firstIndex { $0.key == key }
      switch (place, newValue) {
      case (let place?, let value?): entries[place].value = value
      case (let place?, nil): entries.remove(at: place)
      case (nil, let value?): entries.append(Entry(key: key, value: value))
      case (nil, nil): break
      }
    }
  }
}

extension TemplateMap: ExpressibleByDictionaryLiteral {
  /// A dictionary of named values.
  public init(dictionaryLiteral elements: (String, TemplateValue)...) { self.init(elements) }
}

extension TemplateValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByFloatLiteral,
  ExpressibleByNilLiteral
{
  /// A text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A boolean.
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// `None`.
  public init(nilLiteral: ()) { self = .null }
  /// A list.
  public init(arrayLiteral elements: TemplateValue...) { self = .list(elements) }
  /// A dictionary.
  public init(dictionaryLiteral elements: (String, TemplateValue)...) { self = .map(TemplateMap(elements)) }
}

extension TemplateValue {
  /// Whether the value counts as true.
  var isTrue: Bool {
    switch self {
    case .null, .undefined: false
    case .boolean(let flag): flag
    case .integer(let number): number != 0
    case .double(let number): number != 0
    case .string(let text): !text.isEmpty
    case .list(let elements), .tuple(let elements): !elements.isEmpty
    case .map(let map): !map.entries.isEmpty
    case .object(let object): object.elements.map { !$0.isEmpty } ?? true
    case .callable: true
    }
  }

  /// Whether the value is undefined.
  var isUndefined: Bool {
    if case .undefined = self { return true }
    return false
  }

  /// The value as a number, if it is one; booleans are 0 and 1.
  var number: Double? {
    switch self {
    case .boolean(let flag): flag ? 1 : 0
    case .integer(let number): Double(number)
    case .double(let number): number
    default: nil
    }
  }

  /// The value as a whole number, if it is one; booleans are 0 and 1.
  var wholeNumber: Int? {
    switch self {
    case .boolean(let flag): flag ? 1 : 0
    case .integer(let number): number
    default: nil
    }
  }

  /// Python's name of the type, for messages.
  var typeName: String {
    switch self {
    case .null: "None"
    case .boolean: "bool"
    case .integer: "int"
    case .double: "float"
    case .string: "str"
    case .list: "list"
    case .tuple: "tuple"
    case .map: "dict"
    case .undefined: "Undefined"
    case .callable(.macro): "Macro"
    case .callable: "function"
    case .object(let object): object.typeName
    }
  }

  /// What a `for` loop would go through.
  func elements() throws(TemplateFault) -> [TemplateValue] {
    switch self {
    case .list(let elements), .tuple(let elements): return elements
    case .map(let map): return map.entries.map(\.key)
    case .string(let text): return text.unicodeScalars.map { .string(String($0)) }
    case .undefined: return []
    case .object(let object):
      if let elements = object.elements { return elements }
    default: break
    }
    throw TemplateFault("'\(typeName)' object is not iterable")
  }
}

extension TemplateValue: Equatable {
  /// Equality as Python has it: numbers by value whatever their type, texts by their scalars.
  public static func == (one: TemplateValue, other: TemplateValue) -> Bool {
    switch (one, other) {
    case (.null, .null), (.undefined, .undefined): true
    case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
    case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)): left == right
    case (.map(let left), .map(let right)):
      left.entries.count == right.entries.count
        && left.entries.allSatisfy { entry in right[entry.key].map { $0 == entry.value } ?? false }
    case (.callable(let left), .callable(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default:
      if let left = one.wholeNumber, let right = other.wholeNumber {
        left == right
      } else if let left = one.number, let right = other.number {
        left == right
      } else {
        false
      }
    }
  }

  /// Whether this comes before `other`, or may be equal; only numbers, texts and lists have an order.
  func precedes(_ other: TemplateValue, orEquals: Bool = false) throws(TemplateFault) -> Bool {
    switch (self, other) {
    case (.string(let left), .string(let right)):
      if orEquals, self == other { return true }
      return left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars)
    case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
      for (one, two) in zip(left, right) where one != two { return try one.precedes(two, orEquals: orEquals) }
      return orEquals ? left.count <= right.count : left.count < right.count
    default:
      if let left = wholeNumber, let right = other.wholeNumber {
        return orEquals ? left <= right : left < right
      }
      if let left = number, let right = other.number { return orEquals ? left <= right : left < right }
      if case .undefined(let name) = self { throw TemplateFault(name) }
      if case .undefined(let name) = other { throw TemplateFault(name) }
      throw TemplateFault("'\(typeName)' and '\(other.typeName)' have no order")
    }
  }
}
