// A cached reference says what its model would say, and asks it once.

import PreferenceCore
import Testing

@testable import ReferenceCache

@Suite struct CachedReferenceTests {
  struct Unwanted: Error, CustomStringConvertible { let description = "nobody may load the model" }

  static func reference(_ scratch: Scratch, _ scorer: CountingScorer?, _ description: String = "a")
    -> CachedReference
  {
    CachedReference(
      ScoreArchive(of: description, in: scratch.path), statistics: [.logProbability, .entropy, .meanScore],
      maximumEntropy: 2.5
    ) {
      guard let scorer else { throw Unwanted() }
      return scorer
    }
  }

  static func expectSame(_ a: ModelScores, _ b: ModelScores) {
    #expect(a.statistics == b.statistics && a.maximumEntropy == b.maximumEntropy)
    for statistic in a.statistics {
      #expect(a[statistic].shape == b[statistic].shape)
      #expect(a[statistic].scalars.map(\.bitPattern) == b[statistic].scalars.map(\.bitPattern))
    }
  }

  @Test func `cached is computed, to the bit, in the same run and in the next`() throws {
    let scratch = try Scratch()
    let plain = CountingScorer()
    for (run, scorer) in [CountingScorer(), nil].enumerated() {
      let reference = Self.reference(scratch, scorer)
      for batch in [pairs, others, pairs] {
        Self.expectSame(
          try reference.score(batch, [.logProbability]), try plain.score(batch, [.logProbability]))
      }
      #expect(reference.holdsModel == (run == 0))
      #expect(reference.scoredCount == (run == 0 ? 6 : 0) && reference.foundCount == (run == 0 ? 6 : 12))
      if let scorer { #expect(scorer.asked == pairs.completions + others.completions[2...]) }
    }
  }

  @Test func `another loss asks for other statistics and still pays nothing`() throws {
    let scratch = try Scratch()
    let scorer = CountingScorer()
    _ = try Self.reference(scratch, scorer).score(pairs, [.logProbability])
    #expect(scorer.wanted == [.logProbability, .entropy])
    let next = Self.reference(scratch, nil)
    let both: Set<TokenStatistic> = [.logProbability, .entropy]
    Self.expectSame(try next.score(pairs, both), try CountingScorer().score(pairs, both))
    // A statistic that nobody kept is asked for.
    #expect(next.missingCount(in: pairs, [.meanScore]) == 4)
    #expect(next.missingCount(in: others, [.logProbability]) == 2)
  }

  @Test func `another scorer's numbers are not taken`() throws {
    let scratch = try Scratch()
    _ = try Self.reference(scratch, CountingScorer(), "model a").score(pairs, [.logProbability])
    let other = CountingScorer()
    _ = try Self.reference(scratch, other, "model b").score(pairs, [.logProbability])
    #expect(other.asked == pairs.completions)
  }

  @Test func `the boundary between prompt and completion is part of the question`() {
    let keys = [([1, 2], [3]), ([1], [2, 3]), ([1, 2, 3], []), ([], [1, 2, 3])].map { prompt, completion in
      ScoreKey.keys(of: [.logProbability, .entropy], prompt: prompt, completion: completion)
    }
    #expect(Set(keys.joined()).count == 8)
  }

  @Test func `a model that cannot be loaded says why`() throws {
    let reference = Self.reference(try Scratch(), nil)
    var message = ""
    do { _ = try reference.score(pairs, [.logProbability]) } catch { message = "\(error)" }
    #expect(message == "nobody may load the model")
  }

  @Test func `the model is let go after many batches without a question`() throws {
    let scorer = CountingScorer()
    let reference = Self.reference(try Scratch(), scorer)
    for _ in 0..<32 { _ = try reference.score(pairs, [.logProbability]) }
    #expect(reference.holdsModel)
    _ = try reference.score(pairs, [.logProbability])
    #expect(!reference.holdsModel)
    _ = try reference.score(others, [.logProbability])
    #expect(reference.holdsModel && scorer.asked.count == 6)
  }

  @Test func `without a folder scores are kept in memory`() throws {
    let scorer = CountingScorer()
    let reference = CachedReference(
      ScoreArchive(of: "a", in: nil), statistics: scorer.statistics, maximumEntropy: 2.5
    ) { scorer }
    for _ in 0..<3 { _ = try reference.score(pairs, [.logProbability]) }
    #expect(scorer.asked.count == 4)
  }
}
