// What formulas refuse, word for word.

import BuiltinLosses
import PreferenceCore
import Testing

@Suite struct FormulaMistakeTests {
  static let mistakes: [(formula: String, problem: String, column: Int)] = [
    ("-logsigmoid(chosne - rejected)", "'chosne' has no value; did you mean 'chosen'?", 13),
    ("beta * margin", "'beta' has no value; give it one, as in beta=0.1", 1),
    ("logsigmod(margin)", "unknown function 'logsigmod'; did you mean 'logsigmoid'?", 1),
    ("pow(margin, 2)", "unknown function 'pow'; a power is written x^2", 1),
    ("-(margin", "this '(' is never closed", 2),
    ("exp(margin", "this '(' is never closed", 4),
    ("margin)", "there is no '(' for this ')'", 7),
    ("margin margin", "expected an operator or the end", 8),
    ("2margin", "'2margin' is not a number; a product is written with '*'", 1),
    ("1.2.3 * margin", "'1.2.3' is not a number; a product is written with '*'", 1),
    ("margin +", "the formula ends where a value should stand", 9),
    ("margin + * 2", "expected a value, not '*'", 10),
    ("β * margin", "'β' cannot stand in a formula; spell it 'beta'", 1),
    ("margin & 1", "'&' cannot stand in a formula", 8),
    ("exp(margin, 2)", "'exp' takes 1 argument, not 2", 1),
    ("clamp(margin, 0)", "'clamp' takes 3 arguments, not 2", 1),
    ("exp * margin", "'exp' is a function; its arguments stand in parentheses", 1),
    ("margin = 2", "'=' gives a name to a part in front; a comparison is written '=='", 8),
    ("z = 2 margin", "expected ';' after the definition of 'z'", 7),
    ("margin; 2", "a ';' stands behind a definition, as in z = beta * margin;", 7),
    ("1 < margin < 2", "comparisons do not chain; join two with 'and'", 12),
    ("margin.reward", "columns belong to chosen, rejected, completion or baseline, as in chosen.reward", 7),
    ("chosen['reward", "the quoted text is never closed", 8),
    ("1 + 2", "the formula is the same for every batch; name what it depends on, such as margin", 1),
    ("baseline", "mismatched completions enter through their mean(…)", 1),
    (
      "completion_ratio - baseline_ratio",
      "there are not as many mismatched completions as others; take the mean of one side first", 18
    ),
    (
      "margin + completion",
      "'completion' and 'pair' do not mix: a formula speaks of pairs or of single completions", 10
    ),
    (
      "chosen_references",
      "the formula is a list with a number for each reference; draw it together with logsumexp, average, "
        + "min, max or sum", 1
    ),
    (
      "sum(margin)",
      "'sum' of one argument wants a list, such as chosen_references; over the batch there is mean(…)", 1
    ),
    ("mean(2) + margin", "there is nothing to take a mean of: one number is its own", 1),
  ]

  @Test(arguments: mistakes)
  func `says what is wrong and where`(_ formula: String, _ problem: String, _ column: Int) throws {
    let quoted = formula.replacing("'", with: "\\'")
    let error = #expect(throws: ConfigurationError.self) {
      try LossRegistry.builtin.resolve("formula('\(quoted)')")
    }
    let caret = String(repeating: " ", count: column - 1) + "^"
    #expect(
      error?.description == "'formula': 'text' at column \(column): \(problem)\n  \(formula)\n  \(caret)")
  }

  @Test func `a formula of several lines shows the line`() throws {
    let text = "formula('z = k * margin;  # scaled\\n  -logsigmoid(z) + lenght', k=1)"
    let error = #expect(throws: ConfigurationError.self) { try LossRegistry.builtin.resolve(text) }
    #expect(
      error?.description
        == "'formula': 'text' at line 2, column 20: 'lenght' has no value; give it one, as in lenght=0.1\n"
        + "    -logsigmoid(z) + lenght\n                     ^")
  }

  @Test(arguments: [
    ("formula('')", "'formula': 'text' is empty"),
    (
      "formula('beta * margin', betta=1)",
      "'formula': 'betta' is not in the formula; did you mean 'beta'?"
    ),
    ("formula('margin', k=1)", "'formula': 'k' is not in the formula"),
    (
      "formula('k * margin', k=much)",
      "'formula': 'k' takes a number, or a list with one for each reference, not 'much'"
    ),
    (
      "formula('margin', as='My loss')",
      "'formula': 'as' takes a name of lower-case letters, digits and hyphens, not ''My loss''"
    ),
    (
      "formula('sum(a * chosen_references) + sum(b)', a=[1, 2], b=[1, 2, 3])",
      "'formula': 'text' has lists of 2 and 3 numbers; make them alike"
    ),
    ("formula('k * margin', k=1, k=2)", "'formula' is given 'k' twice"),
  ])
  func `refuses hyperparameters that make no sense`(_ text: String, _ message: String) {
    let error = #expect(throws: ConfigurationError.self) { try LossRegistry.builtin.resolve(text) }
    #expect(error?.description == message)
  }
}
