// Components one by one, in a vocabulary of single characters; expectations come from the reference implementation.

import Testing

@testable import Tokenizers

@Suite struct ComponentTests {
  static let pieces = ["a", "b", "c", "A", "1", "2", ".", ",", " ", "▁", "é", "e", "\u{301}", "\\n", "-"]

  private func tokenizer(_ component: String) throws -> Tokenizer {
    let vocabulary = Self.pieces.enumerated().map { #""\#($1)":\#($0)"# }.joined(separator: ",")
    return try Tokenizer(
      tokenizerJSON: #"{\#(component), "model": {"type": "BPE", "vocab": {\#(vocabulary)}, "merges": []}}"#)
  }

  @Test(
    arguments: [
      (#"{"type":"NFC"}"#, "e\u{301}a", [10, 0]), (#"{"type":"NFD"}"#, "éa", [11, 12, 0]),
      (#"{"type":"Lowercase"}"#, "Aa", [0, 0]), (#"{"type":"Prepend","prepend":"▁"}"#, "ab", [9, 0, 1]),
      (#"{"type":"Prepend","prepend":"▁"}"#, "", []),
      (#"{"type":"Replace","pattern":{"String":" "},"content":"▁"}"#, "a  b", [0, 9, 9, 1]),
      (#"{"type":"Replace","pattern":{"Regex":"\\s+"},"content":"▁"}"#, "a \n b", [0, 9, 1]),
      (#"{"type":"Strip","strip_left":true,"strip_right":true}"#, " a b\n ", [0, 8, 1]),
      (#"{"type":"StripAccents"}"#, "e\u{301}a", [11, 0]),
      (#"{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"}]}"#, "é", [11]),
    ] as [(String, String, [Int32])]) func `normalizes`(_ component: String, _ text: String, _ ids: [Int32])
    throws
  {
    let tokenizer = try tokenizer(#""normalizer": "# + component)
    #expect(tokenizer.encode(text, addingSpecials: false) == ids)
  }

  /// Marks reorder behind a compatibility composition: U+01C5 ends in a caron, which goes behind the dot below.
  @Test func `compatibility forms keep marks in order`() {
    let text = Array("\u{1C5}\u{323}\u{307}".unicodeScalars)
    #expect(
      UnicodeNormalizer.compatibilityComposed.normalize(text) == ["D", "\u{1E93}", "\u{30C}", "\u{307}"])
  }

  private func pieces(_ component: String, _ text: String) throws -> [String] {
    var pieces = Pieces(Array(text.unicodeScalars))
    let value = try JSONValue(json: Array(component.utf8))
    try Components().preTokenizer(value, at: "pre_tokenizer").apply(to: &pieces)
    return pieces.ranges.map { String(String.UnicodeScalarView(pieces.scalars[$0])) }
  }

  @Test(arguments: [
    (#"{"type":"Digits","individual_digits":true}"#, ["a", "1", "2", " b"]),
    (#"{"type":"Digits","individual_digits":false}"#, ["a", "12", " b"]),
    (#"{"type":"WhitespaceSplit"}"#, ["a12", "b"]),
    (#"{"type":"CharDelimiterSplit","delimiter":"1"}"#, ["a", "2 b"]),
    (#"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}"#, ["▁a12", "▁b"]),
    (#"{"type":"Metaspace","replacement":"▁","prepend_scheme":"never","split":false}"#, ["a12▁b"]),
    (#"{"type":"ByteLevel","add_prefix_space":true}"#, ["Ġa", "12", "Ġb"]),
    (#"{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}"#, ["a12Ġb"]),
  ]) func `cuts "a12 b"`(_ component: String, _ expected: [String]) throws {
    #expect(try pieces(component, "a12 b") == expected)
  }

  @Test(arguments: [
    ("Removed", ["a", "b", "c"]), ("Isolated", ["a", "-", "b", "-", "-", "c"]),
    ("MergedWithPrevious", ["a-", "b-", "-", "c"]), ("MergedWithNext", ["a", "-b", "-", "-c"]),
    ("Contiguous", ["a", "-", "b", "--", "c"]),
  ]) func `splits "a-b--c"`(_ behavior: String, _ expected: [String]) throws {
    let component = #"{"type":"Split","pattern":{"String":"-"},"behavior":"\#(behavior)","invert":false}"#
    #expect(try pieces(component, "a-b--c") == expected)
    let punctuation = #"{"type":"Punctuation","behavior":"\#(behavior)"}"#
    #expect(try pieces(punctuation, "a-b--c") == expected)
  }

  private static let added =
    #""added_tokens": [{"id":15,"content":"ab","special":true},{"id":16,"content":"abc"},"#
    + #"{"id":17,"content":"11","single_word":true,"lstrip":true,"rstrip":true}]"#

  @Test(
    arguments: [
      ("abcab", [16, 15]), ("aab c", [0, 15, 8, 2]), ("a 11 b", [0, 17, 1]),
      ("a11 11b", [0, 4, 4, 8, 4, 4, 1]), (".11.", [6, 17, 6]), ("", []),
      ("\u{200D}11.", [4, 4, 6]),
    ] as [(String, [Int32])]) func `finds added tokens`(_ text: String, _ ids: [Int32]) throws
  {
    let tokenizer = try tokenizer(Self.added)
    #expect(tokenizer.encode(text, addingSpecials: false) == ids)
    #expect(tokenizer.specialIDs == [15])
    #expect(tokenizer.decode([15, 0, 16], skippingSpecials: true) == "a abc")
  }

  @Test func `normalized tokens are found behind the normalizer only`() throws {
    let tokens = #""added_tokens": [{"id":15,"content":"É","normalized":true},{"id":16,"content":"B"}]"#
    let tokenizer = try tokenizer(#""normalizer": {"type":"Lowercase"}, "# + tokens)
    #expect(tokenizer.encode("ÉéBb", addingSpecials: false) == [15, 15, 16, 1])
  }

  @Test(arguments: [
    (#"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"A","type_id":0}},{"Sequence":{"id":"A"}},"#
      + #"{"SpecialToken":{"id":"b","type_id":0}}],"special_tokens":{"A":{"ids":[3]},"b":{"ids":[1]}}}"#),
    #"{"type":"RobertaProcessing","cls":["A",3],"sep":["b",1]}"#,
    #"{"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"BertProcessing","cls":["A",3],"sep":["b",1]}]}"#,
  ]) func `special tokens stand around a text when asked for`(_ component: String) throws {
    let tokenizer = try tokenizer(#""post_processor": "# + component)
    #expect(tokenizer.encode("ac", addingSpecials: true) == [3, 0, 2, 1])
    #expect(tokenizer.encode("ac", addingSpecials: false) == [0, 2])
    #expect(tokenizer.encode("", addingSpecials: true) == [3, 1])
  }

  private func decode(_ component: String, _ pieces: [String]) throws -> [String] {
    let value = try JSONValue(json: Array(component.utf8))
    return try Components().decoder(value, at: "decoder").decode(pieces.map { Array($0.utf8) })
      .map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func `decodes`() throws {
    #expect(try decode(#"{"type":"ByteLevel"}"#, ["Ġa", "Ã", "©", "<é 1>"]) == [" aé<é 1>"])
    #expect(try decode(#"{"type":"ByteLevel"}"#, ["ð", "Ł", "x", "Ã"]) == ["\u{FFFD}x\u{FFFD}"])
    #expect(
      try decode(#"{"type":"ByteFallback"}"#, ["<0xC3>", "<0xA9>", "a", "<0xC3>"]) == ["é", "a", "\u{FFFD}"])
    #expect(try decode(#"{"type":"Fuse"}"#, ["a", "b"]) == ["ab"])
    #expect(try decode(#"{"type":"Strip","content":" ","start":1,"stop":1}"#, ["  a ", "b"]) == [" a", "b"])
    #expect(try decode(#"{"type":"Metaspace","replacement":"▁"}"#, ["▁a", "▁b▁"]) == ["a", " b "])
    let replace = #"{"type":"Replace","pattern":{"String":"▁"},"content":" "}"#
    #expect(
      try decode(#"{"type":"Sequence","decoders":[\#(replace),{"type":"Fuse"}]}"#, ["▁a", "▁"]) == [" a "])
  }

  @Test func `special tokens are read in every spelling`() throws {
    let json =
      #"{"bos_token": {"content": "a", "lstrip": false}, "eos_token": "b", "pad_token": null, "x": [1]}"#
    let settings = TokenizerSettings(values: try JSONValue(json: Array(json.utf8)))
    let vocabulary = #"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}"#
    let tokenizer = try Tokenizer(tokenizerJSON: vocabulary, settings: settings)
    #expect(tokenizer.bosToken == .init(text: "a", id: 0))
    #expect(tokenizer.eosToken == .init(text: "b", id: 1))
    #expect(tokenizer.padToken == nil)
    #expect(tokenizer.settings["x"]?.array == [.number(1)])
    #expect(tokenizer.vocabularyCount == 2)
  }

  @Test func `JSON keeps order, escapes and large numbers`() throws {
    let value = try JSONValue(
      json: Array(#"{"b": "\u00e9\ud83d\ude42\n", "a": [1e3, -2.5, 1000000000000000019884624838656]}"#.utf8))
    #expect(value["b"]?.string == "é🙂\n")
    #expect(value["a"]?.array == [.number(1000), .number(-2.5), .number(1e30)])
    #expect(
      throws: TokenizerError(field: "line 1, column 9", problem: "half of a surrogate pair stands alone")
    ) {
      try JSONValue(json: Array(#"["\ud83d"]"#.utf8))
    }
  }
}
