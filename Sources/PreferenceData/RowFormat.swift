// The formats that rows come in: their names, their columns, and how a file's format is recognised.

import PreferenceCore

/// A way to write preferences in columns.
public enum RowFormat: String, Sendable, Hashable, Codable, CaseIterable {
  /// `prompt`, `chosen`, `rejected`: strings, or lists of messages.
  case paired
  /// `chosen`, `rejected`: whole conversations as messages; the prompt is their common beginning.
  case implicit
  /// `chosen`, `rejected`: whole conversations as text, `\n\nHuman: …\n\nAssistant: …`.
  case hhRLHF = "hh-rlhf"
  /// `prompt`, `completion`, `label`.
  case unpaired
  /// `prompt`, `completion`: demonstrations, without a judgement.
  case demonstrations = "prompt-completion"
  /// `prompt`, `completions`, best first.
  case ranked
  /// `instruction`, `input`, and `chosen`, `rejected` or `output`, as LLaMA-Factory writes them.
  case alpaca
  /// `conversations`, and `chosen`, `rejected`, as LLaMA-Factory writes them.
  case shareGPT = "sharegpt"

  /// The format called `name` in a run file; `_` may stand for `-`.
  ///
  /// - Throws: ``DataError`` naming `file`, with the formats there are.
  public init(named name: String, for file: String) throws(DataError) {
    let spelling = String(name.lowercased().map { $0 == "_" ? "-" : $0 })
    if let format = RowFormat(rawValue: spelling) {
      self = format
    } else {
      let names = Self.allCases.map(\.rawValue)
      let guess = nearest(to: name, in: names).map { "did you mean '\($0)'? " } ?? ""
      throw DataError(file, "there is no format '\(name)'; \(guess)choose one of \(quoted(names))")
    }
  }

  /// The columns without which a row is not of this format.
  var required: [String] {
    switch self {
    case .paired: ["prompt", "chosen", "rejected"]
    case .implicit, .hhRLHF: ["chosen", "rejected"]
    case .unpaired: ["prompt", "completion", "label"]
    case .demonstrations: ["prompt", "completion"]
    case .ranked: ["prompt", "completions"]
    case .alpaca: ["instruction"]
    case .shareGPT: ["conversations"]
    }
  }

  /// The columns this format reads; others are annotations or left alone.
  var known: Set<String> {
    let common: Set<String> = ["tools", "chat_template_kwargs", "images"]
    return common.union(required).union(optional)
  }

  private var optional: Set<String> {
    switch self {
    case .alpaca: ["input", "output", "system", "history", "chosen", "rejected", "kto_tag"]
    case .shareGPT: ["system", "chosen", "rejected", "kto_tag"]
    default: []
    }
  }

  /// The format that the columns of `row` and their types suggest; nil where none does.
  init?(recognising row: StoredRow) {
    let names = Set(row.names)
    let isPair = names.isSuperset(of: ["chosen", "rejected"])
    if names.contains("conversations") {
      self = .shareGPT
    } else if names.contains("instruction") {
      self = .alpaca
    } else if isPair && names.contains("prompt") {
      self = .paired
    } else if isPair {
      self = row["chosen"]?.text != nil ? .hhRLHF : .implicit
    } else if names.isSuperset(of: ["prompt", "completions"]) {
      self = .ranked
    } else if names.isSuperset(of: ["prompt", "completion"]) {
      self = names.contains("label") ? .unpaired : .demonstrations
    } else {
      return nil
    }
  }

  /// Makes a row of its columns.
  ///
  /// - Throws: ``RowProblem`` where a column is missing or holds something else than the format says.
  func read(_ row: StoredRow) throws(RowProblem) -> RowReading {
    let missing = required.filter { row[$0] == nil }
    guard missing.isEmpty else { throw RowProblem(describeMissing(missing, in: row)) }
    if let images = row["images"], images.items?.isEmpty != true {
      throw RowProblem("'images' are not supported; remove the column")
    }
    let columns = RowColumns(row: row)
    var reading =
      switch self {
      case .paired: try columns.paired()
      case .implicit: try columns.implicit()
      case .hhRLHF: try columns.transcripts()
      case .unpaired: try columns.unpaired()
      case .demonstrations: try columns.demonstration()
      case .ranked: try columns.ranked()
      case .alpaca: try columns.alpaca()
      case .shareGPT: try columns.shareGPT()
      }
    guard case .row(var made) = reading else { return reading }
    made.tools = try columns.tools()
    made.templateArguments = try columns.templateArguments()
    reading = .row(made)
    return reading
  }

  private func describeMissing(_ missing: [String], in row: StoredRow) -> String {
    let noun = missing.count == 1 ? "column" : "columns"
    let there = row.names.isEmpty ? "the row is empty" : "there are \(quoted(row.names))"
    let guess = missing.first.flatMap { nearest(to: $0, in: row.names.filter { !known.contains($0) }) }
    let question = guess.map { "; did you mean '\($0)'?" } ?? ""
    return "the \(rawValue) format needs the \(noun) \(quoted(missing)); \(there)\(question)"
  }
}
