// A formula as a tree.

/// A part of a formula with its place in the text.
indirect enum FormulaNode: Sendable, Hashable {
  case number(Double)
  /// What a loss sees: an index into the program's names.
  case seen(Int, offset: Int)
  /// A free name: an index into the program's parameters.
  case parameter(Int, offset: Int)
  /// A name defined earlier in the formula.
  case local(Int, offset: Int)
  case call(FormulaFunction, [FormulaNode], offset: Int)
}

/// What can be done with numbers; operators too.
enum FormulaFunction: String, Sendable, Hashable, CaseIterable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case power = "^"
  case negate = "negative"
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case equal = "=="
  case unequal = "!="
  case and, or, not
  case exp, expm1, log, log1p, sqrt, square, abs, tanh, sigmoid, logsigmoid, softplus, relu, stop
  case mean
  case clamp
  case choose = "where"
  case min, max, logsumexp, sum, average

  /// The functions that are called by name, with how many arguments each takes.
  static let named: [String: (function: FormulaFunction, arguments: ClosedRange<Int>)] = {
    var table: [String: (function: FormulaFunction, arguments: ClosedRange<Int>)] = [:]
    let single: [FormulaFunction] = [
      .exp, .expm1, .log, .log1p, .sqrt, .square, .abs, .tanh, .sigmoid, .logsigmoid, .softplus, .relu, .stop,
      .mean,
    ]
    for function in single { table[function.rawValue] = (function, 1...1) }
    for function in [FormulaFunction.clamp, .choose] { table[function.rawValue] = (function, 3...3) }
    for function in [FormulaFunction.min, .max, .logsumexp, .sum, .average] {
      table[function.rawValue] = (function, 1...16)
    }
    return table
  }()

  /// Words that are operators, and so no names.
  static let words = ["and", "or", "not"]

  /// Whether one list in the place of several arguments is drawn together.
  var reducesLists: Bool {
    switch self {
    case .min, .max, .logsumexp, .sum, .average: true
    default: false
    }
  }
}
