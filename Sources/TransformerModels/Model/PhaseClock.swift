// Where a pass's time goes, for the benchmark: off unless asked, and then a few clock readings a layer.

import Synchronization

/// Seconds that this process's passes spend in the parts of a model, while the clock runs.
package enum PhaseClock {
  /// A part of a model; what none of them covers is norms, rotations, gates and additions.
  package enum Phase: String, CaseIterable, Sendable {
    case linear = "linear layers"
    case attention
    case head
  }

  private static let runs = Atomic<Bool>(false)
  private static let seconds = Mutex<[Phase: Double]>([:])

  /// Starts the clock, for good.
  package static func start() { runs.store(true, ordering: .relaxed) }

  /// The seconds of every phase so far.
  package static var reading: [Phase: Double] { seconds.withLock { $0 } }

  /// A phase that begins now and ends with ``Lap/end()``.
  static func lap(_ phase: Phase) -> Lap {
    Lap(phase: phase, start: runs.load(ordering: .relaxed) ? .now : nil)
  }

  /// A phase in progress.
  struct Lap {
    fileprivate let phase: Phase
    fileprivate let start: ContinuousClock.Instant?

    /// Adds the time since the lap began.
    func end() {
      guard let start else { return }
      let (whole, part) = start.duration(to: .now).components
      seconds.withLock { $0[phase, default: 0] += Double(whole) + Double(part) * 1e-18 }
    }
  }
}
