// JSON as rows are written in it, and where it is not.

import Testing

@testable import PreferenceData

@Suite struct JSONParserTests {
  @Test func `keeps numbers, booleans and the order of keys apart`() throws {
    let value = try JSONParser.parse(" {\"b\": true, \"a\": [1, 1.0, -2.5e3, null], \"c\": {}} ")
    #expect(
      value
        == .object([
          .init(key: "b", value: .boolean(true)),
          .init(key: "a", value: .list([.integer(1), .number(1), .number(-2500), .null])),
          .init(key: "c", value: .object([])),
        ]))
  }

  @Test(arguments: [
    (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{C}\n\r\tz"), (#""\u00e9\u4e2d""#, "é中"),
    (#""\ud83d\ude41 🙁""#, "🙁 🙁"), ("\"Île-de-Ré\"", "Île-de-Ré"), ("\"\"", ""),
  ])
  func `reads strings`(_ json: String, _ text: String) throws {
    #expect(try JSONParser.parse(json) == .string(text))
  }

  @Test func `reads what Python writes for numbers that are not finite`() throws {
    #expect(try JSONParser.parse("Infinity") == .number(.infinity))
    #expect(try JSONParser.parse("-Infinity") == .number(-.infinity))
    #expect(try JSONParser.parse("NaN").scalar?.isNaN == true)
  }

  @Test func `a whole number beyond 64 bits is a number`() throws {
    #expect(try JSONParser.parse("100000000000000000000") == .number(1e20))
  }

  @Test(arguments: [
    ("", "the value is missing", 0), ("{\"a\": 1", "the object has no end", 7),
    ("{\"a\": 1 \"b\"", "',' or '}' is missing", 8), ("{a: 1}", "a key in double quotes is missing", 1),
    ("{\"a\" 1}", "':' is missing after 'a'", 5), ("[1 2]", "',' or ']' is missing", 3),
    ("{\"a\": 1, \"a\": 2}", "'a' is there twice", 12), ("\"abc", "the string has no end", 4),
    ("\"a\tb\"", "a string holds a raw control character; write it as an escape", 2),
    ("\"\\x\"", "'\\x' is no escape", 3), ("\"\\ud83d\"", "half of a surrogate pair stands alone", 7),
    ("\"\\ud83d\\u0041\"", "half of a surrogate pair stands alone", 13),
    ("\"\\u12\"", "'\\u' wants four hexadecimal digits", 3), ("tru", "'true' is misspelt", 0),
    ("01", "a number begins with 0", 2), ("1.", "a digit is missing", 2), ("-", "a digit is missing", 1),
    ("1e", "a digit is missing", 2), ("'a'", "''' begins no JSON value", 0),
    ("1 2", "there is more after the value", 2),
  ])
  func `names the mistake and its place`(_ json: String, _ problem: String, _ offset: Int) {
    #expect(throws: (any Error).self) { try JSONParser.parse(json) }
    do throws(JSONSyntaxError) { _ = try JSONParser.parse(json) } catch {
      #expect(error.problem == problem)
      #expect(error.offset == offset)
    }
  }

  @Test func `deep nesting is refused before the stack ends`() {
    let json = String(repeating: "[", count: 100_000)
    do throws(JSONSyntaxError) { _ = try JSONParser.parse(json) } catch {
      #expect(error.problem == "values are nested more than 128 deep")
    }
  }
}
