// What a part of a formula is a number of, checked before anything is evaluated.

import PreferenceCore

/// What stands behind a part of a formula: one number, or one for each of something.
struct FormulaKind: Sendable, Hashable {
  /// What there is a number for.
  enum Extent: Sendable, Hashable {
    /// One number, known beforehand.
    case fixed
    /// One number of the whole batch.
    case batch
    /// One for each pair, or for each labelled completion.
    case item
    /// One for each mismatched completion.
    case baseline
  }

  var extent: Extent
  /// Whether it is a list of such, one for each reference.
  var isList = false

  /// What an operation on both gives.
  func combined(with other: FormulaKind, at offset: Int) throws(FormulaProblem) -> FormulaKind {
    let isList = isList || other.isList
    switch (extent, other.extent) {
    case (.item, .baseline), (.baseline, .item):
      throw FormulaProblem(
        "there are not as many mismatched completions as others; take the mean of one side first", at: offset)
    case (.fixed, let extent), (let extent, .fixed), (.batch, let extent), (let extent, .batch):
      return FormulaKind(extent: extent, isList: isList)
    case (.item, .item), (.baseline, .baseline): return FormulaKind(extent: extent, isList: isList)
    }
  }
}

/// Finds the kind of every part of a formula.
struct FormulaKindCheck {
  private let program: FormulaProgram
  private let lists: Set<Int>
  private var locals: [FormulaKind] = []

  /// - Parameter lists: which parameters are lists.
  init(_ program: FormulaProgram, lists: Set<Int>) { (self.program, self.lists) = (program, lists) }

  /// Checks the whole formula.
  mutating func check() throws(FormulaProblem) {
    try checkSides()
    for definition in program.definitions { locals.append(try kind(of: definition)) }
    let result = try kind(of: program.result)
    if result.isList {
      throw FormulaProblem(
        "the formula is a list with a number for each reference; draw it together with logsumexp, average, "
          + "min, max or sum", at: 0)
    }
    switch result.extent {
    case .item, .batch: return
    case .fixed:
      throw FormulaProblem(
        "the formula is the same for every batch; name what it depends on, such as margin", at: 0)
    case .baseline:
      throw FormulaProblem("mismatched completions enter through their mean(…)", at: 0)
    }
  }

  /// Pairs and single completions do not mix.
  private func checkSides() throws(FormulaProblem) {
    var first: FormulaName?
    for case .seen(let index, let offset) in program.parts {
      let name = program.names[index]
      guard let isOfPairs = name.isOfPairs else { continue }
      if let first, first.isOfPairs != isOfPairs {
        throw FormulaProblem(
          "'\(name.side.rawValue)' and '\(first.side.rawValue)' do not mix: a formula speaks of pairs or of "
            + "single completions", at: offset)
      }
      first = first ?? name
    }
    if let name = program.names.first(where: { $0.side == .baseline && $0.quantity == .label }) {
      throw FormulaProblem("'\(name.side.rawValue)' has no label", at: 0)
    }
  }

  private func kind(of node: FormulaNode) throws(FormulaProblem) -> FormulaKind {
    switch node {
    case .number: return FormulaKind(extent: .fixed)
    case .parameter(let index, _): return FormulaKind(extent: .fixed, isList: lists.contains(index))
    case .local(let index, _): return locals[index]
    case .seen(let index, _):
      let name = program.names[index]
      let extent: FormulaKind.Extent =
        name.side == .model ? .fixed : name.side == .baseline ? .baseline : .item
      return FormulaKind(extent: extent, isList: name.quantity == .references)
    case .call(let function, let arguments, let offset): return try kind(of: function, arguments, offset)
    }
  }

  private func kind(
    of function: FormulaFunction, _ arguments: [FormulaNode], _ offset: Int
  ) throws(FormulaProblem) -> FormulaKind {
    var all = try kind(of: arguments[0])
    for argument in arguments.dropFirst() {
      all = try all.combined(with: try kind(of: argument), at: offset)
    }
    if function.reducesLists, arguments.count == 1 {
      guard all.isList else {
        throw FormulaProblem(
          "'\(function.rawValue)' of one argument wants a list, such as chosen_references"
            + (function == .sum || function == .average ? "; over the batch there is mean(…)" : ""),
          at: offset)
      }
      all.isList = false
    }
    if function == .mean {
      guard all.extent == .item || all.extent == .baseline else {
        throw FormulaProblem("there is nothing to take a mean of: one number is its own", at: offset)
      }
      all.extent = .batch
    }
    return all
  }
}
