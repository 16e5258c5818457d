// JSON5 in, JSON out, numbers to the last digit.

import Testing

@testable import prefer

@Suite struct JSONValueTests {
  @Test func `reads what people write in JSON5`() throws {
    let text = """
      // a run
      {
        model_name_or_path: 'm', learning_rate: 1e-6, /* plain */ "flag": true,
        dataset: {path: "rows.jsonl",}, list: [1, 2.5, null,],
      }
      """
    let tree = try JSONValue(json5: text)
    #expect(tree["learning_rate"] == 1e-6)
    #expect(tree["flag"] == true)
    #expect(tree["dataset"]?["path"] == "rows.jsonl")
    #expect(tree["list"] == [1, 2.5, .null])
  }

  @Test(arguments: [
    ("{a: 1", "line 1, column 1: the object has no end"),
    ("{a 1}", "line 1, column 4: ':' is missing behind 'a'"),
    ("", "line 1, column 1: the text ends where a value should stand"),
    ("{a: 1} b", "line 1, column 8: 'b' stands behind the end"),
    ("{a: 1, a: 2}", "line 1, column 8: 'a' is given twice"),
    ("{a: dpo}", "line 1, column 5: 'dpo' is no value; put text in quotation marks"),
    ("[1 2]", "line 1, column 4: ',' or ']' is missing"),
    ("{\n  a: 'x\n}", "line 2, column 6: the text has no end on its line"),
    ("/* a", "line 1, column 1: the comment has no end"),
    ("1e", "line 1, column 1: '1e' is no number"),
    ("'\\u12'", "line 1, column 2: the escape needs 4 hexadecimal digits"),
  ])
  func `refuses`(_ text: String, _ sentence: String) {
    let problem = #expect(throws: JSONProblem.self) { try JSONValue(json5: text) }
    #expect(problem?.description == sentence)
  }

  @Test(
    arguments: [
      ("+1.", 1), (".5e1", 5), ("0xFF", 255), ("-0x10", -16), ("1.e2", 100), ("-Infinity", -.infinity),
    ] as [(String, Double)])
  func `reads the numbers of JSON5`(_ text: String, _ number: Double) throws {
    #expect(try JSONValue(json5: text) == .number(number))
  }

  @Test func `reads the escapes of JSON5`() throws {
    #expect(try JSONValue(json5: #"'a\tb\x41\u00e9\ud83d\ude00\'"'"#) == .string("a\tbA\u{E9}\u{1F600}'\""))
  }

  @Test(arguments: [0.1, 1e-6, -348.7109375, 1 / 3.0, 6.02e23, 5e-324, 12, -0.0])
  func `a number reads back as itself`(_ number: Double) throws {
    let back = try JSONValue(json5: JSONValue.number(number).description)
    guard case .number(let value) = back else { throw JSONProblem("no number") }
    #expect(value.bitPattern == number.bitPattern)
  }

  @Test func `text is escaped`() {
    #expect(JSONValue.string("a\"b\\\n\u{1}é").description == #""a\"b\\\n\u0001é""#)
  }

  @Test func `objects keep their order`() {
    #expect(JSONValue.object([.init("b", 1), .init("a", [1, 2])]).description == #"{"b": 1, "a": [1, 2]}"#)
  }
}
