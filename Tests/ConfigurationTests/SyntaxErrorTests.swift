// Tests of what the parser says, word for word and with the caret in its place.

import Configuration
import Testing

@Suite struct SyntaxErrorTests {
  @Test(arguments: [
    ("0.7 dpo", "expected '*' after the weight 0.7", 4), ("2 dpo", "expected '*' after the weight 2", 2),
    ("dpo(beta=0.1", "this '(' is never closed", 3), ("dpo(", "this '(' is never closed", 3),
    ("(dpo + ipo", "this '(' is never closed", 0), ("dpo(a=[1, 2", "this '[' is never closed", 6),
    ("dpo(beta=0.1))", "there is no '(' for this ')'", 13), ("dpo ipo", "expected '+' or the end", 4),
    ("dpo - ipo", "a sum is written with '+'; a weight may be negative, as in '+ -1*name'", 4),
    ("dpo +", "expected a name", 5), ("+ dpo", "expected a name", 0), ("dpo(beta=)", "expected a value", 9),
    ("dpo(beta=0.1,)", "expected a value", 13), ("dpo(beta=0.1 gamma=2)", "expected ',' or ')'", 13),
    ("dpo(beta=[1 2])", "expected ',' or ']'", 12), ("dpo(beta=1.2.3)", "'1.2.3' is not a number", 9),
    ("dpo(beta=1_000)", "'1_000' is not a number", 9), ("dpo(beta=0.1x)", "'0.1x' is not a number", 9),
    ("dpo(beta=-)", "'-' is not a number", 9), ("dpo(beta=0x1F)", "'0x1F' is not a number", 9),
    ("dpo(beta=1e999)", "the number 1e999 is too large", 9),
    ("1e999*dpo", "the number 1e999 is too large", 0),
    ("dpo(beta=-1e999)", "the number -1e999 is too large", 9),
    ("dpo(a='open)", "the quoted text is never closed", 6),
    ("dpo(a='\\q')", "'\\q' is not an escape; there are \\' \\\" \\\\ \\n \\t \\r", 8),
    ("β(x=1)", "expected a name", 0), ("(dpo ipo)", "expected '+' or ')'", 5),
    ("dpo,ipo", "expected '+' or the end", 3),
  ])
  func `names the problem and points at it`(_ text: String, _ problem: String, _ offset: Int) {
    let caret = String(repeating: " ", count: offset) + "^"
    #expect(mistakes(text) == "\(problem)\n  \(text)\n  \(caret)")
  }

  @Test(arguments: ["", "  ", "\n"])
  func `says that there is nothing`(_ text: String) {
    #expect(mistakes(text) == "expected a name, but the text is empty")
  }

  @Test func `shows a text of several lines in one`() {
    #expect(mistakes("dpo(\n\tbeta=)") == "expected a value\n  dpo(  beta=)\n             ^")
  }

  @Test func `refuses nesting that nobody writes instead of running out of stack`() {
    let deep = String(repeating: "(", count: 50_000)
    #expect(mistakes(deep)?.hasPrefix("nested more than 100 deep") == true)
    let lists = "x(a=" + String(repeating: "[", count: 50_000)
    #expect(mistakes(lists)?.hasPrefix("nested more than 100 deep") == true)
  }

  @Test(arguments: [
    ("0.5", Literal.number(0.5)), ("cosine", .word("cosine")), ("[1, a]", .list([.number(1), .word("a")])),
    ("'x y'", .word("x y")),
  ])
  func `reads single values`(_ text: String, _ literal: Literal) throws {
    #expect(try Literal(parsing: text) == literal)
  }

  @Test func `says what is wrong with single values`() {
    #expect { try Literal(parsing: "1 2") } throws: { "\($0)" == "expected the end\n  1 2\n    ^" }
    #expect { try Literal(parsing: "") } throws: { "\($0)" == "expected a value, but the text is empty" }
  }
}
