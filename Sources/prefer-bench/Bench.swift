// The program: its commands, and the one way from an error to a sentence and an exit code.

import CommandLineTool
import Foundation
import Safetensors
import VectorKernels

/// `prefer-bench`, from arguments to an exit code.
enum Bench {
  /// Every command with what it does; what it returns is printed.
  private static let commands: [(command: Command, run: @Sendable (Invocation) throws -> Report)] = [
    (KernelCommand.command, KernelCommand.run), (LossCommand.command, LossCommand.run),
    (StepCommand.command, StepCommand.run), (ScalingCommand.command, ScalingCommand.run),
    (TokenizerCommand.command, TokenizerCommand.run),
  ]

  /// What the command line may say.
  static var tool: Tool {
    Tool(
      "prefer-bench", "Measures kernels, losses and training steps against what this processor can do.",
      commands: commands.map(\.command))
  }

  /// Runs one command line: 0 for success, 1 for a failure, 2 for a command line that was not understood.
  static func run(_ arguments: [String]) -> Int32 {
    do {
      switch try tool.parse(arguments) {
      case .help(let page):
        print(page, terminator: "")
      case .run(let call):
        if let problem = InstructionSet.problem { note("warning: \(problem)") }
        guard let chosen = commands.first(where: { $0.command.name == call.command.name }) else {
          preconditionFailure("Bench: '\(call.command.name)' is declared but does nothing")
        }
        let report = try chosen.run(call)
        print(call.has("json") ? report.json.description : report.text)
      }
      return 0
    } catch let error as UsageError {
      note("error: \(error)")
      return 2
    } catch {
      note("error: \(error)")
      return 1
    }
  }

  /// Writes a line about the run itself.
  static func note(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
  }

  /// The option that every command takes.
  static let json = Option(flag: "json", "Prints the same figures as one JSON object.")
  /// How many threads to use.
  static let threads = Option("threads", "N", "Threads that compute; all cores unless given.")
}

/// What a command found out, for people and for programs.
struct Report {
  let text: String
  let json: JSONValue
}

extension Invocation {
  /// The value of an option as a whole number of at least `least`, or `fallback`.
  func count(_ name: String, default fallback: Int, atLeast least: Int = 1) throws(UsageError) -> Int {
    guard let number = try integer(name) else { return fallback }
    if number < least { throw UsageError("--\(name) must be at least \(least), not \(number)") }
    return number
  }

  /// The value of an option as a positive number, or `fallback`.
  func positive(_ name: String, default fallback: Double) throws(UsageError) -> Double {
    guard let number = try number(name) else { return fallback }
    if number <= 0 { throw UsageError("--\(name) must be positive, not \(number)") }
    return number
  }

  /// The value of an option that must be one of some words, or `fallback`.
  func word(_ name: String, of words: [String], default fallback: String) throws(UsageError) -> String {
    guard let word = value(name) else { return fallback }
    if !words.contains(word) {
      throw UsageError("--\(name) takes \(words.joined(separator: ", ")), not '\(word)'")
    }
    return word
  }

  /// Sets the pool's threads from `--threads`, and says how many there are.
  func configureThreads() throws(UsageError) -> Int {
    let threads = try count("threads", default: KernelPool.shared.threads)
    KernelPool.configure(threads: threads)
    return threads
  }
}
