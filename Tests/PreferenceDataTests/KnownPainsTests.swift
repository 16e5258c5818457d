// What users of other trainers lost days to, each as a law over many rows, tokenizers and windows.

import PreferenceCore
import Testing

@testable import PreferenceData

@Suite struct KnownPainsTests {
  private func random(_ generator: inout PreferenceData.SplitMix, _ range: ClosedRange<Int>) -> Int {
    range.lowerBound + generator.next(below: range.upperBound - range.lowerBound + 1)
  }

  private func tokens(_ generator: inout PreferenceData.SplitMix, _ range: ClosedRange<Int>) -> [Int32] {
    (0..<random(&generator, range)).map { _ in Int32(2000 + generator.next(below: 50)) }
  }

  private func pair(_ prompt: String, _ chosen: String, _ rejected: String) -> PreferenceRow {
    PreferenceRow(
      place: RowPlace(row: 0), prompt: .plain(prompt), completions: [.plain(chosen), .plain(rejected)],
      feedback: .pairwise)
  }

  @Test(arguments: [nil, 0] as [Int32?], [nil, 1] as [Int32?])
  func `a model without a beginning or an end gets none, and one with them gets one of each`(
    _ bos: Int32?, _ eos: Int32?
  ) throws {
    var encoder = CharacterEncoder()
    (encoder.bosID, encoder.eosID) = (bos, eos)
    let tokenizer = RowTokenizer(encoder: encoder, window: TokenWindow(maxLength: nil))
    for (prompt, chosen, rejected) in [
      ("q", "b", "c"), (" q ", " b ", "\n"), ("é", "日本", "👩\u{200D}🚀"), ("\0", "\0a", "x\0"),
    ] {
      guard case .kept(let row, _) = try tokenizer.tokenize(pair(prompt, chosen, rejected)) else {
        Issue.record("\(prompt) is not kept")
        continue
      }
      for (index, completion) in row.completions.enumerated() {
        let whole = row.prompts[row.promptOfCompletion[index]] + completion
        #expect(whole.count { $0 == 0 } == (bos == nil ? 0 : 1) && (bos == nil || whole.first == 0))
        #expect(whole.count { $0 == 1 } == (eos == nil ? 0 : 1) && (eos == nil || whole.last == 1))
        #expect(encoder.text(of: whole.filter { $0 > 1 }) == prompt + [chosen, rejected][index])
      }
    }
  }

  /// Written out the slow way: join, mask, cut, and see what is left to score.
  private func oracle(_ prompt: [Int32], _ completion: [Int32], _ window: TokenWindow) -> (
    context: [Int32], scored: [Int32]
  ) {
    var joined = zip(prompt + completion, (prompt.map { _ in false } + completion.map { _ in true })).map {
      ($0, $1)
    }
    if let length = window.maxLength, joined.count > length {
      joined = Array(window.mode == .keepStart ? joined.prefix(length) : joined.suffix(length))
    }
    // The first token of a sequence has nothing that predicts it.
    joined[0].1 = false
    return (joined.filter { !$0.1 }.map(\.0), joined.filter(\.1).map(\.0))
  }

  @Test(arguments: [TruncationMode.keepStart, .keepEnd])
  func `no prompt token is scored and no completion token lost, whatever is cut and batched`(
    _ mode: TruncationMode
  ) throws {
    var generator = PreferenceData.SplitMix(seed: 7)
    for length in [nil, 4, 7, 12] as [Int?] {
      let window = TokenWindow(maxLength: length, mode: mode)
      var wholes: [Int: TokenizedRow.Whole] = [:]
      let rows = (0..<41).compactMap { number -> TokenizedRow? in
        let whole = TokenizedRow.Whole(
          prompt: tokens(&generator, 1...6),
          completions: [tokens(&generator, 1...9), tokens(&generator, 1...9)])
        wholes[number] = whole
        return TokenizedRow(
          place: RowPlace(row: number), feedback: .pairwise, whole: whole, isDesirable: [true, false],
          annotations: [:], window: window)
      }
      var options = BatchPlanOptions()
      (options.rowsPerMicroBatch, options.accumulationSteps, options.microBatchTokens) = (3, 2, 40)
      let plan = BatchPlan(rows, window: window, options: options)
      var seen = 0
      for step in 0..<plan.stepsPerEpoch {
        for batch in plan.microBatches(step: step) {
          var side: [Int: Int] = [:]
          for (completion, prompt) in zip(batch.completions, batch.layout.prompts) {
            let number = batch.rows[prompt]
            let whole = try #require(wholes[number])
            let expected = oracle(whole.prompt, whole.completions[side[number, default: 0]], window)
            side[number, default: 0] += 1
            #expect(batch.prompts[prompt] == expected.context && completion == expected.scored)
            seen += 1
          }
          #expect(batch.counts[Unit.token] == batch.completions.reduce(0) { $0 + $1.count })
        }
      }
      #expect(seen == 2 * rows.count)
    }
  }

