// Law: what stands behind the mask, and how much of it, changes nothing, to the bit.

import PreferenceCore

extension LossConformance {
  /// Pads with other numbers and to other widths.
  static func paddingIsIgnored(_ subject: Subject) -> Verdict {
    var violations: [Violation] = []
    for fixture in subject.fixtures {
      let context = Evaluation.warmContext(subject.loss, fixture)
      var clean = context
      let expected = Evaluation(subject.loss, fixture, &clean)
      for (width, padding) in [(0, -1e3), (3, 0), (7, 1e3)] as [(Int, Double)] {
        var dirty = context
        let padded = Evaluation(subject.loss, fixture, &dirty, extraWidth: width, padding: padding)
        let change = "\(width) more columns of \(padding) behind the mask change"
        if padded.value != expected.value {
          violations.append(
            Violation(
              .padding, "\(change) the value", seed: fixture.seed, expected: expected.value,
              actual: padded.value))
        }
        if significant(padded, fixture, width) != significant(expected, fixture, 0) {
          violations.append(Violation(.padding, "\(change) the gradient", seed: fixture.seed))
        }
        if dirty.state != clean.state || dirty.metrics != clean.metrics {
          violations.append(Violation(.padding, "\(change) the state or the metrics", seed: fixture.seed))
        }
      }
    }
    return verdict(of: violations)
  }

  /// The gradient at completion tokens; at padding it must be 0, which a −1 marks when it is not.
  private static func significant(_ result: Evaluation, _ fixture: Fixture, _ extra: Int) -> [[Double]] {
    let width = (fixture.lengths.max() ?? 0) + extra
    return result.gradient.sorted { $0.key.name < $1.key.name }.map { _, slopes in
      fixture.lengths.enumerated().flatMap { row, count in
        let line = slopes[(row * width)..<((row + 1) * width)]
        return line.prefix(count) + (line.dropFirst(count).allSatisfy { $0 == 0 } ? [] : [-1])
      }
    }
  }
}
