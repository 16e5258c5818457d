// Help pages, written from the same declarations that parse.

import Configuration

extension Tool {
  /// The page of a command, given as its declarations from the outermost group on; of the tool for none.
  func help(_ path: [Command]) -> String {
    guard let command = path.last else { return toolHelp }
    let name = ([self.name] + path.map(\.name)).joined(separator: " ")
    var sections = ["\(name): \(command.summary)"]
    if command.subcommands.isEmpty {
      sections.append("usage: " + usage(of: command, called: name))
      if !command.discussion.isEmpty { sections.append(wrapped(command.discussion, indent: 0)) }
      var rows = command.arguments.map { ($0.name, $0.documentation) }
      if let overrides = command.overrides { rows.append(("key=value", overrides)) }
      if !rows.isEmpty { sections.append("arguments:\n" + table(rows)) }
    } else {
      sections.append("usage: \(name) COMMAND …")
      sections.append("commands:\n" + table(command.subcommands.map { ($0.name, $0.summary) }))
    }
    sections.append("options:\n" + table((command.options + options).map(row) + [helpRow]))
    return sections.joined(separator: "\n\n")
  }

  private var toolHelp: String {
    let sections = [
      "\(name): \(summary)", "usage: \(name) COMMAND …",
      "commands:\n" + table(commands.map { ($0.name, $0.summary) }),
      "options:\n" + table(options.map(row) + [helpRow, ("--version", "shows the version")]),
      "'\(name) COMMAND --help' shows what a command takes",
    ]
    return sections.joined(separator: "\n\n")
  }

  private var helpRow: (String, String) { ("--help, -h", "shows this page") }

  private func row(_ option: Option) -> (String, String) {
    let short = option.short.map { ", -\($0)" } ?? ""
    var notes: [String] = []
    switch option.kind {
    case .integer(_, let constraint) where !constraint.text.isEmpty: notes.append(constraint.text)
    case .number(_, let constraint) where !constraint.text.isEmpty: notes.append(constraint.text)
    default: break
    }
    if option.isRequired { notes.append("required") }
    if option.isRepeatable { notes.append("may be repeated") }
    if let fallback = option.fallback { notes.append("default \(fallback)") }
    let tail = notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))"
    return (option.spelling + short, option.documentation + tail)
  }

  private func usage(of command: Command, called name: String) -> String {
    var words = [name] + command.arguments.map(\.spelling)
    if command.overrides != nil { words.append("[key=value …]") }
    for option in command.options + options {
      let spelling = option.isRequired ? option.spelling : "[\(option.spelling)]"
      words.append(spelling + (option.isRepeatable ? "…" : ""))
    }
    return wrapped(words.joined(separator: "\u{1}"), separator: "\u{1}", indent: 7)
  }

  private func table(_ rows: [(String, String)]) -> String {
    let width = min(28, rows.map(\.0.count).max() ?? 0)
    return rows.map { name, documentation in
      let text = wrapped(documentation, indent: width + 4)
      if name.count > width { return "  \(name)\n" + String(repeating: " ", count: width + 4) + text }
      return "  " + name + String(repeating: " ", count: width - name.count + 2) + text
    }.joined(separator: "\n")
  }
}

/// `text` broken into lines of at most 100 columns; all but the first begin with `indent` spaces.
private func wrapped(_ text: String, separator: Character = " ", indent: Int) -> String {
  var lines = [""]
  for word in text.split(separator: separator) {
    let last = lines[lines.count - 1]
    if last.isEmpty {
      lines[lines.count - 1] = String(word)
    } else if indent + last.count + 1 + word.count <= 100 {
      lines[lines.count - 1] += " " + word
    } else {
      lines.append(String(word))
    }
  }
  return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
}
