// Tests of what is offered for a mistyped name.

import Configuration
import Testing

@Suite struct SuggestionTests {
  static let names = [
    "dpo", "ipo", "kto", "sampo", "simpo", "learning_rate", "label_smoothing", "beta", "focalpo",
  ]

  @Test(arguments: [
    ("dppo", "dpo"), ("dop", "dpo"), ("DPO", "dpo"), ("smpo", "sampo"), ("learning-rate", "learning_rate"),
    ("learning_rte", "learning_rate"), ("lerning_rat", "learning_rate"), ("label", "label_smoothing"),
    ("betta", "beta"), ("bta", "beta"), ("focal", "focalpo"), ("learning_rate", "learning_rate"),
  ])
  func `offers what was probably meant`(_ typed: String, _ expected: String) {
    #expect(nearest(to: typed, in: Self.names) == expected)
  }

  @Test(arguments: ["gamma", "xyz", "", "q", "le", "temperature"])
  func `offers nothing far away`(_ typed: String) { #expect(nearest(to: typed, in: Self.names) == nil) }

  @Test func `ties go to the alphabet, and the order of names does not matter`() {
    #expect(nearest(to: "xpo", in: ["ipo", "dpo"]) == "dpo")
    #expect(nearest(to: "xpo", in: ["dpo", "ipo"]) == "dpo")
    #expect(nearest(to: "dpo", in: []) == nil)
  }
}

@Suite struct ConstraintTests {
  @Test(arguments: [
    (Constraint<Double>.positive, "> 0", [1e-300, 5], [0, -1]), (.nonnegative, "≥ 0", [0, 5], [-1e-300]),
    (.within(0...1), "in [0, 1]", [0, 0.5, 1], [-0.1, 1.1]),
    (.within(0..<0.5), "in [0, 0.5)", [0, 0.49], [0.5]),
    (.between(0, 1), "in (0, 1)", [0.5], [0, 1]), (.above(0, upTo: 1), "in (0, 1]", [0.5, 1], [0]),
    (.atLeast(2), "≥ 2", [2, 3], [1.9]), (.atMost(2), "≤ 2", [2, -3], [2.1]),
    (.positive.and(.atMost(3)), "> 0 and ≤ 3", [3], [0, 4]), (.any, "", [0, -5], []),
  ])
  func `accept what they say`(
    _ constraint: Constraint<Double>, _ text: String, _ accepted: [Double], _ refused: [Double]
  ) {
    #expect(constraint.text == text)
    #expect(accepted.allSatisfy(constraint.accepts))
    #expect(!refused.contains(where: constraint.accepts))
  }
}
