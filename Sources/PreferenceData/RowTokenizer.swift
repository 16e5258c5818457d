// Rows to tokens: where the prompt ends, what ends a completion, and what looks wrong.

import PreferenceCore

/// What the row tokenizer needs of a tokenizer and a chat template.
protocol RowEncoder: Sendable {
  /// Whether conversations can be rendered.
  var hasTemplate: Bool { get }
  /// The token in front of every text, where the model has one.
  var bosID: Int32? { get }
  /// The token behind every plain-text completion, where the model has one.
  var eosID: Int32? { get }
  /// The tokens that end an answer.
  var stopIDs: Set<Int32> { get }
  /// Pieces of chat templates, which have no place in plain text.
  var markers: [String] { get }
  /// The tokens of `text`.
  func encode(_ text: String, addingSpecials: Bool) -> [Int32]
  /// The text of one token.
  func text(of id: Int32) -> String
  /// A conversation as the chat template writes it.
  func render(
    _ turns: [Turn], openingReply: Bool, tools: [JSONValue]?, arguments: [JSONMember]
  ) throws(RowProblem) -> String
}

/// Turns rows into tokens by TRL's rule.
///
/// The prompt is the longest common token prefix of the prompt by itself and of the prompt with each of
/// its completions; whatever follows is the completion. Plain text is joined and then tokenized, with the
/// tokenizer's own special tokens, and gets an end-of-sequence token; conversations are exactly what the
/// template renders.
struct RowTokenizer: Sendable {
  /// The tokenizer and template.
  let encoder: any RowEncoder
  /// What fits the model.
  let window: TokenWindow
  /// Whether two beginning-of-sequence tokens in a row are meant.
  let allowsDoubleBOS: Bool
  private let markers: TemplateMarkers

  /// A tokenizer of rows.
  init(encoder: any RowEncoder, window: TokenWindow, allowsDoubleBOS: Bool = false) {
    (self.encoder, self.window, self.allowsDoubleBOS) = (encoder, window, allowsDoubleBOS)
    markers = TemplateMarkers(encoder.markers)
  }

  /// What is worth telling of a row that is kept.
  struct Findings: Hashable {
    /// Whether the prompt's last token and the completion's first merge into another.
    var mergesAtBoundary = false
    /// Whether some completion that kept its end does not end with a stop token.
    var lacksStop = false
    /// Whether some completion ends with two stop tokens.
    var doublesStop = false
    /// A piece of a chat template within plain text.
    var marker: String?
  }

  /// What became of a row.
  enum Outcome: Hashable {
    case kept(TokenizedRow, Findings)
    case dropped(DropReason)
  }

  /// The tokens of `row`.
  ///
  /// - Throws: ``RowProblem`` where the template refuses it, or BOS stands at its beginning twice.
  func tokenize(_ row: PreferenceRow) throws(RowProblem) -> Outcome {
    let prompt = try tokens(of: row.prompt, openingReply: true, row)
    var joined: [[Int32]] = []
    for completion in row.completions { joined.append(try tokens(of: row.prompt, then: completion, row)) }
    if !allowsDoubleBOS, let bos = encoder.bosID, joined.contains(where: { $0.starts(with: [bos, bos]) }) {
      throw RowProblem(
        "the row begins with two '\(encoder.text(of: bos))' tokens; take the text's or the template's own out, "
          + "or set allow_double_bos")
    }
    let boundary = joined.reduce(prompt.count) { length, tokens in
      zip(prompt.prefix(length), tokens).prefix { $0 == $1 }.count
    }
    let whole = TokenizedRow.Whole(
      prompt: Array(prompt[..<boundary]), completions: joined.map { Array($0[boundary...]) })
    if boundary == 0 { return .dropped(.emptyPrompt) }
    if whole.completions.contains(where: \.isEmpty) { return .dropped(.emptyCompletion) }
    let desirable = row.completions.indices.map { row.feedback == .unpaired ? row.isDesirable : $0 == 0 }
    guard
      let tokenized = TokenizedRow(
        place: row.place, feedback: row.feedback, whole: whole, isDesirable: desirable,
        annotations: row.annotations, window: window)
    else { return .dropped(.promptTooLong) }
    if let reason = repeated(tokenized) { return .dropped(reason) }
    var findings = findings(in: tokenized)
    findings.mergesAtBoundary = boundary < prompt.count
    findings.marker = marker(in: row)
    return .kept(tokenized, findings)
  }
}

extension RowTokenizer {
  private func tokens(
    of text: RowText, openingReply: Bool, _ row: PreferenceRow
  ) throws(RowProblem) -> [Int32] {
    switch text {
    case .plain(let text):
      var ids = encoder.encode(text, addingSpecials: true)
      // A tokenizer that closes every text by itself does so behind the completion, not the prompt.
      if ids.last == encoder.eosID, let eos = encoder.eosID, !text.hasSuffix(encoder.text(of: eos)) {
        ids.removeLast()
      }
      return ids
    case .chat(let turns):
      let rendered = try encoder.render(
        turns, openingReply: openingReply, tools: row.tools, arguments: row.templateArguments)
      return encoder.encode(rendered, addingSpecials: false)
    }
  }

  private func tokens(
    of prompt: RowText, then completion: RowText, _ row: PreferenceRow
  ) throws(RowProblem) -> [Int32] {
    switch (prompt, completion) {
    case (.plain(let before), .plain(let after)):
      var ids = encoder.encode(before + after, addingSpecials: true)
      if let eos = encoder.eosID, ids.last != eos { ids.append(eos) }
      return ids
    case (.chat(let before), .chat(let after)):
      return try tokens(of: .chat(before + after), openingReply: false, row)
    default:
      throw RowProblem("the prompt and the completions are not both text or both messages")
    }
  }

  /// Whether two completions are the same, and since when.
  private func repeated(_ row: TokenizedRow) -> DropReason? {
    if Set(row.whole.completions).count < row.whole.completions.count { return .identicalCompletions }
    let kept = zip(row.promptOfCompletion, row.completions).map { [Int32($0)] + $1 }
    return Set(kept).count < kept.count ? .identicalWhenTruncated : nil
  }

  private func findings(in row: TokenizedRow) -> Findings {
    var findings = Findings()
    for (whole, kept) in zip(row.whole.completions, row.completions) where kept.last == whole.last {
      // Templates put a line break behind the token that ends a turn.
      let trailing = whole.reversed().prefix { id in
        !encoder.stopIDs.contains(id) && encoder.text(of: id).allSatisfy(\.isWhitespace)
      }.count
      let said = whole.dropLast(trailing)
      let stops = said.suffix(2).map(encoder.stopIDs.contains)
      if stops.last != true { findings.lacksStop = true }
      if stops == [true, true] { findings.doublesStop = true }
    }
    return findings
  }

  private func marker(in row: PreferenceRow) -> String? {
    for text in [row.prompt] + row.completions {
      guard case .plain(let text) = text else { continue }
      if let marker = markers.first(in: text) { return marker }
    }
    return nil
  }
}