  @Test func `a row's tokens are the same alone and among batch mates`() {
    var generator = PreferenceData.SplitMix(seed: 9)
    let rows = (0..<12).compactMap { number in
      TokenizedRow(
        place: RowPlace(row: number), feedback: .pairwise,
        whole: .init(
          prompt: tokens(&generator, 1...5),
          completions: [tokens(&generator, 1...20), tokens(&generator, 1...3)]),
        isDesirable: [true, false], annotations: [:], window: TokenWindow(maxLength: nil))
    }
    var options = BatchPlanOptions()
    (options.shuffles, options.rowsPerMicroBatch) = (false, 12)
    let together = BatchPlan(rows, window: TokenWindow(maxLength: nil), options: options).microBatches(
      step: 0)[0]
    options.rowsPerMicroBatch = 1
    let alone = BatchPlan(rows, window: TokenWindow(maxLength: nil), options: options)
    for index in rows.indices {
      let batch = alone.microBatches(step: index)[0]
      #expect(batch.prompts == [together.prompts[index]])
      #expect(batch.completions == Array(together.completions[(2 * index)..<(2 * index + 2)]))
    }
  }

  @Test(arguments: [1, 3, 4, 7]) func `an odd number of unpaired rows loses none and answers every prompt`(
    _ rowsPerBatch: Int
  ) {
    let rows = (0..<9).compactMap { number in
      TokenizedRow(
        place: RowPlace(row: number), feedback: .unpaired,
        whole: .init(prompt: [Int32(number)], completions: [[Int32(100 + number), 1]]),
        isDesirable: [number % 3 == 0], annotations: [:], window: TokenWindow(maxLength: nil))
    }
    var options = BatchPlanOptions()
    (options.rowsPerMicroBatch, options.needsBaselines) = (rowsPerBatch, true)
    let plan = BatchPlan(rows, window: TokenWindow(maxLength: nil), options: options)
    for epoch in 0..<3 {
      let batches = (0..<plan.stepsPerEpoch).flatMap {
        plan.microBatches(step: epoch * plan.stepsPerEpoch + $0)
      }
      let answers = batches.flatMap { batch in
        zip(batch.completions, batch.layout.prompts).map { (batch.rows[$1], $0) }
      }
      for number in 0..<9 {
        let own = answers.filter { $0.0 == number }.map(\.1)
        #expect(own.contains([Int32(100 + number), 1]))
        // Its own answer, and exactly one of another row as the baseline.
        #expect(own.count == 2 && own.filter { $0 != [Int32(100 + number), 1] }.count == 1)
      }
    }
  }

  @Test func `an answer that was cut off never ends as if it were finished`() throws {
    var encoder = CharacterEncoder()
    encoder.bosID = 0
    for length in 3...9 {
      let tokenizer = RowTokenizer(encoder: encoder, window: TokenWindow(maxLength: length))
      guard case .kept(let row, let findings) = try tokenizer.tokenize(pair("q", "bcdefg", "x")) else {
        continue
      }
      let isWhole = length >= 9
      #expect((row.completions[0].last == 1) == isWhole)
      #expect(row.isTruncated == !isWhole && !findings.doublesStop)
    }
  }
}
