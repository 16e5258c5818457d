// The words of every refusal, with line and column.

import ChatTemplates
import Testing

@Suite struct TemplateErrorTests {
  private func problem(_ jinja: String, _ names: [String: TemplateValue] = [:]) -> String {
    do throws(TemplateError) {
      return "rendered: " + (try ChatTemplate(jinja: jinja).render(names))
    } catch { return error.description }
  }

  @Test(arguments: [
    ("a\n\n  {{ 'x' | fist }}", "line 3, column 12: unknown filter 'fist'; did you mean 'first'?"),
    ("{{ x is defind }}", "line 1, column 9: unknown test 'defind'; did you mean 'defined'?"),
    ("{% fro x in y %}", "line 1, column 4: unknown statement 'fro'; did you mean 'for'?"),
    ("{% if x %}\ntext", "line 1, column 4: the template ends without 'endif'"),
    ("{% for x in y %}{% endif %}", "line 1, column 20: unexpected 'endif', expected 'else' or 'endfor'"),
    ("{{ 'abc }}", "line 1, column 4: a string has no closing '"),
    ("{{ [1, 2 }}", "line 1, column 10: unexpected '}', expected ']'"),
    ("{{ a b }}", "line 1, column 6: expected '}}', found 'b'"),
    ("{{ a", "line 1, column 1: '{{' has no '}}'"),
    ("x {# y", "line 1, column 3: a comment '{#' has no '#}'"),
    ("{% set x = %}", "line 1, column 12: expected an expression, found '%}'"),
    ("{% set 1 = 2 %}", "line 1, column 8: expected a name, found a number"),
    ("{{ f(**x, **y) }}", "line 1, column 13: unexpected '**'"),
    ("{{ f(a=1, 2) }}", "line 1, column 11: a positional argument stands behind a named one"),
    ("{% if a if b %}{% endif %}", "line 1, column 9: expected '%}', found 'if'"),
    (
      "{{ x is string is defined }}",
      "line 1, column 16: a test follows a test; put the first into parentheses"
    ),
    ("{% call x %}{% endcall %}", "line 1, column 9: expected a call of a macro behind 'call'"),
    ("{% include 'x' %}", "line 1, column 4: unknown statement 'include'"),
    ("{% break %}", "line 1, column 4: 'break' stands outside a loop"),
    ("{{ 1 ! 2 }}", "line 1, column 6: unexpected character '!'"),
  ]) func `what cannot be read`(_ jinja: String, _ expected: String) {
    #expect(problem(jinja) == "chat template, " + expected)
  }

