// A text as its scalars: what Python calls a string, where no two scalars ever melt into one.

/// A text with the operations of Python's strings.
struct TemplateText: Equatable {
  private(set) var scalars: [Unicode.Scalar]

  /// The scalars of a text.
  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  /// A text of scalars.
  init(_ scalars: some Sequence<Unicode.Scalar>) { self.scalars = Array(scalars) }

  /// The text as a `String`.
  var string: String { String(String.UnicodeScalarView(scalars)) }

  /// Where `part` stands first, from `start` on.
  func firstIndex(of part: TemplateText, from start: Int = 0) -> Int? {
    let length = part.scalars.count
    guard length > 0 else { return start <= scalars.count ? start : nil }
    var place = start
    while place + length <= scalars.count {
      if scalars[place] == part.scalars[0], scalars[place..<(place + length)].elementsEqual(part.scalars) {
        return place
      }
      place += 1
    }
    return nil
  }

  /// Where `part` stands last.
  func lastIndex(of part: TemplateText) -> Int? {
    let length = part.scalars.count
    guard length <= scalars.count else { return nil }
    return (0...(scalars.count - length)).last { scalars[$0..<($0 + length)].elementsEqual(part.scalars) }
  }

  /// The text without certain scalars at its ends; white space when none are named.
  func stripped(of set: TemplateText?, left: Bool, right: Bool) -> TemplateText {
    func isStripped(_ scalar: Unicode.Scalar) -> Bool {
      set?.scalars.contains(scalar) ?? scalar.isTemplateSpace
    }
    var rest = scalars[...]
    while left, let first = rest.first, isStripped(first) { rest.removeFirst() }
    while right, let last = rest.last, isStripped(last) { rest.removeLast() }
    return TemplateText(rest)
  }

  /// The parts between separators, at most `limit` cuts.
  func split(_ separator: TemplateText, limit: Int) -> [TemplateText] {
    var parts: [TemplateText] = []
    var start = 0
    while parts.count < limit, let place = firstIndex(of: separator, from: start) {
      parts.append(TemplateText(scalars[start..<place]))
      start = place + separator.scalars.count
    }
    return parts + [TemplateText(scalars[start...])]
  }

  /// The same, cutting from the end.
  func splitFromEnd(_ separator: TemplateText, limit: Int) -> [TemplateText] {
    let reversed = TemplateText(scalars.reversed()).split(
      TemplateText(separator.scalars.reversed()), limit: limit)
    return reversed.reversed().map { TemplateText($0.scalars.reversed()) }
  }

  /// The words between white space, at most `limit` cuts; what is left keeps its white space inside.
  func words(limit: Int) -> [TemplateText] {
    var parts: [TemplateText] = []
    var rest = stripped(of: nil, left: true, right: false).scalars[...]
    while rest.first != nil {
      if parts.count == limit {
        parts.append(TemplateText(rest))
        break
      }
      let word = rest.prefix { !$0.isTemplateSpace }
      parts.append(TemplateText(word))
      rest = rest[word.endIndex...].drop { $0.isTemplateSpace }
    }
    return parts
  }

  /// The lines, without their ends unless they are to be kept.
  func lines(keepingEnds: Bool = false) -> [TemplateText] {
    var lines: [TemplateText] = []
    var line: [Unicode.Scalar] = []
    var isOpen = false
    var previous: Unicode.Scalar = " "
    for scalar in scalars {
      defer { previous = scalar }
      if scalar == "\n", previous == "\r" {
        if keepingEnds, let last = lines.popLast() { lines.append(TemplateText(last.scalars + [scalar])) }
        continue
      }
      isOpen = !Self.lineEnds.contains(scalar)
      if isOpen {
        line.append(scalar)
      } else {
        lines.append(TemplateText(keepingEnds ? line + [scalar] : line))
        line.removeAll()
      }
    }
    return isOpen ? lines + [TemplateText(line)] : lines
  }

  private static let lineEnds: Set<Unicode.Scalar> = [
    "\n", "\r", "\u{B}", "\u{C}", "\u{1C}", "\u{1D}", "\u{1E}", "\u{85}", "\u{2028}", "\u{2029}",
  ]

  /// The text with up to `limit` occurrences of `part` replaced.
  func replacing(_ part: TemplateText, with other: TemplateText, limit: Int) -> TemplateText {
    guard part.scalars.isEmpty else {
      return TemplateText(split(part, limit: limit).map(\.scalars).joined(separator: other.scalars))
    }
    var result: [Unicode.Scalar] = []
    for (index, scalar) in scalars.enumerated() {
      if index < limit { result += other.scalars }
      result.append(scalar)
    }
    return TemplateText(scalars.count < limit ? result + other.scalars : result)
  }

  /// Upper case.
  var upper: TemplateText { TemplateText(scalars.flatMap { $0.properties.uppercaseMapping.unicodeScalars }) }

  /// Lower case; a sigma at the end of a word takes its final form.
  var lower: TemplateText {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(scalars.count)
    for (place, scalar) in scalars.enumerated() {
      if scalar == "Σ", isBesideCased(scalars[..<place].reversed()), !isBesideCased(scalars[(place + 1)...]) {
        result.append("ς")
      } else {
        result += scalar.properties.lowercaseMapping.unicodeScalars
      }
    }
    return TemplateText(result)
  }

  private func isBesideCased(_ neighbours: some Sequence<Unicode.Scalar>) -> Bool {
    neighbours.first { !$0.properties.isCaseIgnorable }?.properties.isCased ?? false
  }

  /// The first scalar in title case, the others in lower case.
  var capitalized: TemplateText {
    guard let first = scalars.first else { return self }
    return TemplateText(
      Array(first.properties.titlecaseMapping.unicodeScalars)
        + TemplateText(scalars.dropFirst()).lower.scalars)
  }

  /// Each run of letters capitalized, where `starts` says whether a letter behind a scalar starts a run.
  func titled(startsBehind starts: (Unicode.Scalar) -> Bool) -> TemplateText {
    var result: [Unicode.Scalar] = []
    var isStart = true
    for scalar in scalars {
      let mapping = isStart ? scalar.properties.titlecaseMapping : scalar.properties.lowercaseMapping
      result += mapping.unicodeScalars
      isStart = starts(scalar)
    }
    return TemplateText(result)
  }
}
