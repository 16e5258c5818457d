// What a formula is worth before training has moved anything, tried out on numbers.

import PreferenceCore

/// A formula where the policy equals every reference.
struct FormulaStart {
  /// The value, where it is the same whatever the batch holds; nil where it is not, or may not be.
  private(set) var value: Double?
  /// Whether it is flat there.
  private(set) var isFlat = true

  /// Tries some batches of three items.
  init(_ program: FormulaProgram, numbers: [FormulaValue], references: Int) {
    var values: [Double] = []
    for seed in 1...6 {
      let (tried, isFlat) = Self.tried(program, numbers, references, seed: UInt64(seed))
      values += tried
      if !isFlat { self.isFlat = false }
    }
    // Lengths, entropies and columns can decide between cases that no trial meets.
    guard program.names.allSatisfy(\.isLogProbability), let first = values.first, first.isFinite else {
      return
    }
    let close = values.allSatisfy { Swift.abs($0 - first) <= 1e-11 * Swift.max(1, Swift.abs(first)) }
    if close { value = first }
  }

  private static func tried(
    _ program: FormulaProgram, _ numbers: [FormulaValue], _ references: Int, seed: UInt64
  ) -> (values: [Double], isFlat: Bool) {
    var dice = LossGenerator(seed: seed)
    let spread = seed % 2 == 0 ? 400.0 : 8.0
    var leaves: [Tensor] = []
    func leaf(_ scalars: [Double]) -> Tensor {
      let leaf = Tensor(scalars).tracked()
      leaves.append(leaf)
      return leaf
    }
    let sides = Dictionary(
      uniqueKeysWithValues: FormulaName.Side.allCases.map { side in
        (side, (0..<3).map { _ in -Double.random(in: 0.1...spread, using: &dice) })
      })
    let result = program.value(numbers: numbers) { name in
      let logs = sides[name.side] ?? []
      switch name.quantity {
      case .policy: return .tensor(leaf(logs))
      case .reference, .referenceAt: return .tensor(Tensor(logs))
      case .references: return .list((0..<references).map { _ in .tensor(Tensor(logs)) })
      case .ratio, .margin, .meanMargin: return .tensor(leaf([0, 0, 0]))
      case .maximumEntropy: return .number(6)
      case .label: return .tensor(Tensor([1, 0, 1]))
      case .length: return .tensor(Tensor((0..<3).map { _ in Double(Int.random(in: 1...9, using: &dice)) }))
      case .policySum:
        return .tensor(leaf((0..<3).map { _ in Double.random(in: 0.1...4, using: &dice) }))
      case .referenceSum, .column:
        return .tensor(Tensor((0..<3).map { _ in Double.random(in: 0.1...4, using: &dice) }))
      }
    }
    guard case .tensor(let tensor) = result else { return ([], false) }
    let slopes = leaves.isEmpty ? [] : gradients(of: tensor.sum(), at: leaves)
    return (stopGradient(tensor).scalars, slopes.allSatisfy { $0.scalars.allSatisfy { $0 == 0 } })
  }
}