  @Test(arguments: [
    ("{{ mesages[0] }}", "line 1, column 11: 'mesages' is undefined; did you mean 'messages'?"),
    (
      "{{ messages[0].contnt.x }}",
      "line 1, column 22: 'dict' has no attribute 'contnt'; did you mean 'content'?"
    ),
    ("{{ 'a' + 1 }}", "line 1, column 8: '+' does not work on 'str' and 'int'"),
    ("{{ 1 // 0 }}", "line 1, column 6: division by zero"),
    ("{{ 9223372036854775807 + 1 }}", "line 1, column 24: a number is too large"),
    ("{% for x in 5 %}{% endfor %}", "line 1, column 13: 'int' object is not iterable"),
    ("{% for a, b in [[1]] %}{% endfor %}", "line 1, column 1: cannot unpack 1 values into 2 names"),
    (
      "{% set x = {} %}{% set x.a = 1 %}",
      "line 1, column 17: cannot set 'x.a': only attributes of a namespace() can be set"
    ),
    (
      "{{ messages.append(1) }}",
      "line 1, column 4: 'append' would change a 'list'; templates may not, but '+' makes a new list"
    ),
    (
      "{% macro m(a) %}{% endmacro %}{{ m(b=1) }}",
      "line 1, column 34: macro 'm' has no argument 'b'; did you mean 'a'?"
    ),
    (
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "line 1, column 19: macro 'm' calls itself too deeply"
    ),
    (
      "{{ 'a'|indent(widht=2) }}",
      "line 1, column 8: filter 'indent' has no argument 'widht'; did you mean 'width'?"
    ),
    ("{{ strftime_now('%d') }}", "line 1, column 4: 'strftime_now' is undefined"),
    ("{{ raise_exception() }}", "line 1, column 4: 'raise_exception' needs a message"),
    (
      "{{ (messages|map('upper'))|length }}",
      "line 1, column 28: a 'generator' has no length; put 'list' before 'length'"
    ),
    (
      "{{ messages|select|last }}",
      "line 1, column 20: filter 'last' needs a list, not a generator; put 'list' before it"
    ),
    ("{{ {[]: 1} }}", "line 1, column 4: a 'list' cannot be a key"),
    (
      "{{ [[1]]|unique|list }}",
      "line 1, column 17: filter 'unique' cannot tell apart values of the type 'list'"
    ),
    ("{{ [[2]]|dictsort }}", "line 1, column 10: filter 'dictsort' needs a dictionary, not 'list'"),
    ("{{ messages['a':] }}", "line 1, column 13: a slice needs whole numbers, not 'str'"),
    ("{{ 5[:2] }}", "line 1, column 5: a 'int' cannot be sliced"),
    (
      "{% for x in [1] %}{{ loop([2]) }}{% endfor %}",
      "line 1, column 22: the loop cannot be called; write 'recursive' behind it"
    ),
    (
      "{% set ns = namespace() %}{% set ns._x = 1 %}",
      "line 1, column 27: cannot set 'ns._x': the name begins with '_'"
    ),
    ("{{ '{} {}'.format(1) }}", "line 1, column 4: 'format' has no value for '{}'"),
    ("{{ '%d' % 'x' }}", "line 1, column 9: '%d' needs a number, not 'str'"),
    ("{{ '%s' % (1, 2) }}", "line 1, column 9: the format has fewer places than values"),
    ("{{ '%s %s' % 1 }}", "line 1, column 12: the format has more places than values"),
    ("{{ '%y' % 1 }}", "line 1, column 9: the format '%y' is not supported; '%s' and '%d' are"),
    ("{% macro m() %}{% endmacro %}{{ m(**{'a': 1}) }}", "line 1, column 33: macro 'm' has no argument 'a'"),
    ("{{ dict(*[[[1]]]) }}", "line 1, column 4: 'dict' needs a dictionary or pairs of a key and a value"),
    (
      "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
      "line 1, column 19: macro 'm' was not used in a 'call' block"
    ),
    ("{{ range(1000000) }}", "line 1, column 4: 'range' makes at most 100000 numbers"),
    ("{{ nothing|tojson }}", "line 1, column 12: tojson: 'nothing' is undefined"),
    ("{{ 'ab' * 10000000 }}", "line 1, column 9: '*' would make more than ten million elements"),
  ]) func `what has no value`(_ jinja: String, _ expected: String) {
    let messages: TemplateValue = [["role": "user", "content": "Hi"]]
    #expect(problem(jinja, ["messages": messages]) == "chat template, " + expected)
  }

  @Test(arguments: [
    ("(", ")"), ("[", "]"), ("{1: ", "}"), ("not ", ""), ("- ", ""), ("x|d(", ")"), ("x[", "]"), ("f(", ")"),
    ("1 if x else ", ""),
  ]) func `what is nested deeper than the stack is refused, not run into`(
    _ opening: String, _ closing: String
  ) {
    func nested(_ count: Int) -> String {
      "{{ " + String(repeating: opening, count: count) + "1" + String(repeating: closing, count: count)
        + " }}"
    }
    #expect(problem(nested(20_000)).hasSuffix("the template is nested too deeply"))
    #expect(!problem(nested(20)).hasSuffix("too deeply"))
  }

  @Test(arguments: [".a", "|d", "[0]", "()", " + 1", " * 1", " ** 1", " and 1", " or 1"])
  func `an endless chain is refused, not run into`(_ link: String) {
    #expect(
      problem("{{ x" + String(repeating: link, count: 20_000) + " }}").hasSuffix(
        "the expression is too long; use 'set' for its parts"))
    #expect(
      problem("{% for x in [1] %}{{ 1" + String(repeating: " + 1", count: 300) + " }}{% endfor %}")
        == "rendered: 301")
  }

  @Test func `blocks nested deeper than the stack are refused`() {
    let deep = String(repeating: "{% if true %}", count: 5000) + String(repeating: "{% endif %}", count: 5000)
    #expect(problem(deep).hasSuffix("the template is nested too deeply"))
  }

  @Test func `a template's own refusal keeps its words`() throws {
    let template = try ChatTemplate(
      jinja: "{% if messages|length > 1 %}\n{{ raise_exception('One at a time') }}{% endif %}")
    let messages = [ChatMessage(role: "user", content: "a"), ChatMessage(role: "user", content: "b")]
    #expect(throws: TemplateError(kind: .raised, line: 2, column: 4, problem: "One at a time")) {
      try template.render(messages: messages, addGenerationPrompt: false)
    }
  }

  @Test func `an unknown filter matters only where it is reached`() throws {
    #expect(problem("{% if false %}{{ x|nope }}{% endif %}ok") == "rendered: ok")
    #expect(problem("{{ 'ok' if true else x|nope }}") == "rendered: ok")
    #expect(
      problem("{% if true %}{{ x|nope }}{% endif %}")
        == "chat template, line 1, column 19: unknown filter 'nope'")
  }
}
