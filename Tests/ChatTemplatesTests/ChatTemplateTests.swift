// The interface: messages with fields, special tokens, extra variables and the date.

import ChatTemplates
import Testing

@Suite struct ChatTemplateTests {
  private let messages = [
    ChatMessage(role: "user", content: "Hi"),
    ChatMessage(role: "assistant", content: "", fields: ["tool_calls": [["name": "f"]]]),
  ]

  @Test func `messages, special tokens and extra variables are there by name`() throws {
    let template = try ChatTemplate(
      jinja:
        "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }}{{ m.tool_calls }};{% endfor %}{{ x }}"
        + "{{ '>' if add_generation_prompt }}{{ tools is none }}")
    let text = try template.render(
      messages: messages, addGenerationPrompt: true, specialTokens: ["bos_token": "<s>"], extra: ["x": 1.5])
    #expect(text == "<s>user:Hi;assistant:[{'name': 'f'}];1.5>True")
  }

  @Test func `fields may replace the content`() throws {
    let template = try ChatTemplate(jinja: "{{ messages[0].content[0].text }}")
    let message = ChatMessage(
      role: "user", content: "", fields: ["content": [["type": "text", "text": "part"]]])
    #expect(try template.render(messages: [message], addGenerationPrompt: false) == "part")
  }

  @Test func `a template without a date falls back to its own`() throws {
    let jinja = "{{ strftime_now('%-d %B %Y, %I:%M %p, %j') if strftime_now is defined else 'fixed' }}"
    #expect(try ChatTemplate(jinja: jinja).render([:]) == "fixed")
    let date = TemplateDate(year: 2024, month: 3, day: 5, hour: 0, minute: 7)
    #expect(try ChatTemplate(jinja: jinja, date: date).render([:]) == "5 March 2024, 12:07 AM, 065")
  }

  @Test func `a message without content has none, and one with an empty content has that`() throws {
    let template = try ChatTemplate(jinja: "{% for m in messages %}{{ 'content' in m }}{% endfor %}")
    let bare = ChatMessage(role: "assistant", content: nil, fields: ["tool_calls": []])
    #expect(
      try template.render(messages: [bare] + messages, addGenerationPrompt: false) == "FalseTrueTrue")
  }

  @Test(arguments: ["reasoning_content", "thinking", "reasoning"])
  func `reasoning is found whatever it is called`(_ name: String) throws {
    let template = try ChatTemplate(
      jinja: "{{ messages[0].reasoning_content }}|{{ messages[0].thinking }}|{{ messages[0]|list|join(',') }}"
    )
    let message = ChatMessage(role: "assistant", content: "2", fields: [name: "1+1"])
    let text = try template.render(messages: [message], addGenerationPrompt: false)
    #expect(text.hasPrefix("1+1|1+1|thinking,"))
  }

  @Test func `lines keep their ends where asked to`() throws {
    let jinja = "{{ s.splitlines() }}{{ s.splitlines(true) }}{{ s.splitlines(keepends=n > 1) }}"
    let text = try ChatTemplate(jinja: jinja).render(["s": "a\r\nb\n\rc", "n": 2])
    let kept = #"['a\r\n', 'b\n', '\r', 'c']"#
    #expect(text == "['a', 'b', '', 'c']" + kept + kept)
  }

  @Test func `rendering leaves nothing behind`() throws {
    let template = try ChatTemplate(
      jinja:
        "{% macro m() %}{{ ns.n }}{% endmacro %}{% set ns = namespace(n=messages|length) %}{{ m() }}{{ y }}{% set y = 1 %}"
    )
    for _ in 0..<3 { #expect(try template.render(messages: messages, addGenerationPrompt: false) == "2") }
  }

  @Test func `texts are equal by their scalars, not by their looks`() throws {
    let template = try ChatTemplate(
      jinja: "{{ a == b }}{{ a|length }}{{ b|length }}{{ {a: 1}[b] is defined }}")
    #expect(try template.render(["a": "é", "b": "e\u{301}"]) == "False12False")
  }

  @Test func `long conversations render in linear time`() throws {
    let template = try ChatTemplate(jinja: "{% for m in messages %}{{ m.role + m.content }}{% endfor %}")
    let long = (0..<2000).map { ChatMessage(role: "user", content: "message \($0)") }
    #expect(try template.render(messages: long, addGenerationPrompt: false).utf8.count > 20_000)
  }
}
