// Where the time before the first step goes.

/// The phases of starting a run, each with the seconds it took.
struct StartupTimes {
  private(set) var phases: [(name: String, seconds: Double)] = []
  private var last = ContinuousClock.now

  /// Ends a phase that began when the one before it ended.
  mutating func finish(_ name: String) {
    let now = ContinuousClock.now
    phases.append((name, (now - last) / .seconds(1)))
    last = now
  }

  /// `starting took 0.84 s: model 0.41, rows 0.22, references 0.01, run directory 0.20`.
  var description: String {
    let total = phases.reduce(0) { $0 + $1.seconds }
    return "starting took \(Numbers.fixed(total, 2)) s: "
      + phases.map { "\($0.name) \(Numbers.fixed($0.seconds, 2))" }.joined(separator: ", ")
  }
}
