// Held-out rows in one file or several.

import Foundation
import Testing

@testable import prefer

@Suite struct HeldOutTests {
  @Test func `several held-out files say what one of all their rows says`() throws {
    let scratch = try Scratch()
    let lines = try OutputFile.read(Fixtures.path("traces/rows.jsonl")).split(separator: "\n").map {
      $0 + "\n"
    }
    let (first, second, both) = (
      try scratch.write("a.jsonl", lines[15..<18].joined()),
      try scratch.write("b.jsonl", lines[18...].joined()),
      try scratch.write("both.jsonl", lines[15...].joined())
    )
    let rows = try scratch.write("rows.jsonl", lines[..<15].joined())
    /// What an evaluation behind the second step says.
    func evaluation(_ name: String, _ held: String) throws -> [String: Double] {
      let file = try scratch.write(
        "\(name).json5",
        """
        {model_name_or_path: '\(Fixtures.path("hf/llama"))', dataset: {path: '\(rows)', eval_path: \(held)},
         output_dir: '\(scratch.path(name))', max_steps: 2, per_device_train_batch_size: 2, learning_rate: 1e-3,
         eval_steps: 2, save_steps: 0}
        """)
      let outcome = try Shell.prefer("train", file)
      try #require(outcome.code == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("held out"))
      let log = try OutputFile.read(scratch.path(name + "/trainer_log.jsonl")).split(separator: "\n")
      let found = try log.map { TraceTests.numbers(try JSONValue(json5: String($0))) }
        .first { $0["eval_loss"] != nil }
      return try #require(found).filter { !$0.key.contains("runtime") && !$0.key.contains("per_second") }
    }
    let one = try evaluation("one", "'\(both)'")
    #expect(try evaluation("two", "['\(first)', '\(second)']") == one)
    #expect(try evaluation("less", "['\(first)']")["eval_loss"] != one["eval_loss"])
  }

  @Test func `a list without files is refused`() throws {
    let file = try RunFile(text: "{model_name_or_path: 'm', dataset: {path: 'd', eval_path: []}}")
    #expect(file.read().problems == ["'dataset.eval_path' names no file"])
  }
}
