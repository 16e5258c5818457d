// `prefer-bench tokenizer`: how long a tokenizer takes to load, and how fast it encodes and decodes.

import CommandLineTool
import Foundation
import Safetensors
import Tokenizers
import VectorKernels

/// Times the tokenizer of a model directory on the texts of a file.
enum TokenizerCommand {
  static let command = Command(
    "tokenizer", "Times loading, encoding and decoding of a model's tokenizer.",
    arguments: [CommandLineTool.Argument("DIR", .required, "The directory with tokenizer.json.")],
    options: [
      Option("texts", "FILE", isRequired: true, "Texts to encode, one a line."),
      Option("seconds", "S", "How long each is repeated; 1 unless given."), Bench.json,
    ],
    discussion: """
      One thread encodes line by line. A time is the shortest of its measurement, so the pieces of the texts are known
      by then, as they are behind the first rows of a file; 'first' is the time of a tokenizer that knows none.
      """)

  static func run(_ call: Invocation) throws -> Report {
    let directory = call.word("DIR") ?? ""
    let seconds = try call.positive("seconds", default: 1)
    let texts = try lines(of: call.value("texts") ?? "")
    let bytes = texts.reduce(0) { $0 + $1.utf8.count }
    let tokenizer = try Tokenizer(directory: directory)
    let load = processorTime(seconds) {
      precondition((try? Tokenizer(directory: directory)) != nil, "'\(directory)' cannot be read any more")
    }
    let fresh = processorTime(seconds) {
      guard let tokenizer = try? Tokenizer(directory: directory) else { return }
      for text in texts { _ = tokenizer.encode(text, addingSpecials: false) }
    }
    let first = max(fresh - load, .leastNonzeroMagnitude)
    let ids = texts.map { tokenizer.encode($0, addingSpecials: false) }
    let encoding = processorTime(seconds) {
      for text in texts { _ = tokenizer.encode(text, addingSpecials: false) }
    }
    let decoding = processorTime(seconds) {
      for line in ids { _ = tokenizer.decode(line, skippingSpecials: false) }
    }
    let tokens = ids.reduce(0) { $0 + $1.count }
    func rate(_ time: Double) -> String { Figures.rate(Double(bytes) / time, "B") }
    return Report(
      text: """
        \(Machine.line)
        \(texts.count) texts, \(bytes) bytes, \(tokens) tokens; \(tokenizer.vocabularyCount) pieces

        \(Figures.table(
          ["", "ms", "rate"],
          [
            ["load", Figures.short(load * 1e3), ""], ["first", Figures.short(first * 1e3), rate(first)],
            ["encode", Figures.short(encoding * 1e3), rate(encoding)],
            ["decode", Figures.short(decoding * 1e3), rate(decoding)],
          ]))
        """,
      json: .members([
        "machine": Machine.json, "texts": .number(texts.count), "bytes": .number(bytes),
        "tokens": .number(tokens), "pieces": .number(tokenizer.vocabularyCount),
        "load_seconds": .number(load), "first_seconds": .number(first), "encode_seconds": .number(encoding),
        "decode_seconds": .number(decoding),
      ]))
  }

  private static func lines(of path: String) throws -> [String] {
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw UsageError("'\(path)' cannot be read; give a file of texts, one a line")
    }
    let lines = String(decoding: contents, as: UTF8.self).split(separator: "\n").map(String.init)
    if lines.isEmpty { throw UsageError("'\(path)' has no text; give a file of texts, one a line") }
    return lines
  }
}
