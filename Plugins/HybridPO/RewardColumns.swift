// Which columns of the rows hold rewards, and what each counts.

import PreferenceCore

/// One column or several: `safety` or `[safety, readability]`.
public struct RewardColumns: HyperparameterValue, Hashable {
  /// The columns' names.
  public var names: [String]

  /// Names columns.
  public init(_ names: [String]) { self.names = names }

  public static let typeName = "column or [columns]"
  public static let prose = "a column, or columns in brackets"

  public init?(_ literal: Literal) {
    switch literal {
    case .word(let name): names = [name]
    case .list(let items):
      names = []
      for item in items {
        guard case .word(let name) = item else { return nil }
        names.append(name)
      }
    default: return nil
    }
  }

  public var literal: Literal {
    names.count == 1 ? .word(names[0]) : .list(names.map { .word($0) })
  }
}

/// One number or several: `1` or `[1, 0.5]`.
public struct RewardWeights: HyperparameterValue, Hashable {
  /// The weights, one for each column; a single one is every column's.
  public var values: [Double]

  /// Lists weights.
  public init(_ values: [Double]) { self.values = values }

  public static let typeName = "number or [numbers]"
  public static let prose = "a number, or numbers in brackets"

  public init?(_ literal: Literal) {
    switch literal {
    case .number(let weight): values = [weight]
    case .list(let items):
      values = []
      for item in items {
        guard case .number(let weight) = item else { return nil }
        values.append(weight)
      }
    default: return nil
    }
  }

  public var literal: Literal {
    values.count == 1 ? .number(values[0]) : .list(values.map { .number($0) })
  }

  /// The weight of each of `count` columns.
  func spread(over count: Int) -> [Double] {
    values.count == 1 ? [Double](repeating: values[0], count: count) : values
  }
}
