// How much memory a run plans with, how it cuts its steps, and when it is refused.

import Foundation
import Testing

@testable import prefer

@Suite struct MemoryPlanTests {
  /// Rows of up to 1,000 tokens in batches of up to 8,000; a token takes 1 MB, 0.1 MB recomputed; 2 GB besides.
  static func needs(_ change: (inout MemoryNeeds) -> Void = { _ in }) -> MemoryNeeds {
    var needs = MemoryNeeds(
      parts: [("weights", 1.5e9), ("gradients", 0.5e9)],
      pass: { tokens, recomputing in Double(tokens) * (recomputing ? 1e5 : 1e6) }, longestRow: 1000,
      largestBatch: 8000, recomputes: false)
    change(&needs)
    return needs
  }

  @Test(arguments: [
    // machine, tokens at a time, whether batches are cut, whether something is computed twice, total
    (64e9, 2048, true, false, 4.048e9), (8.1e9, 2048, true, false, 4.048e9),
    (8e9, 1792, true, false, 3.792e9),
    (5e9, 768, true, false, 3e9), (3e9, 512, true, true, 2.7e9),
  ])
  func `steps are cut as the memory allows`(
    _ machine: Double, _ tokens: Int, _ cuts: Bool, _ recomputes: Bool, _ total: Double
  ) {
    let plan = MemoryPlan(Self.needs(), limit: machine)
    #expect(plan.microBatchTokens == tokens)
    #expect(plan.cuts == cuts && plan.recomputes == recomputes)
    #expect(abs(plan.total - total) < 1, "\(plan.total)")
    #expect(plan.refusal == nil)
  }

  @Test(arguments: [
    // machine, tokens at a time, the most that scores may take, total; a token's scores take 0.2 MB
    (64e9, 1024, 1_024_000_000, 3.2288e9), (6.1e9, 1024, 0, 3.024e9), (6.6e9, 1024, 276_000_000, 3.2288e9),
    (3e9, 512, 0, 2.7e9),
  ])
  func `scores are kept where there is room beside a pass`(
    _ machine: Double, _ tokens: Int, _ limit: Int, _ total: Double
  ) {
    let needs = Self.needs { ($0.busyTokens, $0.scores) = (1024, { 2e5 * Double($0) }) }
    let plan = MemoryPlan(needs, limit: machine)
    #expect(plan.microBatchTokens == tokens && plan.scoreLimit == limit, "\(plan.scoreLimit)")
    #expect(abs(plan.total - total) < 1, "\(plan.total)")
    #expect(plan.cuts && MemoryPlan(Self.needs(), limit: machine).scoreLimit == 0)
  }

  @Test func `what was given is kept, and told`() {
    let plan = MemoryPlan(Self.needs { $0.microBatchTokens = 2000 }, limit: 64e9)
    #expect(plan.microBatchTokens == 2000 && plan.total == 4e9)
    #expect(plan.cutting == "rows are scored up to 2,000 tokens at a time, as 'micro_batch_tokens' says")
    #expect(
      plan.description
        == "about 4.0 GB of 64.0 GB: 1.5 GB weights, 500.0 MB gradients, 2.0 GB activations")
  }

  @Test func `a plan says how it cuts`() {
    #expect(
      MemoryPlan(Self.needs(), limit: 64e9).cutting
        == "rows are scored up to 2,048 tokens at a time, as many as pay")
    #expect(
      MemoryPlan(Self.needs { $0.largestBatch = 2000 }, limit: 64e9).cutting == "each batch is scored at once"
    )
    #expect(
      MemoryPlan(Self.needs(), limit: 3e9).cutting
        == "rows are scored up to 512 tokens at a time, chosen from the machine's memory; "
        + "activations are computed twice to save memory")
  }

  @Test func `what cannot fit is refused with numbers`() {
    #expect(
      MemoryPlan(Self.needs(), limit: 2e9).refusal
        == "the run needs about 2.1 GB of 2.0 GB: 1.5 GB weights, 500.0 MB gradients, 100.0 MB activations; "
        + "lower 'max_length' (the longest row has 1,000 tokens), or train an adapter with 'lora', "
        + "or use a smaller model or a machine with more memory")
    let given = Self.needs {
      ($0.microBatchTokens, $0.recomputes, $0.longestRow, $0.isAdapted) = (8000, true, 100, true)
    }
    #expect(
      MemoryPlan(given, limit: 3e9).refusal
        == "the run needs about 2.8 GB of 3.0 GB: 1.5 GB weights, 500.0 MB gradients, 800.0 MB activations; "
        + "leave out 'micro_batch_tokens', or use a smaller model or a machine with more memory")
  }

  @Test(arguments: [
    ("16GB", 16e9), ("800 MB", 8e8), ("1024", 1024), ("2.5kB", 2500), ("x", nil), ("-1GB", nil),
  ])
  func `memory is read as people write it`(_ text: String, _ bytes: Double?) {
    #expect(MachineMemory.bytes(text) == bytes)
  }

  @Test func `the machine has memory`() throws {
    #expect(try MachineMemory.byteCount([:]) > 1e8)
    #expect(try MachineMemory.byteCount(["PREFER_MEMORY": "16GB"]) == 16e9)
  }

  @Test(arguments: ["", "lots", "-1GB", "16GiB", "0"])
  func `memory that cannot be understood is refused`(_ text: String) {
    #expect {
      try MachineMemory.byteCount(["PREFER_MEMORY": text])
    } throws: {
      ($0 as? CommandFailure)?.code == .usage
        && "\($0)"
          == "PREFER_MEMORY is '\(text)'; give a number of bytes, or one with kB, MB, GB or TB, such as 16GB"
    }
  }
}
