// The laws every loss must obey, checked on small synthetic batches.

public import PreferenceCore

/// Checks losses against laws. Throws, returns tables, and depends on no test library.
public enum LossConformance {
  /// Checks a loss at its defaults, as `registry` resolves it.
  ///
  /// The registry need not know the loss; a wrapper's default inner loss it must know.
  public static func verify<Loss: PreferenceLoss>(
    _ type: Loss.Type, in registry: LossRegistry = LossRegistry()
  ) throws {
    var registry = registry
    if registry.entries[type.card.name] == nil { try registry.register(type) }
    try verify(type.card.name, in: registry)
  }

  /// Checks the loss that a config string means.
  ///
  /// - Throws: ``ConformanceFailure`` with every violation, or what is wrong with the string.
  public static func verify(_ text: String, in registry: LossRegistry) throws {
    let report = try report(text, in: registry)
    if !report.isObeyed { throw ConformanceFailure(loss: text, violations: report.violations) }
  }

  /// What became of every law.
  ///
  /// - Throws: what is wrong with the config string.
  public static func report(
    _ text: String, in registry: LossRegistry
  ) throws(ConfigurationError) -> ConformanceReport {
    let subject = Subject(loss: try registry.resolve(text), text: text, registry: registry)
    return ConformanceReport(loss: text, verdicts: Law.allCases.map { ($0, verdict($0, subject)) })
  }

  /// Checks that two config strings mean the same objective: values and gradients to 10⁻¹².
  public static func verify(_ text: String, equals other: String, in registry: LossRegistry) throws {
    let (a, b) = (try registry.resolve(text), try registry.resolve(other))
    var needs = a.requirements.union(b.requirements)
    if needs.conflict != nil {
      needs = a.requirements.references.lowerBound > 1 ? a.requirements : b.requirements
    }
    var violations: [Violation] = []
    for seed in Subject.seeds {
      let fixture = Fixture(needs, seed: seed)
      let (mine, theirs) = (Evaluation(a, fixture), Evaluation(b, fixture))
      if mine.differs(from: theirs, by: 1e-12) {
        violations.append(
          Violation(
            .card, "differs from '\(other)'", seed: seed, expected: theirs.value, actual: mine.value))
      }
    }
    if !violations.isEmpty { throw ConformanceFailure(loss: text, violations: violations) }
  }

  private static func verdict(_ law: Law, _ subject: Subject) -> Verdict {
    switch law {
    case .card: cardIsComplete(subject)
    case .knobs: everyKnobHasAnEffect(subject)
    case .finite: staysFinite(subject)
    case .differences: gradientMatchesDifferences(subject)
    case .padding: paddingIsIgnored(subject)
    case .declarations: readsOnlyWhatItDeclared(subject)
    case .determinism: evaluationIsDeterministic(subject)
    case .state: stateSurvives(subject)
    case .partition: partitionDoesNotMatter(subject)
    case .sums: sumsAreLinear(subject)
    case .wrapping: wrappersCommute(subject)
    case .start: trainingCanStart(subject)
    case .memory: memoryGrowsWithTokens(subject)
    }
  }

  /// `.obeyed` where there is nothing to complain about.
  static func verdict(of violations: [Violation]) -> Verdict {
    violations.isEmpty ? .obeyed : .broken(violations)
  }
}
