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
      problem(#"{"model": {"type": "Whole"}}"#)
        == "model.type: model type 'Whole' is not supported; this version reads 'BPE', 'Unigram', 'WordLevel', "
        + "'WordPiece'")
    let normalizer = #"{"normalizer": {"type": "Sequence", "normalizers": [{"type": "Fold"}]}, "#
    #expect(
      problem(normalizer + model("{}").dropFirst())
        == "normalizer.normalizers[0].type: normalizer type 'Fold' is not supported; this version reads "
        + "'BertNormalizer', 'ByteLevel', 'Lowercase', 'NFC', 'NFD', 'NFKC', 'NFKD', 'Nmt', 'Precompiled', 'Prepend', "
        + "'Replace', 'Sequence', 'Strip', 'StripAccents'")
    #expect(
      problem(#"{"pre_tokenizer": {"type": "UnicodeScripts"}, "# + model("{}").dropFirst())
        == "pre_tokenizer.type: pre-tokenizer type 'UnicodeScripts' is not supported; this version reads "
        + "'BertPreTokenizer', 'ByteLevel', 'CharDelimiterSplit', 'Digits', 'FixedLength', 'Metaspace', "
        + "'Punctuation', 'Sequence', 'Split', 'Whitespace', 'WhitespaceSplit'")
    #expect(
      problem(#"{"decoder": {"type": "CTC"}, "# + model("{}").dropFirst())
        == "decoder.type: decoder type 'CTC' is not supported; this version reads 'BPEDecoder', 'ByteFallback', "
        + "'ByteLevel', 'Fuse', 'Metaspace', 'Replace', 'Sequence', 'Strip', 'WordPiece'")
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

  private func problem(settings: String) -> String {
    do throws(TokenizerError) {
      let settings = TokenizerSettings(values: try JSONValue(json: Array(settings.utf8)))
      _ = try Tokenizer(tokenizerJSON: model(#"{"a": 0}"#), settings: settings)
      return "no error"
    } catch { return error.description }
  }

  @Test func `settings of the wrong kind are refused with their place`() {
    #expect(
      problem(settings: #"{"pad_token": 3}"#)
        == "tokenizer_config.json, pad_token: expected a string, an object with 'content', or null; found a number"
    )
    #expect(
      problem(settings: #"{"additional_special_tokens": "<x>"}"#)
        == "tokenizer_config.json, additional_special_tokens: expected a list of tokens; found a string")
    #expect(
      problem(settings: #"{"extra_special_tokens": ["<x>", 1]}"#)
        == "tokenizer_config.json, extra_special_tokens[1]: expected a string or an object with 'content'; "
        + "found a number")
    #expect(
      problem(settings: #"{"extra_special_tokens": {"image_token": []}}"#)
        == "tokenizer_config.json, extra_special_tokens.image_token: expected a string or an object with 'content'; "
        + "found a list")
    #expect(
      problem(settings: #"{"added_tokens_decoder": {"3": "<x>"}}"#)
        == "tokenizer_config.json, added_tokens_decoder.3: expected an id and an object with 'content'; "
        + "found a string")
  }

  @Test func `components with broken fields are refused with their place`() {
    func component(_ text: String) -> String { problem("{" + text + ", " + model("{}").dropFirst()) }
    #expect(
      component(#""normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}"#)
        == "normalizer.precompiled_charsmap: expected SentencePiece's compiled map of characters in base64; "
        + "save the tokenizer again")
    #expect(
      component(#""pre_tokenizer": {"type": "FixedLength", "length": 0}"#)
        == "pre_tokenizer.length: expected a number of characters, at least 1")
    #expect(
      component(
        #""post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "a"}}], "#
          + #""special_tokens": {"a": {"ids": [0]}}}"#)
        == "post_processor.single: the text must come once, as 'A'")
  }

  @Test func `Unigram's fields are refused with their place`() {
    func unigram(_ fields: String) -> String { problem(#"{"model": {"type": "Unigram", \#(fields)}}"#) }
    #expect(
      unigram(#""vocab": [["a", -1.5], ["b"]]"#)
        == #"model.vocab[1]: expected a piece and its score, as ["a", -1.5]"#)
    #expect(
      unigram(#""vocab": [["a", -1.5]], "unk_id": 1"#)
        == "model.unk_id: expected null or the place of a piece in the vocabulary, which has 1")
    #expect(unigram(#""unk_id": 0"#) == "model: there is no 'vocab'")
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
