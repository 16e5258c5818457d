// Losses written in a run file: they train a language model by name, exactly as their built-in twins do.

import BuiltinLosses
import Foundation
import PreferenceCore
import Testing

@testable import prefer

@Suite struct FormulaRunTests {
  /// Trains the fixture's model for a few steps and returns what was logged.
  private static func train(_ keys: String) throws -> (log: [[String: Double]], loss: String) {
    let scratch = try Scratch()
    _ = Fixtures.cache
    let file = try RunFile(
      text: """
        {model_name_or_path: '\(Fixtures.path("hf/llama"))', dataset: '\(Fixtures.path("traces/rows.jsonl"))',
         output_dir: '\(scratch.path("out"))', max_steps: 4, learning_rate: 1e-3, shuffle: false, save_steps: 0,
         logging_steps: 1, per_device_train_batch_size: 2, \(keys)}
        """)
    let run = try TrainingRun(try PreparedRun(try RunRequest(file, in: .builtin)), resumes: false)
    #expect(try run.carryOut(observers: []).code == .success)
    let lines = try OutputFile.read(scratch.path("out/trainer_log.jsonl")).split(separator: "\n")
    let log = try lines.map { TraceTests.numbers(try JSONValue(json5: String($0))) }
    let record = try JSONValue(json5: try OutputFile.read(scratch.path("out/run.json")))
    guard case .string(let loss)? = record["settings"]?["loss"] else { return (log, "") }
    return (log.filter { $0["grad_norm"] != nil }, loss)
  }

  @Test func `a formula with a name trains a language model as its twin does`() throws {
    let mine = try Self.train(
      """
      losses: {
        both: '0.9*mine + 0.1*sft',
        mine: "formula('-logsigmoid(beta * margin)', beta=0.1)",
      }, loss: 'both'
      """)
    let twin = try Self.train("loss: '0.9*dpo(beta=0.1) + 0.1*sft'")
    #expect(mine.log.count == 4 && twin.log.count == 4)
    for (mine, twin) in zip(mine.log, twin.log) {
      for name in ["loss", "grad_norm", "rewards/margins", "loss/sft"] {
        #expect(mine[name] == twin[name], "\(name)")
      }
      #expect(mine["loss/mine"] == twin["loss/dpo"] && mine["loss/mine"] != nil)
    }
    #expect((mine.log.last?["loss"] ?? 1) < (mine.log.first?["loss"] ?? 0))
    #expect(mine.loss == "0.9*formula('-logsigmoid(beta * margin)', as=mine, beta=0.1) + 0.1*sft")
  }

  @Test func `a file of losses is read by every command that names losses`() throws {
    let scratch = try Scratch()
    let path = try scratch.write(
      "losses.json5", "{mine: \"formula('softplus(-k * margin)', k=0.3)\", twice: '2*mine'}")
    let listing = try Shell.prefer("losses", "--losses", path)
    #expect(listing.code == 0 && listing.output.contains("\nmine ") && listing.output.contains("k=0.3"))
    let explained = try Shell.prefer("explain", "mine(k=0.2)", "--losses", path)
    #expect(explained.code == 0)
    #expect(explained.output.contains("formula     softplus(-k * margin)"))
    #expect(explained.output.contains("with these  softplus(-0.2 * margin)"))
    let verified = try Shell.prefer("verify", "twice", "mine", "--losses", path)
    #expect(verified.code == 0 && verified.output.contains("2 losses, 13 laws: all obeyed"))
    let request = try RunRequest(
      try RunFile(text: "{model_name_or_path: 'x', dataset: 'y', losses: '\(path)', loss: 'twice'}"),
      in: .builtin)
    #expect(request.objective.loss.requirements.references == 1...1)
  }

  @Test(arguments: [
    ("losses: {mine: 'dppo'}, loss: 'mine'", "'losses.mine': unknown loss 'dppo'; did you mean 'dpo'?"),
    ("losses: {a: 'b', b: 'a'}", "'losses.a': unknown loss 'b'; there are"),
    ("losses: {dpo: 'ipo'}", "'losses.dpo': 'dpo' is brought by 'dpo' and again by 'this run'"),
    ("losses: {mine: 3}", "'losses.mine': takes an expression, not '3'"),
    ("losses: 'nowhere.json5'", "nowhere.json5: there is no such file of losses"),
    ("loss: \"formula('chosne')\"", "'chosne' has no value; did you mean 'chosen'?"),
  ])
  func `wrong definitions are refused`(_ keys: String, _ sentence: String) throws {
    let file = try RunFile(text: "{model_name_or_path: 'x', dataset: 'y', \(keys)}")
    let error = #expect(throws: RunFileError.self) { try RunRequest(file, in: .builtin) }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
  }

  @Test func `a file of losses that cannot be read is told as what it is`() throws {
    let scratch = try Scratch()
    let (bytes, list) = (scratch.path("bytes.json5"), try scratch.write("list.json5", "['dpo']"))
    try Data([0x7B, 0xFF, 0x7D]).write(to: URL(filePath: bytes))
    for (path, problem) in [
      (scratch.path("nowhere"), "there is no such file of losses"),
      (scratch.path("."), "a file of losses is one JSON5 file, and this cannot be read as one"),
      (bytes, "not UTF-8 text"),
      (list, "a file of losses is one object {name: expression}, not a list"),
      (
        try scratch.write("half.json5", "{mine: "),
        "not JSON5: line 1, column 8: the text ends where a value should stand"
      ),
    ] {
      let outcome = try Shell.prefer("losses", "--losses", path)
      #expect(outcome.code == 2 && outcome.errors == "error: \(path): \(problem)\n", "\(outcome.errors)")
    }
  }
}
