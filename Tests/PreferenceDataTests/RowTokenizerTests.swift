// Where prompts end, what ends completions, and what is told of odd rows.

import PreferenceCore
import Testing

@testable import PreferenceData

@Suite struct RowTokenizerTests {
  private func outcome(
    _ prompt: RowText, _ completions: [RowText], encoder: CharacterEncoder = CharacterEncoder(),
    window: TokenWindow = TokenWindow(maxLength: nil), allowsDoubleBOS: Bool = false
  ) throws -> RowTokenizer.Outcome {
    let row = PreferenceRow(
      place: RowPlace(row: 0, line: 1), prompt: prompt, completions: completions,
      feedback: completions.count == 1 ? .unpaired : .pairwise)
    return try RowTokenizer(encoder: encoder, window: window, allowsDoubleBOS: allowsDoubleBOS).tokenize(row)
  }

  private func kept(
    _ prompt: RowText, _ completions: [RowText], encoder: CharacterEncoder = CharacterEncoder(),
    window: TokenWindow = TokenWindow(maxLength: nil)
  ) throws -> (row: TokenizedRow, findings: RowTokenizer.Findings) {
    let outcome = try outcome(prompt, completions, encoder: encoder, window: window)
    guard case .kept(let row, let findings) = outcome else {
      Issue.record("\(outcome)")
      throw RowProblem("not kept")
    }
    return (row, findings)
  }

  private func chat(_ role: String, _ content: String) -> RowText {
    .chat([Turn(role: role, content: content)])
  }

  @Test func `plain text gets the tokenizer's beginning and one end`() throws {
    var encoder = CharacterEncoder()
    encoder.bosID = 0
    let (row, findings) = try kept(.plain("Q:"), [.plain(" yes"), .plain(" no</s>")], encoder: encoder)
    #expect(row.prompts.map(encoder.text(of:)) == ["<s>Q:"])
    #expect(row.completions.map(encoder.text(of:)) == [" yes</s>", " no</s>"])
    #expect(findings == .init())
  }

  @Test func `a model without an end-of-sequence token gets none, and a word about it`() throws {
    var encoder = CharacterEncoder()
    encoder.eosID = nil
    let (row, findings) = try kept(.plain("Q:"), [.plain(" yes"), .plain(" no")], encoder: encoder)
    #expect(row.completions.map(encoder.text(of:)) == [" yes", " no"])
    #expect(findings.lacksStop)
  }

  @Test func `conversations are what the template renders, the line break at the end included`() throws {
    let encoder = CharacterEncoder()
    let (row, findings) = try kept(chat("user", "Hi"), [chat("assistant", "Yes"), chat("assistant", "No")])
    #expect(row.prompts.map(encoder.text(of:)) == ["<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"])
    #expect(row.completions.map(encoder.text(of:)) == ["Yes<|im_end|>\n", "No<|im_end|>\n"])
    #expect(findings == .init())
  }

  /// The rule of the boundary: what only one side merges moves out of the prompt for both.
  @Test func `a token that merges across the boundary belongs to the completions`() throws {
    let encoder = CharacterEncoder()
    let (row, findings) = try kept(.plain("xa"), [.plain("b"), .plain("c")])
    #expect(row.prompts.map(encoder.text(of:)) == ["x"])
    #expect(row.completions == [[4, 1], [1097, 1099, 1]])
    #expect(findings.mergesAtBoundary)
  }

  @Test func `a completion cut at its end has no end-of-sequence token`() throws {
    let encoder = CharacterEncoder()
    let window = TokenWindow(maxLength: 6)
    let (row, findings) = try kept(.plain("Q:"), [.plain("abcdefgh"), .plain("xyz")], window: window)
    #expect(row.completions.map(encoder.text(of:)) == ["abcde", "xyz</s>"])
    #expect(row.isTruncated && !findings.lacksStop)
  }

  @Test func `keep_end gives each side what is left of its own prompt`() throws {
    let encoder = CharacterEncoder()
    let (row, _) = try kept(
      .plain("12345"), [.plain("xyz"), .plain("x")], window: TokenWindow(maxLength: 6, mode: .keepEnd))
    #expect(row.prompts.map(encoder.text(of:)) == ["45", "2345"])
    #expect(row.completions.map(encoder.text(of:)) == ["xyz</s>", "x</s>"])
    #expect(row.promptOfCompletion == [0, 1])
  }

  @Test func `counts conversations that end in no stop token, or in two`() throws {
    var encoder = CharacterEncoder()
    encoder.turnEnd = "\n"
    let answers = [chat("assistant", "Yes"), chat("assistant", "No")]
    #expect(try kept(chat("user", "Hi"), answers, encoder: encoder).findings.lacksStop)
    encoder.turnEnd = "<|im_end|></s>\n"
    let findings = try kept(chat("user", "Hi"), answers, encoder: encoder).findings
    #expect(findings.doublesStop && !findings.lacksStop)
  }

  @Test func `finds pieces of a template in plain text`() throws {
    let (_, findings) = try kept(.plain("<|im_start|>user\nHi<|im_end|>"), [.plain("a"), .plain("b")])
    #expect(findings.marker == "<|im_start|>")
  }

  @Test func `refuses two beginnings unless they are meant`() throws {
    var encoder = CharacterEncoder()
    encoder.bosID = 0
    let completions: [RowText] = [.plain("a"), .plain("b")]
    #expect(throws: RowProblem.self) { try outcome(.plain("<s>Q"), completions, encoder: encoder) }
    do { _ = try outcome(.plain("<s>Q"), completions, encoder: encoder) } catch let problem as RowProblem {
      #expect(
        problem.text == "the row begins with two '<s>' tokens; take the text's or the template's own out, "
          + "or set allow_double_bos")
    }
    guard case .kept = try outcome(.plain("<s>Q"), completions, encoder: encoder, allowsDoubleBOS: true)
    else {
      Issue.record("allowed, yet not kept")
      return
    }
  }

  @Test func `drops what has nothing to learn from`() throws {
    let tight = TokenWindow(maxLength: 4)
    let sides: [RowText] = [.plain("xxa"), .plain("xxb")]
    #expect(try outcome(.plain(""), sides) == .dropped(.emptyPrompt))
    #expect(try outcome(.plain("12345"), sides, window: tight) == .dropped(.promptTooLong))
    #expect(try outcome(.plain("1234"), sides, window: tight) == .dropped(.promptTooLong))
    #expect(try outcome(.plain("12"), sides, window: tight) == .dropped(.identicalWhenTruncated))
    #expect(try outcome(.plain("12"), [.plain("a"), .plain("a</s>")]) == .dropped(.identicalCompletions))
  }

  @Test func `an unpaired row keeps its label`() throws {
    #expect(try kept(.plain("Q"), [.plain("a")]).row.isDesirable == [true])
    #expect(try kept(.plain("Q"), [.plain("a"), .plain("b")]).row.isDesirable == [true, false])
  }
}
