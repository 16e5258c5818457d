// The pool runs every piece once; the instruction set follows the environment or says why not.

import Synchronization
import Testing

@testable import VectorKernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct KernelPoolTests {
  @Test(arguments: [1, 2, 3, 8])
  func `runs every piece exactly once`(_ threads: Int) {
    let pool = KernelPool(threads: threads)
    for count in [0, 1, 2, 7, 1000] {
      let calls = AlignedBuffer<Int>(count: count)
      for _ in 0..<50 { pool.parallel(count) { calls[$0] += 1 } }
      #expect(calls.scalars.allSatisfy { $0 == 50 })
    }
  }

  @Test(arguments: [1, 2, 3, 8])
  func `threads that look ahead take every index exactly once, in rising order`(_ threads: Int) {
    let pool = KernelPool(threads: threads)
    for count in [0, 1, 2, 7, 1000] {
      let calls = AlignedBuffer<Int>(count: count)
      let falls = Atomic<Int>(0)
      pool.share(count) { turns in
        var upcoming = turns.next()
        while let index = upcoming {
          upcoming = turns.next()
          if let upcoming, upcoming <= index { falls.add(1, ordering: .relaxed) }
          calls[index] += 1
        }
      }
      #expect(calls.scalars.allSatisfy { $0 == 1 } && falls.load(ordering: .relaxed) == 0)
    }
  }

  @Test func `loops inside loops run serially and completely`() {
    let pool = KernelPool(threads: 4)
    let calls = AlignedBuffer<Int>(count: 64)
    pool.parallel(8) { outer in
      pool.parallel(8) { calls[8 * outer + $0] += 1 }
    }
    #expect(calls.scalars == Array(repeating: 1, count: 64))
  }

  @Test func `threads that start loops at once do not disturb each other`() async {
    let pool = KernelPool(threads: 3)
    let total = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let sum = Atomic<Int>(0)
          for _ in 0..<20 { pool.parallel(100) { sum.add($0, ordering: .relaxed) } }
          return sum.load(ordering: .relaxed)
        }
      }
      return await group.reduce(0, +)
    }
    #expect(total == 8 * 20 * 4950)
  }

  @Test func `workers wake up after a rest`() {
    let pool = KernelPool(threads: 2)
    for _ in 0..<5 {
      let seen = AlignedBuffer<Int>(count: 32)
      pool.parallel(32) { seen[$0] = 1 }
      #expect(sum(FloatBuffer(seen.scalars.map { Float($0) })) == 32)
      var pause = timespec(tv_sec: 0, tv_nsec: 3_000_000)
      nanosleep(&pause, nil)
    }
  }
}

@Suite struct InstructionSetTests {
  @Test func `the widest set is the default`() {
    #expect(InstructionSet.choose(named: nil, among: [.baseline, .avx2]) == (.avx2, nil))
    #expect(InstructionSet.choose(named: "", among: [.baseline]) == (.baseline, nil))
    #expect(InstructionSet.choose(named: "baseline", among: [.baseline, .avx2]) == (.baseline, nil))
    #expect(InstructionSet.supported.contains(.baseline))
  }

  @Test func `says what is wrong with a name`() {
    let unknown = InstructionSet.choose(named: "avx1024", among: [.baseline, .avx2])
    #expect(unknown.set == .avx2)
    #expect(
      unknown.problem
        == "PREFER_ISA='avx1024' is no instruction set; use one of 'baseline', 'avx2' (using 'avx2')")
    let missing = InstructionSet.choose(named: "avx512", among: [.baseline, .avx2])
    #expect(missing.set == .avx2)
    #expect(
      missing.problem
        == "PREFER_ISA='avx512' is not on this processor; use one of 'baseline', 'avx2' (using 'avx2')")
  }
}
