// Reads the arguments of one command, collecting every mistake on the way.

import Configuration

/// One pass over the arguments after a command's name.
struct ArgumentReader {
  private let command: Command
  private let options: [Option]
  private(set) var problems: [UsageProblem] = []
  private var values: [String: [String]] = [:]
  private var arguments: [String] = []
  private var overrides: [Override] = []

  init(_ command: Command, options: [Option]) { (self.command, self.options) = (command, options) }

  /// Everything the arguments say; only to be used where there are no problems.
  mutating func read(_ words: [String], path: [String]) -> Invocation {
    let name = path.joined(separator: " ")
    var position = 0
    while position < words.count {
      let word = words[position]
      position += 1
      if word == "--" {
        arguments += words[position...]
        break
      } else if word.hasPrefix("--") {
        readOption(String(word.dropFirst(2)), word, words, &position, of: name)
      } else if word.hasPrefix("-"), word.count > 1, Double(word) == nil {
        guard let option = options.first(where: { $0.short == word.dropFirst().first }), word.count == 2
        else {
          problems.append(.unknownOption(word, command: name, known: options.map { "--" + $0.name }))
          continue
        }
        readOption(option.name, word, words, &position, of: name)
      } else if command.overrides != nil, let override = Self.override(word) {
        overrides.append(override)
      } else {
        arguments.append(word)
      }
    }
    checkArguments(of: name)
    for option in options where option.isRequired && values[option.name] == nil {
      problems.append(.missingOption(option.spelling, command: name))
    }
    return Invocation(
      path: path, arguments: arguments, overrides: overrides, values: values, options: options)
  }

  /// `key=value`, where the key is names between dots.
  private static func override(_ word: String) -> Override? {
    guard let equals = word.firstIndex(of: "=") else { return nil }
    let path = word[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let fits = path.allSatisfy { part in
      part.first.map { $0.isLetter || $0 == "_" } == true
        && part.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
    }
    return fits ? Override(path, String(word[word.index(after: equals)...])) : nil
  }

  private mutating func readOption(
    _ text: String, _ word: String, _ words: [String], _ position: inout Int, of command: String
  ) {
    let equals = text.firstIndex(of: "=")
    let name = String(text[..<(equals ?? text.endIndex)])
    var value = equals.map { String(text[text.index(after: $0)...]) }
    guard let option = options.first(where: { $0.name == name }) else {
      let spelled = word.hasPrefix("--") ? "--" + name : word
      problems.append(.unknownOption(spelled, command: command, known: options.map { "--" + $0.name }))
      return
    }
    if case .flag = option.kind {
      if let value { problems.append(.unexpectedValue(value, option: "--" + name)) }
      value = "true"
    } else if value == nil {
      guard position < words.count, !words[position].hasPrefix("--") else {
        problems.append(.missingValue(option: "--" + name, spelling: option.spelling))
        return
      }
      value = words[position]
      position += 1
    }
    if values[name] != nil, !option.isRepeatable { problems.append(.repeatedOption("--" + name)) }
    guard let value else { return }
    if let refusal = Self.refusal(of: value, by: option) {
      problems.append(.refusedValue(option: "--" + name, problem: refusal))
    }
    values[name, default: []].append(value)
  }

  /// What is wrong with the value of an option; nil where nothing is.
  private static func refusal(of value: String, by option: Option) -> String? {
    switch option.kind {
    case .flag, .text: return nil
    case .integer(_, let constraint):
      guard let number = Int(value) else { return "takes a whole number, not '\(value)'" }
      return constraint.accepts(number) ? nil : "must be \(constraint.text), not \(value)"
    case .number(_, let constraint):
      guard let number = Double(value), number.isFinite else { return "takes a number, not '\(value)'" }
      return constraint.accepts(number) ? nil : "must be \(constraint.text), not \(value)"
    case .choice(let words):
      if words.contains(value) { return nil }
      let suggestion = nearest(to: value, in: words).map { "; did you mean '\($0)'?" } ?? ""
      return "takes \(words.joined(separator: "|")), not '\(value)'" + suggestion
    }
  }

  private mutating func checkArguments(of name: String) {
    let declared = command.arguments
    let needed = declared.filter { $0.count == .one || $0.count == .oneOrMore }
    if arguments.count < needed.count {
      for argument in needed[arguments.count...] {
        problems.append(.missingArgument(argument.name, command: name))
      }
    }
    let isOpen = declared.contains { $0.count == .any || $0.count == .oneOrMore }
    if !isOpen, arguments.count > declared.count {
      for extra in arguments[declared.count...] {
        let isKeyed = command.overrides == nil && Self.override(extra) != nil
        problems.append(
          .extraArgument(extra, command: name, after: declared.last?.name, looksLikeOverride: isKeyed))
      }
    }
  }
}
