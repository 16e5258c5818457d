// What a formula can see of a batch, by name.

import PreferenceCore

/// A number of each pair or completion that a formula can name.
struct FormulaName: Sendable, Hashable {
  /// Whose number it is.
  enum Side: String, Sendable, CaseIterable {
    case chosen, rejected, completion, baseline
    /// The pair's own.
    case pair
    /// The same for all.
    case model
  }

  /// Which number it is.
  enum Quantity: Sendable, Hashable {
    case policy, ratio, reference, references, length, label, margin, meanMargin, maximumEntropy
    /// One of several references, counted from 0.
    case referenceAt(Int)
    /// A statistic's sum over the tokens, under the policy or the first reference.
    case policySum(TokenStatistic)
    case referenceSum(TokenStatistic)
    case column(String)
  }

  let side: Side
  let quantity: Quantity

  /// The name that `identifier` spells; nil for free names.
  init?(_ identifier: String) {
    if let (side, quantity) = Self.single[identifier] {
      (self.side, self.quantity) = (side, quantity)
      return
    }
    guard let side = Self.sides.first(where: { identifier.hasPrefix($0.rawValue) }) else { return nil }
    let suffix = identifier.dropFirst(side.rawValue.count)
    if let quantity = Self.suffixes[String(suffix)] {
      (self.side, self.quantity) = (side, quantity)
    } else if suffix.hasPrefix("_reference_"), let number = Int(suffix.dropFirst("_reference_".count)),
      (1...Requirements.maximumReferences).contains(number)
    {
      (self.side, quantity) = (side, .referenceAt(number - 1))
    } else {
      return nil
    }
  }

  /// A column of the rows as `side` has it.
  init(column: String, of side: Side) { (self.side, quantity) = (side, .column(column)) }

  private static let sides: [Side] = [.chosen, .rejected, .completion, .baseline]

  private static let single: [String: (Side, Quantity)] = [
    "margin": (.pair, .margin), "mean_margin": (.pair, .meanMargin), "label": (.completion, .label),
    "max_entropy": (.model, .maximumEntropy),
  ]

  private static let suffixes: [String: Quantity] = [
    "": .policy, "_ratio": .ratio, "_reference": .reference, "_references": .references, "_length": .length,
    "_entropy": .policySum(.entropy), "_divergence": .policySum(.divergence),
    "_collision": .policySum(.logCollision), "_reference_entropy": .referenceSum(.entropy),
    "_reference_collision": .referenceSum(.logCollision),
  ]

  /// Every name without a number in it, for suggestions.
  static let all: [String] =
    single.keys.sorted() + sides.flatMap { side in suffixes.keys.sorted().map { side.rawValue + $0 } }

  /// The side that `identifier` names, whose columns stand behind a point.
  static func side(_ identifier: String) -> Side? { sides.first { $0.rawValue == identifier } }

  /// Whether it is a number of pairs, of single completions, or of neither.
  var isOfPairs: Bool? {
    switch side {
    case .chosen, .rejected, .pair: true
    case .completion, .baseline: false
    case .model: nil
    }
  }

  /// Whether policy and references enter through their log-probabilities alone.
  var isLogProbability: Bool {
    switch quantity {
    case .policy, .ratio, .reference, .references, .referenceAt, .margin, .meanMargin: true
    case .length, .label, .maximumEntropy, .policySum, .referenceSum, .column: false
    }
  }
}

extension Requirements {
  /// Adds what reading `name` takes; `references` are counted elsewhere.
  mutating func add(_ name: FormulaName) {
    if name.isOfPairs == true { feedback = .pairwise }
    if name.side == .baseline { needsBaselines = true }
    if name.isLogProbability { readsLogRatios = true }
    switch name.quantity {
    case .policySum(let statistic): policyStatistics.insert(statistic)
    case .referenceSum(let statistic): referenceStatistics.insert(statistic)
    case .column(let column): annotations.insert(column)
    case .policy, .ratio, .reference, .references, .referenceAt, .length, .label, .margin, .meanMargin,
      .maximumEntropy:
      break
    }
  }
}

/// How many references a formula's names ask for.
struct FormulaReferences {
  private var needsOne = false
  private var takesMany = false
  private var highest = 0

  init(_ names: [FormulaName]) {
    for name in names {
      switch name.quantity {
      case .ratio, .reference, .referenceSum, .margin, .meanMargin: needsOne = true
      case .references: takesMany = true
      case .referenceAt(let index): highest = Swift.max(highest, index + 1)
      case .policy, .length, .label, .maximumEntropy, .policySum, .column: break
      }
    }
  }

  /// The number of references; `listed` numbers were given for one each.
  func range(listed: Int?) -> ClosedRange<Int> {
    if takesMany, let listed { return listed...listed }
    if takesMany { return Swift.max(1, highest)...Requirements.maximumReferences }
    if highest > 0 { return highest...highest }
    return needsOne ? 1...1 : Requirements.anyReferences
  }

  /// Whether any reference's numbers are read.
  var readsAny: Bool { needsOne || takesMany || highest > 0 }
}
