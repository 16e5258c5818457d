// Every way a tokenizer's files can be broken, and the exact words for it.

import Foundation
import Testing

@testable import Tokenizers

@Suite struct TokenizerErrorTests {
  private func problem(_ text: String) -> String {
    do throws(TokenizerError) {
      _ = try Tokenizer(tokenizerJSON: text)
      return "no error"
    } catch { return error.description }
  }

  private func model(_ vocabulary: String, merges: String = "[]", _ options: String = "") -> String {
    #"{"model": {"type": "BPE", "vocab": \#(vocabulary), "merges": \#(merges)\#(options)}}"#
  }

  @Test func `a missing file is named`() {
    #expect(throws: TokenizerError(file: "/nowhere/tokenizer.json", problem: "there is no such file")) {
      try Tokenizer(directory: "/nowhere")
    }
  }

  @Test func `what is not JSON is placed by line and column`() {
    #expect(problem("{\n  oops}") == "line 2, column 3: expected a string")
    #expect(problem(#"{"a": 1"#) == "line 1, column 8: expected ',' or '}'")
    #expect(problem(#"{"a": "\x"}"#) == #"line 1, column 10: '\x' is not an escape of JSON"#)
    #expect(problem("[]") == "line 1, column 1: expected an object")
    #expect(problem("{}") == "model: there is no model; this is not a tokenizer.json")
  }

  @Test func `unknown types are refused by name`() {
    #expect(
      problem(#"{"model": {"type": "Unigram", "vocab": []}}"#)
        == "model.type: model type 'Unigram' is not supported; this version reads 'BPE'")
    let normalizer = #"{"normalizer": {"type": "Sequence", "normalizers": [{"type": "Nmt"}]}, "#
    #expect(
      problem(normalizer + model("{}").dropFirst())
        == "normalizer.normalizers[0].type: normalizer type 'Nmt' is not supported; this version reads 'ByteLevel', "
        + "'Lowercase', 'NFC', 'NFD', 'NFKC', 'NFKD', 'Prepend', 'Replace', 'Sequence', 'Strip', 'StripAccents'"
    )
    #expect(
      problem(#"{"decoder": {"type": "CTC"}, "# + model("{}").dropFirst())
        == "decoder.type: decoder type 'CTC' is not supported; this version reads 'ByteFallback', 'ByteLevel', "
        + "'Fuse', 'Metaspace', 'Replace', 'Sequence', 'Strip'")
  }

  @Test func `broken vocabularies are refused`() {
    #expect(
      problem(model(#"{"a": 0, "b": 0}"#))
        == "model.vocab: pieces 'a' and 'b' share the id 0; ids must be unique")
    #expect(problem(model(#"{"a": 0, "a": 1}"#)) == "model.vocab: piece 'a' comes twice")
    #expect(problem(model(#"{"a": -1}"#)) == "model.vocab: piece 'a' has the id -1, which is out of range")
    #expect(problem(model(#"{"a": 1.5}"#)) == "line 1, column 42: expected a whole number")
  }

  @Test func `broken merges are refused with their place`() {
    #expect(
      problem(model(#"{"a": 0, "b": 1}"#, merges: #"["a b"]"#))
        == "model.merges[0]: piece 'ab' is not in the vocabulary")
    #expect(
      problem(model(#"{"a": 0, "aa": 1}"#, merges: #"[["a", "a"], ["a", "c"]]"#))
        == "model.merges[1]: piece 'c' is not in the vocabulary")
    #expect(
      problem(model(#"{"a": 0}"#, merges: #"["a"]"#))
        == #"model.merges[0]: expected two pieces, as "a b" or ["a", "b"]"#)
  }

  @Test func `options that change ids are refused rather than ignored`() {
    #expect(
      problem(model("{}", #", "dropout": 0.1"#))
        == "model.dropout: dropout makes tokens random and is not supported; set it to null")
    #expect(
      problem(model("{}", ###", "continuing_subword_prefix": "##""###))
        == #"model.continuing_subword_prefix: '##' is not supported; only null or "" is"#)
    #expect(problem(model("{}", #", "unk_token": "?""#)) == "model.unk_token: '?' is not in the vocabulary")
  }

  @Test func `added tokens must agree with the vocabulary`() {
    func added(_ tokens: String) -> String {
      problem(#"{"added_tokens": \#(tokens), "# + model(#"{"a": 0, "b": 1}"#).dropFirst())
    }
    #expect(
      added(#"[{"id": 1, "content": "x"}]"#) == "added_tokens[0]: tokens 'b' and 'x' share the id 1")
    #expect(
      added(#"[{"id": 7, "content": "a"}]"#)
        == "added_tokens[0]: token 'a' has the id 7 here and 0 in model.vocab")
    #expect(added(#"[{"id": 7}]"#) == "added_tokens[0]: expected an object with 'id' and 'content'")
  }

  @Test func `a special token that does not exist is refused`() {
    let settings = TokenizerSettings(
      values: .object([.init(key: "pad_token", value: .string("<pad>"))]))
    #expect(
      throws: TokenizerError(
        file: "tokenizer_config.json", field: "pad_token",
        problem: "'<pad>' is not a token of tokenizer.json; list it there under 'added_tokens' or set null")
    ) {
      try Tokenizer(tokenizerJSON: model(#"{"a": 0}"#), settings: settings)
    }
  }

  @Test(arguments: [
    (#"a*?"#, "a lazy repetition"), (#"(?<=a)b"#, "the group '(?<=…'"),
    (#"\p{Han}"#, #"the property '\p{Han}'"#),
    (#"[a&&b]"#, "the intersection '&&'"), (#"(a"#, "a '(' without ')'"), (#"a)"#, "an unmatched ')'"),
    (#"(a*)*"#, "a repetition of something that can be empty"), (#"\b"#, #"the escape '\b'"#),
  ]) func `patterns that cannot run are refused`(_ pattern: String, _ construct: String) {
    #expect(
      throws: TokenizerError(problem: "\(construct) is not supported in the split pattern '\(pattern)'")
    ) { try Pattern(pattern) }
  }
}
