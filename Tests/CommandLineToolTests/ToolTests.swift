// Command lines that are understood, and sentences for those that are not.

import CommandLineTool
import Testing

@Suite struct ToolTests {
  static let tool = Tool(
    "prefer", "Preference optimisation.",
    commands: [
      Command(
        "train", "Trains.", arguments: [Argument("RUN.json5", .required, "the run file")],
        options: [
          Option(flag: "resume", "Continues."), Option(flag: "dry-run", "Plans."),
          Option("plugin", "LIBRARY", isRepeatable: true, "Loads a library."),
        ], takesOverrides: true, discussion: "Keys: many."),
      Command(
        "score", "Scores.",
        options: [
          Option("model", "DIR", isRequired: true, "The checkpoint."), Option("seed", "N", "The seed."),
          Option("top-p", "P", "The nucleus."),
        ]),
      Command("verify", "Verifies.", arguments: [Argument("NAME", .repeated, "losses")]),
      Command("quickstart", "Starts.", arguments: [Argument("WHERE", .optional, "a folder")]),
    ])

  func invocation(_ line: String) throws -> Invocation {
    guard case .run(let invocation) = try Self.tool.parse(line.split(separator: " ").map(String.init)) else {
      throw UsageError("help")
    }
    return invocation
  }

  @Test func `words, overrides, flags and values go where they belong`() throws {
    let train = try invocation(
      "train run.json5 learning_rate=1e-6 --resume lora.r=8 --plugin a.so --plugin=b.so")
    #expect(train.word("RUN.json5") == "run.json5")
    #expect(train.overrides.map(\.key) == ["learning_rate", "lora.r"])
    #expect(train.overrides.map(\.value) == ["1e-6", "8"])
    #expect(train.has("resume") && !train.has("dry-run"))
    #expect(train.values("plugin") == ["a.so", "b.so"])
  }

  @Test func `an override may hold what looks like an expression`() throws {
    let train = try invocation("train r.json5 loss=0.7*dpo(beta=0.2)+0.3*ipo")
    #expect(train.overrides == [.init(key: "loss", value: "0.7*dpo(beta=0.2)+0.3*ipo")])
  }

  @Test func `repeated and optional arguments`() throws {
    #expect(try invocation("verify dpo ipo").words("NAME") == ["dpo", "ipo"])
    #expect(try invocation("verify").words("NAME") == [])
    #expect(try invocation("quickstart").word("WHERE") == nil)
    #expect(try invocation("quickstart here").word("WHERE") == "here")
  }

  @Test func `numbers are read, and refused by name`() throws {
    let score = try invocation("score --model m --seed -3 --top-p 0.9")
    #expect(try score.integer("seed") == -3)
    #expect(try score.number("top-p") == 0.9)
    let wrong = try invocation("score --model m --seed x --top-p nan")
    #expect(
      #expect(throws: UsageError.self) { try wrong.integer("seed") }?.description
        == "--seed takes a whole number, not 'x'")
    #expect(
      #expect(throws: UsageError.self) { try wrong.number("top-p") }?.description
        == "--top-p takes a number, not 'nan'")
  }

  @Test func `words behind two dashes are words`() throws {
    #expect(try invocation("verify -- --odd a=b").words("NAME") == ["--odd", "a=b"])
  }

  @Test(arguments: [
    ("trian run.json5", "unknown command 'trian'; did you mean 'train'?"),
    ("zzzzzzzzz", "unknown command 'zzzzzzzzz'; 'prefer --help' lists the commands"),
    ("--versoin", "unknown option '--versoin'; 'prefer --help' lists the commands"),
    ("train run.json5 --resum", "'train' has no option '--resum'; did you mean '--resume'?"),
    ("train run.json5 --zzzzzzzz", "'train' has no option '--zzzzzzzz'"),
    ("train run.json5 -r", "unknown option '-r'; options start with two dashes"),
    ("train run.json5 --resume --resume", "'--resume' is given twice"),
    ("train run.json5 --resume=yes", "'--resume' takes no value"),
    ("train run.json5 --plugin", "'--plugin' needs a value: --plugin LIBRARY"),
    ("train", "'train' needs RUN.json5: the run file"),
    ("train a b", "'train' does not know what to do with 'b'"),
    ("score", "'score' needs --model DIR"),
    ("score --model", "'--model' needs a value: --model DIR"),
    (
      "train a --resum b --dry-rum",
      "'train' has no option '--resum'; did you mean '--resume'?\n"
        + "'train' has no option '--dry-rum'; did you mean '--dry-run'?"
    ),
  ]) func `says what is wrong`(_ line: String, _ message: String) {
    let error = #expect(throws: UsageError.self) { try invocation(line) }
    #expect(error?.description == message)
  }

  @Test func `help comes from the declarations`() throws {
    for line in [[], ["--help"], ["-h"], ["help"]] {
      guard case .help(let text) = try Self.tool.parse(line) else { throw UsageError("no help") }
      #expect(text.contains("  train       Trains."))
    }
    for line in [["train", "--help"], ["help", "train"], ["train", "x", "-h"]] {
      guard case .help(let text) = try Self.tool.parse(line) else { throw UsageError("no help") }
      #expect(
        text.contains(
          "usage: prefer train RUN.json5 [key=value …] [--resume] [--dry-run] [--plugin LIBRARY] …"))
      #expect(text.contains("Keys: many."))
    }
  }
}
