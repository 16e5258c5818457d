// Rows token by token: colours on a terminal, bars elsewhere.

import PreferenceData
import Tokenizers

/// Draws tokenized rows.
struct TokenPicture {
  private let tokenizer: ModelTokenizer

  /// - Parameter tokenizer: whose tokens the rows are made of.
  init(_ tokenizer: ModelTokenizer) { self.tokenizer = tokenizer }

  /// The prompt and each completion of a row.
  func lines(of row: TokenizedRow) -> [String] {
    var lines = [Style.bold("\(row.place)") + (row.isTruncated ? ", truncated" : "")]
    for (index, prompt) in row.prompts.enumerated() {
      let name = row.prompts.count == 1 ? "prompt" : "prompt \(index + 1)"
      let cut = row.promptOfCompletion.firstIndex(of: index).map { row.sequence($0).cutBefore } ?? []
      lines.append("  \(name) (\(prompt.count)): " + cutOff(cut) + drawn(prompt, [.dim, .blue]))
    }
    for (index, completion) in row.completions.enumerated() {
      let isGood = row.isDesirable[index]
      let name =
        row.completions.count == 1 ? (isGood ? "desirable" : "undesirable") : isGood ? "chosen" : "rejected"
      lines.append(
        "  \(name) (\(completion.count)): " + drawn(completion, isGood ? [.green, .cyan] : [.red, .magenta])
          + cutOff(row.sequence(index).cutBehind))
    }
    return lines
  }

  /// Tokens that truncation took, struck through between braces; the first of them where there are many.
  private func cutOff(_ ids: [Int32]) -> String {
    guard !ids.isEmpty else { return "" }
    let shown = 24
    let more = ids.count > shown ? " … \(ids.count - shown) more" : ""
    return "{cut \(ids.count): " + drawn(Array(ids.prefix(shown)), [.struck]) + more + "}"
  }

  /// Tokens in turns of two colours, special ones in yellow; between bars where there are no colours.
  private func drawn(_ ids: [Int32], _ styles: [Style]) -> String {
    let words = tokenizer.tokenizer
    let parts = ids.enumerated().map { place, id -> String in
      let text = words.decode([id], skippingSpecials: false).replacing("\n", with: "⏎").replacing(
        "\t", with: "⇥")
      return (words.specialIDs.contains(id) ? Style.yellow : styles[place % styles.count])(text)
    }
    return parts.joined(separator: Console.usesColour ? "" : "|")
  }
}
