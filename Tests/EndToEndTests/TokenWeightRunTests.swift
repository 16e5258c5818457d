// Wrappers that weigh tokens train a language model through a run file, and a run can be taken up again.

import BuiltinLosses
import Foundation
import PreferenceCore
import Testing

@testable import prefer

@Suite struct TokenWeightRunTests {
  /// A run of `steps` steps over the fixtures' rows, from the beginning or from the last checkpoint.
  private func train(
    _ loss: String, steps: Int, in folder: String, resuming: Bool = false
  ) throws -> [[String: Double]] {
    let keys = [
      JSONMember("model_name_or_path", .string(Fixtures.path("hf/llama"))),
      JSONMember("dataset", .string(Fixtures.path("traces/rows.jsonl"))),
      JSONMember("loss", .string(loss)), JSONMember("max_steps", .number(Double(steps))),
      JSONMember("per_device_train_batch_size", 4), JSONMember("learning_rate", 0.001),
      JSONMember("lr_scheduler_type", "constant"), JSONMember("logging_steps", 1),
      JSONMember("save_steps", 2),
      JSONMember("seed", 5), JSONMember("max_length", 96), JSONMember("output_dir", .string(folder)),
    ]
    _ = Fixtures.cache
    let request = try RunRequest(try RunFile(text: JSONValue.object(keys).description), in: .builtin)
    let run = try TrainingRun(try PreparedRun(request), resumes: resuming)
    #expect(try run.carryOut(observers: []).code == .success)
    let lines = try OutputFile.read(folder + "/trainer_log.jsonl").split(separator: "\n")
    return try lines.map { TraceTests.numbers(try JSONValue(json5: String($0))) }.filter { $0["loss"] != nil }
  }

  @Test(arguments: ["bmc(dpo(beta=0.5))", "sampo(dpo(beta=0.5))", "temporal(dpo(beta=0.5), gamma=0.95)"])
  func `moves rewards towards the chosen side`(_ loss: String) throws {
    let scratch = try Scratch()
    let log = try train(loss, steps: 6, in: scratch.path("run"))
    #expect(log.count == 6)
    // The policy starts as its own reference, where every weight leaves log 2.
    #expect(abs((log[0]["loss"] ?? 0) - 0.6931471805599453) < 1e-9)
    #expect((log[5]["loss"] ?? 1) < 0.68 && (log[5]["rewards/margins"] ?? 0) > 0)
  }

  @Test(arguments: ["sampo(dpo)", "beta-dpo(alpha=2)"])
  func `a run taken up again is the run that was not stopped`(_ loss: String) throws {
    let scratch = try Scratch()
    let folder = scratch.path("run")
    let through = try train(loss, steps: 4, in: folder)
    // As if the machine had gone down after the second step's checkpoint.
    try FileManager.default.removeItem(atPath: folder + "/checkpoint-4")
    let parts = try train(loss, steps: 4, in: folder, resuming: true)
    #expect(through.count == 4 && parts.count == 4)
    for name in ["loss", "grad_norm", "rewards/margins"] {
      #expect(through.last?[name] != nil && through.last?[name] == parts.last?[name], "\(name)")
    }
  }
}
