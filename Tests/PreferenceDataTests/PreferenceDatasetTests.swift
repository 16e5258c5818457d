// Whole files: every row accounted for, every mistake told at once.

import PreferenceCore
import Testing

@testable import PreferenceData

@Suite struct PreferenceDatasetTests {
  private func dataset(
    _ lines: [String], for requirements: Requirements = Requirements(.pairwise),
    options: DatasetOptions? = nil,
    encoder: CharacterEncoder = CharacterEncoder()
  ) throws -> PreferenceDataset {
    var lenient = DatasetOptions()
    lenient.maximumDroppedFraction = 1
    return try PreferenceDataset(
      try JSONLinesStore(bytes: Array(lines.joined(separator: "\n").utf8), file: "rows.jsonl"),
      for: requirements, with: encoder, options: options ?? lenient)
  }

  private func pair(_ prompt: String, _ chosen: String, _ rejected: String, _ more: String = "") -> String {
    #"{"prompt": "\#(prompt)", "chosen": "\#(chosen)", "rejected": "\#(rejected)"\#(more)}"#
  }

  @Test func `rows in are rows kept and rows dropped`() throws {
    let made = try dataset([
      pair("q", "b", "c"), pair("q", "b", "b"), pair("q", "", "c"), pair("", "b", "c"), pair("q", "b", "c"),
      pair("d", "bb", "c", #", "source": "x", "margin": 2"#),
    ])
    #expect(made.rows.map(\.place.row) == [0, 4, 5])
    #expect(made.report.rowCount == 6 && made.report.keptCount == 3 && made.report.droppedCount == 3)
    #expect(
      made.report.summary
        == "6 rows = 3 kept + 3 dropped: 1 empty completion, 1 identical completions, 1 empty prompt")
    #expect(made.report.duplicates.places.map(\.line) == [5])
    #expect(made.report.numericColumns == ["margin"] && made.report.ignoredColumns == ["source"])
    #expect(made.report.firstLengths == LengthQuantiles([2, 2, 3]))
    #expect(
      made.report.warnings == [
        "dropped, empty completion: 1 (line 3)", "dropped, identical completions: 1 (line 2)",
        "dropped, empty prompt: 1 (line 4)", "repetitions of an earlier row: 1 (line 5)",
        "columns that nothing reads: 'source'",
      ])
  }

  @Test func `too many dropped rows stop the run with their counts and lines`() {
    let lines = [pair("q", "b", "c"), pair("q", "b", "b"), pair("q", "", "c"), pair("q", "c", "c")]
    #expect(
      message { _ = try dataset(lines, options: DatasetOptions()) }
        == "rows.jsonl: 3 of 4 rows are dropped, more than max_dropped_fraction 0.05 allows: "
        + "identical completions: 2 (lines 2, 4); empty completion: 1 (line 3); "
        + "repair the rows or raise max_dropped_fraction")
    #expect(
      message { _ = try dataset([pair("q", "", "c")]) }
        == "rows.jsonl: 1 of 1 rows are dropped, none is left: empty completion: 1 (line 1); repair the rows")
  }

  @Test func `every mistake of a file is told at once`() {
    let lines = [
      pair("q", "b", "c"), #"{"prompt": "a", "completion": "b", "label": true}"#,
      #"{"prompt": 1, "chosen": "a", "rejected": "b"}"#,
      #"{"prompt": "a", "chosen": "b"}"#,
      #"{"prompt": [{"role": "user", "content": "a"}], "chosen": [{"role": "assistant", "content": "a"}], "rejected": [{"role": "assistant", "content": "b"}]}"#,
    ]
    #expect(
      message { _ = try dataset(lines) } == """
        rows.jsonl has 4 problems
          line 2: the row has the columns of the unpaired format in a file of the paired format; keep one format in a file
          line 3: 'prompt' is a number; write a string or a list of messages
          line 4: the paired format needs the column 'rejected'; there are 'prompt', 'chosen'
          line 5: the row holds messages but line 1 holds strings; keep one kind in a file
        """)
  }

  @Test func `columns of no format are listed beside those of every format`() {
    #expect(
      message { _ = try dataset([#"{"question": "a", "answer": "b"}"#]) }
        == "rows.jsonl, line 1: the columns 'question', 'answer' belong to no format; expected one of: "
        + "prompt, chosen, rejected · chosen, rejected · prompt, completion, label · prompt, completion · "
        + "prompt, completions · instruction · conversations")
    for (row, name) in [(#"{"messages": []}"#, "messages"), (#"{"id": 1, "text": "a"}"#, "text")] {
      let told = message { _ = try dataset([row]) }
      #expect(
        told.hasSuffix(
          " · instruction · conversations; '\(name)' is learned whole elsewhere, here only completions are: write "
            + "what stands before the last answer as 'prompt' and the answer as 'completion'"), "\(told)")
    }
    let holed = message { _ = try dataset([#"{"prompt": "a", "chosen": null, "rejected": "c"}"#]) }
    #expect(
      holed.hasPrefix(
        "rows.jsonl, line 1: the columns 'prompt', 'rejected' ('chosen' is null) belong to no format; "),
      "\(holed)")
  }

  @Test func `conversations need a chat template`() {
    var encoder = CharacterEncoder()
    encoder.hasTemplate = false
    let line =
      #"{"prompt": [{"role": "user", "content": "a"}], "completion": [{"role": "assistant", "content": "b"}]}"#
    #expect(
      message { _ = try dataset([line], for: Requirements(.unpaired), encoder: encoder) }
        == "rows.jsonl: the rows are conversations, but the model has no chat template; add chat_template.jinja to "
        + "its directory, or write prompts and completions as strings")
  }

  @Test func `what the template refuses is told with its line`() {
    #expect(
      message {
        _ = try dataset(
          [
            #"{"prompt": [{"role": "user", "content": "refuse me"}], "completion": [{"role": "assistant", "content": "b"}]}"#
          ], for: Requirements(.unpaired))
      } == "rows.jsonl, line 1: the template refuses this")
  }

  @Test(arguments: [Feedback.pairwise, .ranked]) func `a loss that compares refuses unpaired rows`(
    _ needed: Feedback
  ) {
    #expect(
      message {
        _ = try dataset([#"{"prompt": "a", "completion": "b", "label": true}"#], for: Requirements(needed))
      }
        == "rows.jsonl: the loss compares completions, but the rows are unpaired; give each row 'chosen' and "
        + "'rejected', or choose a loss for unpaired rows such as 'kto'")
  }

  @Test(arguments: [Feedback.unpaired, .pairwise, .ranked]) func `richer rows serve any loss`(
    _ needed: Feedback
  ) throws {
    #expect(try dataset([pair("q", "b", "c")], for: Requirements(needed)).feedback == .pairwise)
    let ranked = try dataset([#"{"prompt": "q", "completions": ["b", "c", "d"]}"#], for: Requirements(needed))
    #expect(ranked.rows[0].isDesirable == [true, false, false])
  }

  @Test func `a loss's columns are read and others are not`() throws {
    var requirements = Requirements(.pairwise)
    requirements.annotations = ["score"]
    let made = try dataset(
      [pair("q", "b", "c", #", "chosen_score": 3, "rejected_score": 1, "length": 9"#)], for: requirements)
    #expect(made.rows[0].annotations == ["score": [3, 1]])
    #expect(
      message { _ = try dataset([pair("q", "b", "c", #", "score": [1, NaN]"#)], for: requirements) }
        == "rows.jsonl, line 1: column 'score' holds nan; give every row a finite number")
  }

  @Test func `a column that ranks completions must fall from the best to the worst`() throws {
    var requirements = Requirements(.pairwise)
    (requirements.annotations, requirements.rankedAnnotations) = (["score"], ["score"])
    let falling = #", "chosen_score": 3, "rejected_score": 1"#
    #expect(
      try dataset([pair("q", "b", "c", falling)], for: requirements).rows[0].annotations == ["score": [3, 1]])
    for (columns, numbers) in [(#", "score": [1, 2.5]"#, ("1.0", "2.5")), (#", "score": 2"#, ("2.0", "2.0"))]
    {
      #expect(
        message { _ = try dataset([pair("q", "b", "c", columns)], for: requirements) }
          == "rows.jsonl, line 1: column 'score' gives \(numbers.0) to a completion and \(numbers.1) to a worse one; "
          + "the loss needs the better one to have more")
    }
  }

  @Test func `labels that are all the same are told`() throws {
    let made = try dataset(
      (0..<3).map { #"{"prompt": "\#($0)", "completion": "b", "label": true}"# }, for: Requirements(.unpaired)
    )
    #expect(made.report.desirableCount == 3)
    #expect(made.report.warnings == ["every label is true"])
  }

  @Test func `quantiles are by nearest rank`() {
    let quantiles = LengthQuantiles(Array(1...100))
    #expect(
      [quantiles.minimum, quantiles.median, quantiles.p90, quantiles.p99, quantiles.maximum] == [
        1, 50, 90, 99, 100,
      ])
    #expect(quantiles.mean == 50.5)
    #expect(LengthQuantiles([7]).p99 == 7 && LengthQuantiles([]).maximum == 0)
  }

  @Test func `a held-out part is the seed's, keeps prompts together and leaves the rest`() throws {
    let lines = (0..<60).map { pair("p\($0 / 2)", "b\($0)", "c") }
    let made = try dataset(lines)
    let (training, heldOut) = try made.holdingOut(fraction: 0.2, seed: 3)
    #expect(training.rows.count == 48 && heldOut.rows.count == 12)
    #expect((training.rows + heldOut.rows).map(\.place.row).sorted() == Array(0..<60))
    #expect(Set(training.rows.map(\.prompts)).isDisjoint(with: heldOut.rows.map(\.prompts)))
    #expect(try made.holdingOut(fraction: 0.2, seed: 3).heldOut.rows == heldOut.rows)
    #expect(try made.holdingOut(fraction: 0.2, seed: 4).heldOut.rows != heldOut.rows)
    #expect(try made.holdingOut(fraction: 0.999, seed: 4).training.rows.count == 2)
  }

  @Test func `rows of one prompt cannot be held out`() throws {
    let made = try dataset([pair("q", "b", "c"), pair("q", "d", "e")])
    #expect(
      message { _ = try made.holdingOut(fraction: 0.5, seed: 0) }
        == "rows.jsonl: all rows share one prompt, so none can be held out; set eval_path instead")
  }
}
