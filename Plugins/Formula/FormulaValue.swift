// The arithmetic of formulas: plain numbers stay plain, everything else is a tensor.

import PreferenceCore

/// What a part of a formula is worth.
indirect enum FormulaValue: Sendable {
  case number(Double)
  /// One number for each item, or one of shape `[]`.
  case tensor(Tensor)
  /// One of either for each reference.
  case list([FormulaValue])

  /// The value as a tensor.
  var tensor: Tensor {
    switch self {
    case .number(let x): .scalar(x)
    case .tensor(let tensor): tensor
    case .list: preconditionFailure("FormulaValue: a list where the check found none")
    }
  }

  /// The value of `function`.
  static func applying(_ function: FormulaFunction, _ arguments: [FormulaValue]) -> FormulaValue {
    if function.reducesLists, arguments.count == 1, case .list(let items) = arguments[0] {
      return applying(function, toMany: items)
    }
    var count: Int?
    for case .list(let items) in arguments { count = items.count }
    if let count {
      return .list(
        (0..<count).map { k in
          applying(
            function,
            arguments.map { argument in
              if case .list(let items) = argument { return items[k] }
              return argument
            })
        })
    }
    return function.reducesLists ? applying(function, toMany: arguments) : plain(function, arguments)
  }

  /// Functions of as many arguments as there are, none of them a list.
  private static func applying(_ function: FormulaFunction, toMany items: [FormulaValue]) -> FormulaValue {
    switch function {
    case .sum: return items.dropFirst().reduce(items[0], +)
    case .average: return items.dropFirst().reduce(items[0], +) / .number(Double(items.count))
    case .min: return items.dropFirst().reduce(items[0], smaller)
    case .max: return items.dropFirst().reduce(items[0]) { larger($0, $1) }
    default:
      if items.count == 1 { return items[0] }
      let shape = items.map(\.tensor.shape).max { $0.count < $1.count } ?? []
      let spread = items.map { item -> Tensor in
        let tensor = item.tensor
        return tensor.shape == shape ? tensor : tensor + Tensor.zeros(shape)
      }
      let result = logSumExp(Tensor.stacked(spread), axis: 0)
      return items.allSatisfy(\.isNumber) ? .number(result.item) : .tensor(result)
    }
  }

  private var isNumber: Bool { if case .number = self { true } else { false } }

  private static func plain(_ function: FormulaFunction, _ arguments: [FormulaValue]) -> FormulaValue {
    let first = arguments[0]
    switch function {
    case .add: return first + arguments[1]
    case .subtract: return first - arguments[1]
    case .multiply: return first * arguments[1]
    case .divide: return first / arguments[1]
    case .power: return power(first, arguments[1])
    case .less: return comparing(first, arguments[1], { $0 .< $1 }, { $0 .< $1 }, { $0 .> $1 })
    case .lessOrEqual: return comparing(first, arguments[1], { $0 .<= $1 }, { $0 .<= $1 }, { $0 .>= $1 })
    case .greater: return comparing(first, arguments[1], { $0 .> $1 }, { $0 .> $1 }, { $0 .< $1 })
    case .greaterOrEqual: return comparing(first, arguments[1], { $0 .>= $1 }, { $0 .>= $1 }, { $0 .<= $1 })
    case .equal: return equality(first, arguments[1])
    case .unequal: return .number(1) - equality(first, arguments[1])
    case .and: return truth(first) * truth(arguments[1])
    case .or: return larger(truth(first), truth(arguments[1]))
    case .not: return equality(first, .number(0))
    case .choose: return choosing(first, arguments[1], arguments[2])
    case .clamp: return clamping(first, arguments[1], arguments[2])
    case .mean: return .tensor(first.tensor.mean())
    default: return elementary(function, first)
    }
  }

  /// Functions of one number.
  private static func elementary(_ function: FormulaFunction, _ x: FormulaValue) -> FormulaValue {
    if case .number = x {
      return function == .stop ? x : .number(elementary(function, x.tensor).item)
    }
    return .tensor(elementary(function, x.tensor))
  }

  private static func elementary(_ function: FormulaFunction, _ x: Tensor) -> Tensor {
    switch function {
    case .negate: -x
    case .exp: PreferenceCore.exp(x)
    case .expm1: PreferenceCore.expm1(x)
    case .log: PreferenceCore.log(x)
    case .log1p: PreferenceCore.log1p(x)
    case .sqrt: PreferenceCore.sqrt(x)
    case .square: PreferenceCore.square(x)
    case .abs: PreferenceCore.abs(x)
    case .tanh: PreferenceCore.tanh(x)
    case .sigmoid: PreferenceCore.sigmoid(x)
    case .logsigmoid: logSigmoid(x)
    case .softplus: PreferenceCore.softplus(x)
    case .relu: PreferenceCore.relu(x)
    case .stop: stopGradient(x)
    default: preconditionFailure("FormulaValue: '\(function.rawValue)' is not a function of one number")
    }
  }
}

