// A compiled split pattern: a short program for a backtracking machine, leftmost first like Oniguruma.

/// A split pattern, ready to run over scalars.
struct Pattern: Sendable {
  /// The pattern as it was written.
  let source: String
  private var program: [Step] = []
  private var sets: [ScalarSet] = []
  /// Two words of bits a set: its members below U+0080.
  private var asciiMembers: [UInt64] = []
  /// The alternatives of the whole pattern, in order of preference.
  private var branches: [Branch] = []

  /// One alternative of the whole pattern.
  private struct Branch: Sendable {
    /// Where its program starts.
    var step: Int
    /// What its matches can start with.
    var opening: PatternOpening
  }

  /// One step, in plain numbers, so that running a program counts no references.
  private struct Step: Sendable {
    var operation: Operation
    /// The place of the set it is about.
    var set = 0
    var atLeast = 0
    var atMost = 0
    /// Where it goes on, or where it goes on when what follows fails.
    var next = 0
    /// What makes it differ: possession, negation, line feeds.
    var flag = false
  }

  private enum Operation: UInt8, Sendable {
    /// Takes up to `atMost` scalars of the set and gives back down to `atLeast`, or with `flag` none.
    case run
    /// Goes on behind it; on failure at `next`.
    case fork
    case jump
    /// Whether the next scalar is in the set must equal `flag`.
    case peek
    /// The program from the next step on must match, or with `flag` not; then goes on at `next`.
    case lookahead
    /// The end of the text, or with `flag` before a line feed.
    case end
    /// The start of the text, or with `flag` behind a line feed.
    case start
    case matched
  }

  /// Compiles a pattern.
  ///
  /// - Throws: `TokenizerError` naming the construct that is not supported.
  init(_ source: String) throws(TokenizerError) {
    self.source = source
    build(try PatternParser.parse(source))
  }

  /// A pattern that matches each single scalar of a set.
  init(single set: ScalarSet) { self.init(.set(set)) }

  /// The pattern of a syntax tree.
  init(_ node: PatternNode) {
    source = ""
    build(node)
  }

  // MARK: Compiling

  private mutating func build(_ node: PatternNode) {
    let choices = if case .alternation(let choices) = node { choices } else { [node] }
    for choice in choices {
      branches.append(Branch(step: program.count, opening: choice.opening))
      compile(choice)
      program.append(Step(operation: .matched))
    }
    for set in sets {
      asciiMembers.append(set.asciiMembers.low)
      asciiMembers.append(set.asciiMembers.high)
    }
  }

  private mutating func place(of set: ScalarSet) -> Int {
    if let known = sets.firstIndex(of: set) { return known }
    sets.append(set)
    return sets.count - 1
  }

  private mutating func compileRun(_ set: ScalarSet, _ atLeast: Int, _ atMost: Int, _ isPossessive: Bool) {
    program.append(
      Step(operation: .run, set: place(of: set), atLeast: atLeast, atMost: atMost, flag: isPossessive))
  }

  /// Appends a step whose `next` is filled in later, and returns its place.
  private mutating func reserve(_ operation: Operation) -> Int {
    program.append(Step(operation: operation))
    return program.count - 1
  }

  private mutating func compile(_ node: PatternNode) {
    switch node {
    case .set(let set): compileRun(set, 1, 1, true)
    case .sequence(let parts): for part in parts { compile(part) }
    case .alternation(let choices):
      var jumps: [Int] = []
      for choice in choices.dropLast() {
        let fork = reserve(.fork)
        compile(choice)
        jumps.append(reserve(.jump))
        program[fork].next = program.count
      }
      if let last = choices.last { compile(last) }
      for jump in jumps { program[jump].next = program.count }
    case .repetition(.set(let set), let atLeast, let atMost, let isPossessive):
      compileRun(set, atLeast, atMost, isPossessive)
    case .repetition(let node, let atLeast, let atMost, _):
      for _ in 0..<atLeast { compile(node) }
      var forks: [Int] = []
      if atMost == .max {
        let fork = reserve(.fork)
        forks.append(fork)
        compile(node)
        program[reserve(.jump)].next = fork
      } else {
        for _ in atLeast..<atMost {
          forks.append(reserve(.fork))
          compile(node)
        }
      }
      for fork in forks { program[fork].next = program.count }
    case .lookahead(.set(let set), let isNegative):
      program.append(Step(operation: .peek, set: place(of: set), flag: !isNegative))
    case .lookahead(let body, let isNegative):
      let start = reserve(.lookahead)
      program[start].flag = isNegative
      compile(body)
      program.append(Step(operation: .matched))
      program[start].next = program.count
    case .end(let beforeLineFeed): program.append(Step(operation: .end, flag: beforeLineFeed))
    case .start(let afterLineFeed): program.append(Step(operation: .start, flag: afterLineFeed))
    }
  }

  // MARK: Running

  /// A place to go on from when the present attempt fails: at `high`, then lower down to `low`.
  private struct Choice {
    var step: Int
    var low: Int
    var high: Int
  }

  /// Calls `body` with each match in `range` of `text`, first to last, without overlaps; `text` ends with the range.
  func forEachMatch(in text: [Unicode.Scalar], _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
    var choices: [Choice] = []
    var start = range.lowerBound
    var matched = -1
    while start <= range.upperBound {
      let first = start < range.upperBound ? text[start] : nil
      var end: Int?
      for branch in branches where branch.opening.allows(first) {
        end = match(text, range, at: start, from: branch.step, &choices)
        if end != nil { break }
      }
      guard let end else {
        start += 1
        continue
      }
      // A match of nothing right behind another does not count.
      if end > start || end != matched { body(start..<end) }
      matched = end
      start = end > start ? end : end + 1
    }
  }

  @inline(__always) private func contains(_ set: Int, _ scalar: Unicode.Scalar) -> Bool {
    let value = Int(scalar.value)
    if value < 128 { return asciiMembers[2 * set + value >> 6] >> UInt64(value & 63) & 1 == 1 }
    return sets[set].evaluate(scalar)
  }

  private func match(
    _ text: [Unicode.Scalar], _ range: Range<Int>, at start: Int, from first: Int, _ choices: inout [Choice]
  ) -> Int? {
    let floor = choices.count
    var place = start
    var index = first
    while true {
      let step = program[index]
      var holds = true
      index += 1
      switch step.operation {
      case .run:
        let limit = step.atMost < range.upperBound - place ? place + step.atMost : range.upperBound
        var end = place
        while end < limit, contains(step.set, text[end]) { end += 1 }
        holds = end - place >= step.atLeast
        if holds, !step.flag, end - place > step.atLeast {
          choices.append(Choice(step: index, low: place + step.atLeast, high: end - 1))
        }
        place = end
      case .fork: choices.append(Choice(step: step.next, low: place, high: place))
      case .jump: index = step.next
      case .peek: holds = (place < range.upperBound && contains(step.set, text[place])) == step.flag
      case .lookahead:
        holds = (match(text, range, at: place, from: index, &choices) == nil) == step.flag
        index = step.next
      case .end: holds = place == range.upperBound || step.flag && text[place] == "\n"
      case .start:
        holds = place == range.lowerBound || step.flag && text[place - 1] == "\n" && place < range.upperBound
      case .matched:
        choices.removeLast(choices.count - floor)
        return place
      }
      if holds { continue }
      guard choices.count > floor else { return nil }
      let last = choices.count - 1
      index = choices[last].step
      place = choices[last].high
      if place > choices[last].low { choices[last].high -= 1 } else { choices.removeLast() }
    }
  }
}
