// The shortest time that something takes, by the processor's clock or by the wall's.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The shortest time of one call within about `seconds` of calling, as the calling thread spends it.
///
/// Other processes that share the core do not count, except for what they do to its caches.
func processorTime(_ seconds: Double, _ body: () -> Void) -> Double {
  shortest(seconds, CLOCK_THREAD_CPUTIME_ID, body)
}

/// The shortest time of one call within about `seconds` of calling; of use on an idle machine only.
func wallTime(_ seconds: Double, _ body: () -> Void) -> Double {
  shortest(seconds, CLOCK_MONOTONIC, body)
}

private func shortest(_ seconds: Double, _ clock: clockid_t, _ body: () -> Void) -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
  body()
  var (best, total, calls) = (Double.infinity, 0.0, 0)
  while total < seconds || calls < 3 {
    let start = now()
    body()
    let elapsed = now() - start
    best = min(best, elapsed)
    total += elapsed
    calls += 1
  }
  return best
}
