// SIGINT and SIGTERM: the first asks the run to save and stop, the second ends it at once.

import Foundation
import Synchronization

/// The signals that have arrived since `watch` was called.
enum Interruption {
  private static let arrived = Atomic<Int32>(0)

  /// Starts to catch SIGINT and SIGTERM.
  static func watch() {
    arrived.store(0, ordering: .relaxed)
    // Whoever started this process may have had these signals blocked, and blocked they would stay.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        // Only what a signal handler may do: an atomic exchange and `_exit`.
        let (isFirst, _) = Interruption.arrived.compareExchange(
          expected: 0, desired: number, ordering: .relaxed)
        if !isFirst { _exit(128 + number) }
      }
    }
  }

  /// The exit code of the first signal, once one has arrived.
  static var code: ExitCode? {
    switch arrived.load(ordering: .relaxed) {
    case SIGINT: .interrupted
    case 0: nil
    default: .terminated
    }
  }
}
