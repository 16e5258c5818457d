// A formula that has been read: what it names, what it needs, what it is worth.

import PreferenceCore

/// A formula as a tree, with tables of the names in it.
struct FormulaProgram: Sendable, Hashable {
  /// The formula as written.
  let text: String
  /// What a loss sees, each name once.
  let names: [FormulaName]
  /// The free names, in the order they appear.
  let parameters: [FormulaParameter]
  /// The parts that have names of their own, in order.
  let definitions: [FormulaNode]
  /// The formula's own part.
  let result: FormulaNode

  /// Reads a formula.
  init(_ text: String) throws(FormulaProblem) {
    var parser = try FormulaParser(text)
    result = try parser.whole()
    (self.text, names, parameters) = (text, parser.names, parser.parameters)
    definitions = parser.definitions
  }

  /// Every node of the tree.
  var parts: [FormulaNode] {
    var found: [FormulaNode] = []
    var waiting = Array((definitions + [result]).reversed())
    while let node = waiting.popLast() {
      found.append(node)
      if case .call(_, let arguments, _) = node { waiting += arguments.reversed() }
    }
    return found
  }

  /// Whether the formula speaks of pairs; else it speaks of single completions.
  var isOfPairs: Bool { names.contains { $0.isOfPairs == true } }

  /// Whether one item's value depends on the others of its batch.
  var couplesItems: Bool {
    parts.contains { node in
      if case .call(.mean, _, _) = node { return true }
      return false
    }
  }

  /// What must be scored and read; `listed` numbers were given for one reference each.
  func requirements(listed: Int?) -> Requirements {
    let references = FormulaReferences(names)
    var needs = Requirements(.unpaired, references: references.range(listed: listed))
    if !references.readsAny { needs.referenceStatistics = [] }
    needs.readsLogRatios = false
    needs.couplesItems = couplesItems
    for name in names { needs.add(name) }
    return needs
  }

  /// The formula's value, with `seen` for what it names and `numbers` for its free names.
  ///
  /// Each name is asked for at most once, and not before it is needed.
  func value(numbers: [FormulaValue], seen: (FormulaName) -> FormulaValue) -> FormulaValue {
    var known = [FormulaValue?](repeating: nil, count: names.count)
    var locals: [FormulaValue] = []
    func value(of node: FormulaNode) -> FormulaValue {
      switch node {
      case .number(let x): return .number(x)
      case .parameter(let index, _): return numbers[index]
      case .local(let index, _): return locals[index]
      case .seen(let index, _):
        if let value = known[index] { return value }
        let value = seen(names[index])
        known[index] = value
        return value
      case .call(let function, let arguments, _): return .applying(function, arguments.map(value))
      }
    }
    for definition in definitions { locals.append(value(of: definition)) }
    return value(of: result)
  }
}
