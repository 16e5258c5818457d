// A compiled split pattern: a short program for a backtracking machine, leftmost first like Oniguruma.

/// A split pattern, ready to run over scalars.
struct Pattern: Sendable {
  /// The pattern as it was written.
  let source: String
  private var program: [Step] = []
  private var sets: [ScalarSet] = []

  /// One step; sets are named by their place, so that steps are plain numbers.
  private enum Step: Sendable {
    /// Takes up to `atMost` scalars of the set and gives back down to `atLeast`.
    case run(Int, atLeast: Int, atMost: Int, isPossessive: Bool)
    /// Goes on at the first place; on failure at the second.
    case fork(Int, Int)
    case jump(Int)
    /// Whether the next scalar is in the set must equal `isMember`.
    case peek(Int, isMember: Bool)
    /// The program from the next step on must match, or not; then goes on at `next`.
    case lookahead(isNegative: Bool, next: Int)
    case end(beforeLineFeed: Bool)
    case start(afterLineFeed: Bool)
    case matched
  }

  /// Compiles a pattern.
  ///
  /// - Throws: `TokenizerError` naming the construct that is not supported.
  init(_ source: String) throws(TokenizerError) {
    self.source = source
    compile(try PatternParser.parse(source))
    program.append(.matched)
  }

  /// A pattern that matches each single scalar of a set.
  init(single set: ScalarSet) { self.init(.set(set)) }

  /// The pattern of a syntax tree.
  init(_ node: PatternNode) {
    source = ""
    compile(node)
    program.append(.matched)
  }

  private mutating func place(of set: ScalarSet) -> Int {
    if let known = sets.firstIndex(of: set) { return known }
    sets.append(set)
    return sets.count - 1
  }

  private mutating func compile(_ node: PatternNode) {
    switch node {
    case .set(let set): program.append(.run(place(of: set), atLeast: 1, atMost: 1, isPossessive: true))
    case .sequence(let parts): for part in parts { compile(part) }
    case .alternation(let choices):
      var jumps: [Int] = []
      for (index, choice) in choices.enumerated() {
        let fork = program.count
        if index + 1 < choices.count { program.append(.jump(0)) }
        compile(choice)
        guard index + 1 < choices.count else { break }
        jumps.append(program.count)
        program.append(.jump(0))
        program[fork] = .fork(fork + 1, program.count)
      }
      for jump in jumps { program[jump] = .jump(program.count) }
    case .repetition(.set(let set), let atLeast, let atMost, let isPossessive):
      program.append(.run(place(of: set), atLeast: atLeast, atMost: atMost, isPossessive: isPossessive))
    case .repetition(let node, let atLeast, let atMost, _):
      for _ in 0..<atLeast { compile(node) }
      if atMost == .max {
        let fork = program.count
        program.append(.jump(0))
        compile(node)
        program.append(.jump(fork))
        program[fork] = .fork(fork + 1, program.count)
      } else {
        var forks: [Int] = []
        for _ in atLeast..<atMost {
          forks.append(program.count)
          program.append(.jump(0))
          compile(node)
        }
        for fork in forks { program[fork] = .fork(fork + 1, program.count) }
      }
    case .lookahead(.set(let set), let isNegative):
      program.append(.peek(place(of: set), isMember: !isNegative))
    case .lookahead(let body, let isNegative):
      let start = program.count
      program.append(.jump(0))
      compile(body)
      program.append(.matched)
      program[start] = .lookahead(isNegative: isNegative, next: program.count)
    case .end(let beforeLineFeed): program.append(.end(beforeLineFeed: beforeLineFeed))
    case .start(let afterLineFeed): program.append(.start(afterLineFeed: afterLineFeed))
    }
  }

  /// A place to go on from when the present attempt fails: at `high`, then lower down to `low`.
  struct Choice {
    var step: Int
    var low: Int
    var high: Int
  }

  /// Calls `body` with each match in `range` of `text`, first to last, without overlaps; `text` ends with the range.
  func forEachMatch(in text: [Unicode.Scalar], _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
    var choices: [Choice] = []
    var start = range.lowerBound
    while start <= range.upperBound {
      guard let end = match(text, range, at: start, from: 0, &choices) else {
        start += 1
        continue
      }
      body(start..<end)
      start = end > start ? end : end + 1
    }
  }

  private func match(
    _ text: [Unicode.Scalar], _ range: Range<Int>, at start: Int, from first: Int, _ choices: inout [Choice]
  ) -> Int? {
    let floor = choices.count
    var step = first
    var place = start
    while true {
      var holds = true
      switch program[step] {
      case .run(let set, let atLeast, let atMost, let isPossessive):
        let limit = atMost < range.upperBound - place ? place + atMost : range.upperBound
        var end = place
        while end < limit, sets[set].contains(text[end]) { end += 1 }
        holds = end - place >= atLeast
        if holds, !isPossessive, end - place > atLeast {
          choices.append(Choice(step: step + 1, low: place + atLeast, high: end - 1))
        }
        place = end
        step += 1
      case .fork(let now, let later):
        choices.append(Choice(step: later, low: place, high: place))
        step = now
      case .jump(let next): step = next
      case .peek(let set, let isMember):
        holds = (place < range.upperBound && sets[set].contains(text[place])) == isMember
        step += 1
      case .lookahead(let isNegative, let next):
        holds = (match(text, range, at: place, from: step + 1, &choices) == nil) == isNegative
        step = next
      case .end(let beforeLineFeed):
        holds = place == range.upperBound || beforeLineFeed && text[place] == "\n"
        step += 1
      case .start(let afterLineFeed):
        holds =
          place == range.lowerBound || afterLineFeed && text[place - 1] == "\n" && place < range.upperBound
        step += 1
      case .matched:
        choices.removeLast(choices.count - floor)
        return place
      }
      if holds { continue }
      guard choices.count > floor else { return nil }
      let last = choices.count - 1
      step = choices[last].step
      place = choices[last].high
      if place > choices[last].low { choices[last].high -= 1 } else { choices.removeLast() }
    }
  }
}
