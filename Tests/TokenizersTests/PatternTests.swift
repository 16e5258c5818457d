// The split patterns of published tokenizers, cut by hand.

import Testing

@testable import Tokenizers

@Suite struct PatternTests {
  private func matches(_ pattern: String, _ text: String) throws -> [String] {
    let scalars = Array(text.unicodeScalars)
    var found: [String] = []
    try Pattern(pattern).forEachMatch(in: scalars, scalars.indices) { range in
      found.append(String(String.UnicodeScalarView(scalars[range])))
    }
    return found
  }

  static let llama3 =
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"#
    + #"\s+(?!\S)|\s+"#

  @Test(arguments: [
    ("I'm  here", ["I", "'m", " ", " here"]), ("a\n\n b", ["a", "\n\n", " b"]),
    ("1234567", ["123", "456", "7"]), ("don'T", ["don", "'T"]), ("it'ſ", ["it", "'ſ"]),
    ("x = 3.5;\n", ["x", " =", " ", "3", ".", "5", ";\n"]), ("  \n  x", ["  \n", " ", " x"]),
    ("٣٤٥٦", ["٣٤٥", "٦"]), ("end   ", ["end", "   "]), ("\u{3000}あ", ["\u{3000}あ"]),
  ]) func `Llama 3 cuts`(_ text: String, _ pieces: [String]) throws {
    #expect(try matches(Self.llama3, text) == pieces)
  }

  @Test(arguments: [
    ("I'm  here", ["I", "'m", " ", " here"]), ("don'T", ["don", "'", "T"]), ("1234 5", ["1234", " 5"]),
    ("a\n\n b", ["a", "\n\n", " b"]), ("hi...there", ["hi", "...", "there"]),
  ]) func `GPT-2 cuts`(_ text: String, _ pieces: [String]) throws {
    #expect(try matches(ByteLevelPreTokenizer.pattern, text) == pieces)
  }

  @Test func `the first alternative that lets the rest match wins`() throws {
    #expect(try matches("(?:a|ab)c", "abcac") == ["abc", "ac"])
    #expect(try matches("a|ab", "ab") == ["a"])
    #expect(try matches("(?:ab)*a", "abababa") == ["abababa"])
    #expect(try matches("(?:ab){2,3}", "abababab") == ["ababab"])
  }

  @Test func `a possessive repetition gives nothing back`() throws {
    #expect(try matches("a++a", "aaaa") == [])
    #expect(try matches("a+a", "aaaa") == ["aaaa"])
    #expect(try matches("[^x]?+b", "b") == [])
  }

  @Test func `lookaheads and ends consume nothing`() throws {
    #expect(try matches(#"\d{1,3}(?=(?:\d{3})*$)"#, "1234567") == ["1", "234", "567"])
    #expect(try matches(#"a(?!b)"#, "abac") == ["a"])
    #expect(try matches(#"\s+$"#, "a \nb ") == [" ", " "])
    #expect(try matches(#"^a"#, "a\naa") == ["a", "a"])
    #expect(try matches(#"a\z"#, "a\na") == ["a"])
  }

  @Test func `classes nest, negate and range`() throws {
    #expect(try matches(#"[^(\s|[.,])]+"#, "ab c.d") == ["ab", "c", "d"])
    #expect(try matches(#"[a-c\-é]+"#, "ab-éd") == ["ab-é"])
    #expect(try matches(#"[\p{Lu}\p{M}]+"#, "AB\u{301}c") == ["AB\u{301}"])
    #expect(try matches(#"\P{L}+"#, "a12b") == ["12"])
    #expect(try matches(#"[]a]+"#, "]a") == ["]a"])
  }

  /// U+323B0 and U+1FAC8 came with Unicode 17, U+11BC0 and U+2EBF0 before.
  @Test func `scalars newer than the reference implementation have no category`() throws {
    #expect(try matches(#"[\p{L}\p{S}]"#, "\u{323B0}\u{1FAC8}") == [])
    #expect(try matches(#"\p{L}"#, "\u{11BC0}\u{2EBF0}").count == 2)
  }

  @Test func `long runs take linear time`() throws {
    let spaces = String(repeating: " ", count: 20_000)
    #expect(try matches(Self.llama3, spaces + "x").count == 2)
  }
}
