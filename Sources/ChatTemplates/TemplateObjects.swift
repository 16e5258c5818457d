// What lives only while a template is rendered: namespaces, iterators, loops, and what Python makes lazily.

/// A value that Python makes when it is asked for, or that remembers what was done with it.
public enum TemplateObject: Sendable, Equatable {
  /// An object whose attributes templates may set, by its place in the rendering.
  case namespace(Int)
  /// What filters such as `map` and `select` give: elements that can be gone through once.
  case iterator(Int)
  /// The variable `loop` of a `for`.
  case loop(Int)
  /// What `cycler(…)` makes.
  case cycler(Int)
  /// What `joiner(…)` makes.
  case joiner(Int)
  /// The numbers from `start` to before `end`.
  case range(start: Int, end: Int, step: Int)
  /// The keys of a dictionary.
  case keys(TemplateMap)
  /// The values of a dictionary.
  case values(TemplateMap)
  /// The pairs of a dictionary.
  case items(TemplateMap)
}

/// Elements that can be gone through once, and what happens behind the last of them.
struct TemplateIterator {
  var remaining: ArraySlice<TemplateValue>
  /// What is wrong with the element that would come next; known, but without effect until it is asked for.
  var fault: TemplateFault?
}

/// One `for` while it runs.
struct TemplateLoopState {
  var elements: [TemplateValue]
  var index = 0
  /// How many loops of this one's kind are around it: `recursive` loops call themselves.
  var depth = 0
  /// What `changed` was last asked about.
  var seen: [TemplateValue]?
  /// The statement and the frames it sees, where it may call itself.
  var recursion: (loop: TemplateLoop, frames: [Int], place: Int)?

  /// The value of `loop.name`.
  func attribute(_ name: String) -> TemplateValue? {
    let count = elements.count
    switch name {
    case "index": return .integer(index + 1)
    case "index0": return .integer(index)
    case "revindex": return .integer(count - index)
    case "revindex0": return .integer(count - index - 1)
    case "first": return .boolean(index == 0)
    case "last": return .boolean(index == count - 1)
    case "length": return .integer(count)
    case "depth": return .integer(depth + 1)
    case "depth0": return .integer(depth)
    case "previtem": return index > 0 ? elements[index - 1] : .undefined("there is no previous item")
    case "nextitem": return index + 1 < count ? elements[index + 1] : .undefined("there is no next item")
    default: return nil
    }
  }
}

/// The objects of one rendering.
struct TemplateObjects {
  var namespaces: [TemplateMap] = []
  var iterators: [TemplateIterator] = []
  var loops: [TemplateLoopState] = []
  var cyclers: [(elements: [TemplateValue], place: Int)] = []
  var joiners: [(separator: TemplateValue, isUsed: Bool)] = []

  /// An iterator over what `body` appends; what it throws waits behind the last element.
  mutating func iterator(
    _ body: (inout TemplateObjects, inout [TemplateValue]) throws(TemplateFault) -> Void
  ) -> TemplateValue {
    var elements: [TemplateValue] = []
    var fault: TemplateFault?
    do throws(TemplateFault) { try body(&self, &elements) } catch { fault = error }
    iterators.append(TemplateIterator(remaining: elements[...], fault: fault))
    return .object(.iterator(iterators.count - 1))
  }

  /// What a `for` loop would go through; an iterator is empty afterwards.
  mutating func elements(of value: TemplateValue) throws(TemplateFault) -> [TemplateValue] {
    switch value {
    case .object(.iterator(let index)):
      let iterator = iterators[index]
      iterators[index].remaining = []
      iterators[index].fault = nil
      if let fault = iterator.fault { throw fault }
      return Array(iterator.remaining)
    case .object(.loop(let index)):
      let loop = loops[index]
      return loop.elements.dropFirst(loop.index + 1).enumerated().map { .tuple([$0.element, value]) }
    default: return try value.elements()
    }
  }

  /// The first element, taken from an iterator; nil where there is none.
  mutating func first(of value: TemplateValue) throws(TemplateFault) -> TemplateValue? {
    guard case .object(.iterator(let index)) = value else { return try elements(of: value).first }
    if let element = iterators[index].remaining.popFirst() { return element }
    if let fault = iterators[index].fault { throw fault }
    return nil
  }

  /// The value with iterators that Python's own functions go through made lists.
  mutating func drained(_ value: TemplateValue) throws(TemplateFault) -> TemplateValue {
    if case .object(.iterator) = value { return .list(try elements(of: value)) }
    return value
  }

  /// Whether `element in value`.
  mutating func contains(
    _ element: TemplateValue, in value: TemplateValue
  ) throws(TemplateFault) -> Bool {
    guard case .object(.iterator) = value else { return try value.contains(element) }
    while let next = try first(of: value) {
      if next == element { return true }
    }
    return false
  }

  /// The value of `value.name`, where an object has such an attribute.
  func attribute(_ name: String, of object: TemplateObject) -> TemplateValue? {
    switch object {
    case .namespace(let index): return namespaces[index][name]
    case .loop(let index):
      if let value = loops[index].attribute(name) { return value }
      return ["cycle", "changed"].contains(name) ? .callable(.method(name, of: .object(object))) : nil
    case .cycler(let index):
      if name == "current" { return cyclers[index].elements[cyclers[index].place] }
      return ["next", "reset"].contains(name) ? .callable(.method(name, of: .object(object))) : nil
    default: return nil
    }
  }

  /// The value of a call of a method of a loop or a cycler.
  mutating func call(
    _ name: String, of object: TemplateObject, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> TemplateValue? {
    switch (object, name) {
    case (.loop(let index), "cycle"):
      guard !arguments.positional.isEmpty else { throw TemplateFault("'cycle' needs arguments") }
      return arguments.positional[loops[index].index % arguments.positional.count]
    case (.loop(let index), "changed"):
      if loops[index].seen == arguments.positional { return false }
      loops[index].seen = arguments.positional
      return true
    case (.cycler(let index), "next"):
      let (elements, place) = cyclers[index]
      cyclers[index].place = (place + 1) % elements.count
      return elements[place]
    case (.cycler(let index), "reset"):
      cyclers[index].place = 0
      return .null
    case (.joiner(let index), ""):
      defer { joiners[index].isUsed = true }
      return joiners[index].isUsed ? joiners[index].separator : ""
    default: return nil
    }
  }
}

extension TemplateObject {
  /// Python's name of the type, for messages.
  var typeName: String {
    switch self {
    case .namespace: "Namespace"
    case .iterator: "generator"
    case .loop: "LoopContext"
    case .cycler: "Cycler"
    case .joiner: "Joiner"
    case .range: "range"
    case .keys: "dict_keys"
    case .values: "dict_values"
    case .items: "dict_items"
    }
  }

  /// The elements of ranges and views; nil for others.
  var elements: [TemplateValue]? {
    switch self {
    case .range(let start, let end, let step):
      stride(from: start, to: end, by: step).map { .integer($0) }
    case .keys(let map): map.entries.map(\.key)
    case .values(let map): map.entries.map(\.value)
    case .items(let map): map.entries.map { .tuple([$0.key, $0.value]) }
    default: nil
    }
  }

  /// The object as Python's `repr` writes it, where that does not depend on the machine.
  var representation: String {
    switch self {
    case .range(let start, let end, let step):
      step == 1 ? "range(\(start), \(end))" : "range(\(start), \(end), \(step))"
    case .keys, .values, .items: "\(typeName)(\(TemplateValue.list(elements ?? []).representation))"
    default: "<\(typeName)>"
    }
  }
}
