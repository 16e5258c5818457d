// What must hold between the losses of a registry.

public import PreferenceCore

extension LossConformance {
  /// Couples of names that compute the same at their defaults, though neither's card names the other as a twin.
  public static func indistinct(in registry: LossRegistry) -> [(String, String)] {
    let names = registry.entries.keys.sorted()
    let losses = names.compactMap { name in (try? registry.resolve(name)).map { (name, $0) } }
    var found: [(String, String)] = []
    for (place, first) in losses.enumerated() {
      for second in losses[(place + 1)...]
      where !areTwins(first.1, second.1) {
        if !isDistinct(first.1, second.1) { found.append((first.0, second.0)) }
      }
    }
    return found
  }

  private static func areTwins(_ a: any PreferenceLoss, _ b: any PreferenceLoss) -> Bool {
    let (one, other) = (type(of: a).card, type(of: b).card)
    return !Set(one.twins + [one.name]).isDisjoint(with: other.twins + [other.name])
  }

  private static func isDistinct(_ a: any PreferenceLoss, _ b: any PreferenceLoss) -> Bool {
    let needs = a.requirements.union(b.requirements)
    if needs.conflict != nil || a.requirements.annotations != b.requirements.annotations { return true }
    return Subject.seeds.contains { seed in
      let fixture = Fixture(needs, seed: seed)
      return Evaluation(a, fixture).differs(from: Evaluation(b, fixture), by: 1e-6)
    }
  }
}