// MARK: - Two operands

extension FormulaValue {
  static func + (a: FormulaValue, b: FormulaValue) -> FormulaValue {
    switch (a, b) {
    case (.number(let x), .number(let y)): .number(x + y)
    case (.number(let x), _): .tensor(x + b.tensor)
    case (_, .number(let y)): .tensor(a.tensor + y)
    default: .tensor(a.tensor + b.tensor)
    }
  }

  static func - (a: FormulaValue, b: FormulaValue) -> FormulaValue {
    switch (a, b) {
    case (.number(let x), .number(let y)): .number(x - y)
    case (.number(let x), _): .tensor(x - b.tensor)
    case (_, .number(let y)): .tensor(a.tensor - y)
    default: .tensor(a.tensor - b.tensor)
    }
  }

  static func * (a: FormulaValue, b: FormulaValue) -> FormulaValue {
    switch (a, b) {
    case (.number(let x), .number(let y)): .number(x * y)
    case (.number(let x), _): .tensor(x * b.tensor)
    case (_, .number(let y)): .tensor(a.tensor * y)
    default: .tensor(a.tensor * b.tensor)
    }
  }

  static func / (a: FormulaValue, b: FormulaValue) -> FormulaValue {
    switch (a, b) {
    case (.number(let x), .number(let y)): .number(x / y)
    case (.number(let x), _): .tensor(x / b.tensor)
    case (_, .number(let y)): .tensor(a.tensor / y)
    default: .tensor(a.tensor / b.tensor)
    }
  }

  private static func power(_ base: FormulaValue, _ exponent: FormulaValue) -> FormulaValue {
    switch (base, exponent) {
    case (.number(let x), .number(let y)): .number(PreferenceCore.power(.scalar(x), y).item)
    case (_, .number(2)): .tensor(PreferenceCore.square(base.tensor))
    case (_, .number(let y)): .tensor(PreferenceCore.power(base.tensor, y))
    case (.number(let x), _): .tensor(PreferenceCore.exp(Elementary.log(x) * exponent.tensor))
    default: .tensor(PreferenceCore.exp(exponent.tensor * PreferenceCore.log(base.tensor)))
    }
  }

  private static func smaller(_ a: FormulaValue, _ b: FormulaValue) -> FormulaValue {
    switch (a, b) {
    case (.number(let x), .number(let y)): .number(Swift.min(x, y))
    case (.number(let x), _): .tensor(minimum(b.tensor, x))
    case (_, .number(let y)): .tensor(minimum(a.tensor, y))
    default: .tensor(minimum(a.tensor, b.tensor))
    }
  }

  private static func larger(_ a: FormulaValue, _ b: FormulaValue) -> FormulaValue {
    switch (a, b) {
    case (.number(let x), .number(let y)): .number(Swift.max(x, y))
    case (.number(let x), _): .tensor(maximum(b.tensor, x))
    case (_, .number(let y)): .tensor(maximum(a.tensor, y))
    default: .tensor(maximum(a.tensor, b.tensor))
    }
  }

  /// A mask of 1 and 0; `turned` compares with its operands changed about.
  private static func comparing(
    _ a: FormulaValue, _ b: FormulaValue, _ tensors: (Tensor, Tensor) -> Tensor,
    _ withNumber: (Tensor, Double) -> Tensor, _ turned: (Tensor, Double) -> Tensor
  ) -> FormulaValue {
    switch (a, b) {
    case (.number, .number): .number(tensors(a.tensor, b.tensor).item)
    case (.number(let x), _): .tensor(turned(b.tensor, x))
    case (_, .number(let y)): .tensor(withNumber(a.tensor, y))
    default: .tensor(tensors(a.tensor, b.tensor))
    }
  }

  private static func equality(_ a: FormulaValue, _ b: FormulaValue) -> FormulaValue {
    comparing(a, b, { $0 .== $1 }, { $0 .== $1 }, { $0 .== $1 })
  }

  /// 1 where a value is not 0.
  private static func truth(_ x: FormulaValue) -> FormulaValue { .number(1) - equality(x, .number(0)) }

  private static func choosing(
    _ mask: FormulaValue, _ yes: FormulaValue, _ no: FormulaValue
  ) -> FormulaValue {
    if case .number(let x) = mask { return x != 0 ? yes : no }
    return .tensor(select(mask.tensor, yes.tensor, no.tensor))
  }

  private static func clamping(
    _ x: FormulaValue, _ low: FormulaValue, _ high: FormulaValue
  ) -> FormulaValue {
    if case (.tensor(let tensor), .number(let low), .number(let high)) = (x, low, high), low <= high {
      return .tensor(PreferenceCore.clamp(tensor, to: low...high))
    }
    return smaller(larger(x, low), high)
  }
}
