// Worker threads for kernels: split a loop into independent pieces whose results do not depend on who runs them.

import Dispatch
import ProcessorFeatures
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Runs independent pieces of work on all cores.
///
/// One loop runs in parallel at a time. A loop that starts while another runs, be it nested or on another
/// thread, runs serially on its own thread: work that is already spread needs no more threads.
// `body`, `count` and `workers` change only in the hands of the thread in charge, while no worker may read them.
public final class KernelPool: @unchecked Sendable {
  /// The pool that every kernel uses.
  public static let shared = KernelPool(threads: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

  /// Sets how many threads work together from now on, the calling one included.
  public static func configure(threads: Int) {
    precondition(threads > 0, "KernelPool: \(threads) threads")
    shared.limit.store(threads, ordering: .relaxed)
  }

  /// How many threads work together.
  public var threads: Int { limit.load(ordering: .relaxed) }

  /// How many of them a loop that starts now would have: one while another loop runs.
  public var freeThreads: Int { isBusy.load(ordering: .relaxed) ? 1 : threads }

  /// What each thread of a loop runs.
  private typealias Body = @Sendable (inout LoopTurns) -> Void

  private let limit: Atomic<Int>
  /// Whether some thread is in charge of a parallel loop.
  private let isBusy = Atomic<Bool>(false)
  /// Twice the number of workers inside the loop, plus 1 while more may enter.
  private let entries = Atomic<Int>(0)
  fileprivate let next = Atomic<Int>(0)
  /// The loop's body, on the stack of the thread in charge.
  private var body: UnsafePointer<Body>?
  private var count = 0
  private var workers: [Worker] = []

  /// Turns of a waiting loop before a worker goes to sleep: some 200 µs, a few times what waking a virtual processor takes.
  private static let patience = 20_000

  init(threads: Int) { limit = Atomic(threads) }

  /// Calls `body` once with each index below `count`, in any order, and returns when all are done.
  ///
  /// Calls from inside `body` run serially on the calling thread.
  public func parallel(_ count: Int, _ body: @Sendable (Int) -> Void) {
    share(count) { turns in
      while let index = turns.next() { body(index) }
    }
  }

  /// Calls `body` on every thread that takes part, and returns when all are done.
  ///
  /// Together they are to take each index below `count` from their turns: a thread knows thus what comes next before it does
  /// what it has. Calls from inside `body` run serially on the calling thread.
  public func share(_ count: Int, _ body: @Sendable (inout LoopTurns) -> Void) {
    let limit = threads
    guard count > 1, limit > 1,
      isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else {
      var turns = LoopTurns(count: count)
      body(&turns)
      return
    }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { runTogether($0, count, limit) }
    }
    isBusy.store(false, ordering: .releasing)
  }

  private func runTogether(_ body: UnsafePointer<Body>, _ count: Int, _ limit: Int) {
    self.body = body
    self.count = count
    next.store(0, ordering: .relaxed)
    entries.store(1, ordering: .releasing)
    wake(min(limit, count) - 1)
    runPieces(body, count)
    entries.bitwiseAnd(~1, ordering: .acquiringAndReleasing)
    var turns = 0
    while entries.load(ordering: .acquiring) != 0 {
      processor_pause()
      turns += 1
      if turns > Self.patience { sched_yield() }
    }
    self.body = nil
  }

  /// Takes turns until none is left. Not inlined, so that no reference to the body outlives the loop.
  @inline(never)
  private func runPieces(_ body: UnsafePointer<Body>, _ count: Int) {
    var turns = LoopTurns(count: count, of: self)
    body.pointee(&turns)
  }

  /// Wakes the first `wanted` workers, starting those that are missing.
  private func wake(_ wanted: Int) {
    while workers.count < wanted {
      let worker = Worker()
      workers.append(worker)
      start { [self] in work(worker) }
    }
    for worker in workers.prefix(wanted) {
      worker.isWanted.store(true, ordering: .sequentiallyConsistent)
      if worker.isAsleep.exchange(false, ordering: .sequentiallyConsistent) { worker.alarm.signal() }
    }
  }

  private func work(_ worker: Worker) {
    while true {
      var turns = 0
      while !worker.isWanted.load(ordering: .sequentiallyConsistent) {
        processor_pause()
        turns += 1
        if turns < Self.patience { continue }
        worker.isAsleep.store(true, ordering: .sequentiallyConsistent)
        // Whoever takes `isAsleep` back decides: a caller that does will also signal.
        if worker.isWanted.load(ordering: .sequentiallyConsistent),
          worker.isAsleep.exchange(false, ordering: .sequentiallyConsistent)
        {
          break
        }
        worker.alarm.wait()
      }
      worker.isWanted.store(false, ordering: .sequentiallyConsistent)
      if enter() {
        if let body { runPieces(body, count) }
        entries.subtract(2, ordering: .acquiringAndReleasing)
      }
    }
  }

  /// Enters the loop in progress, unless it has closed.
  private func enter() -> Bool {
    var seen = entries.load(ordering: .acquiring)
    while seen & 1 == 1 {
      let result = entries.compareExchange(
        expected: seen, desired: seen + 2, ordering: .acquiringAndReleasing)
      if result.exchanged { return true }
      seen = result.original
    }
    return false
  }
}

/// Where one thread takes the indices of a loop, in rising order; other threads take the others.
public struct LoopTurns {
  private let count: Int
  /// Whose loop it is, unless it is one thread's alone.
  private let pool: KernelPool?
  /// The next index of one thread's loop.
  private var index = 0

  fileprivate init(count: Int, of pool: KernelPool? = nil) { (self.count, self.pool) = (count, pool) }

  /// The next index, which nobody else gets; none when all are taken.
  public mutating func next() -> Int? {
    let taken = pool?.next.add(1, ordering: .relaxed).oldValue ?? index
    index += 1
    return taken < count ? taken : nil
  }
}

/// One thread that waits for work.
private final class Worker: Sendable {
  let isWanted = Atomic<Bool>(false)
  let isAsleep = Atomic<Bool>(false)
  let alarm = DispatchSemaphore(value: 0)
}

/// What a new thread runs.
private final class ThreadBody {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Starts a thread that lasts as long as the process.
private func start(_ run: @escaping @Sendable () -> Void) {
  let context = Unmanaged.passRetained(ThreadBody(run)).toOpaque()
  #if canImport(Darwin)
    var thread: pthread_t?
    let status = pthread_create(&thread, nil, { runThread($0) }, context)
  #else
    var thread = pthread_t()
    let status = pthread_create(&thread, nil, { $0.flatMap { runThread($0) } }, context)
  #endif
  precondition(status == 0, "KernelPool: the system refuses another thread (error \(status))")
  pthread_detach(thread)
}

private func runThread(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
  Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
  return nil
}
