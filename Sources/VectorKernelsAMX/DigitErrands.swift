// Packing the left operand as digits in small portions between the tiles' instructions.

import ProcessorFeatures
import VectorKernelsInterface

/// Packs panels of the left operand's rows as digits, 64 numbers at a time: each row is measured to its end, then written.
enum DigitRowPacking: TileErrand {
  /// The row that is next and its panel, what is known of it, its place, how far it is, and how many rows are left.
  typealias State = (
    row: UnsafePointer<Float>, panel: UnsafeMutableRawPointer, panelBytes: Int, stride: Int,
    census: DigitCensus<Words>, allowance: Float, rules: DigitRules, place: Int, portion: Int, steps: Int,
    rowsLeft: Int
  )

  /// The start, unless some of the panels' numbers do not exist or rows are not contiguous; `rules` is room for 64 words.
  static func start(_ job: TilePacking, _ rules: MutableFloats) -> State? {
    guard !job.isRight, job.depthStride == 1, job.outer % 32 == 0, job.depth % 64 == 0 else { return nil }
    return (
      job.source.assumingMemoryBound(to: Float.self), job.panels, job.panelBytes, job.outerStride,
      noNumbers, DigitTiles.allowance(terms: job.terms), digitRules(rules), 0, 0, job.depth / 64, job.outer
    )
  }

  @inline(__always)
  static func tick(_ state: inout State) {
    guard state.rowsLeft > 0 else { return }
    if state.portion < state.steps { measure(&state) } else { write(&state) }
  }

  @inline(__always)
  private static func measure(_ state: inout State) {
    let source = state.row + 64 * state.portion
    for offset in stride(from: 0, to: 64, by: 16) {
      // The next row; what lies past the last one is asked for in vain.
      processor_prefetch_first(source + state.stride + offset)
      count(UnsafeRawPointer(source + offset).loadUnaligned(as: Numbers.self), &state.census)
    }
    state.portion += 1
    if state.portion == state.steps {
      let head = state.panel.assumingMemoryBound(to: Float.self)
      if state.place == 0 { head.update(repeating: 0, count: DigitTiles.headBytes / 4) }
      note(state.place, reduced(state.census), state.allowance, head, state.rules)
      state.census = noNumbers
    }
  }

  @inline(__always)
  private static func write(_ state: inout State) {
    let step = state.portion - state.steps
    let rule = oneRule(digitRules(state.rules, from: state.place))
    let digitBytes = DigitTiles.digitBytes(state.panelBytes)
    let tile = state.panel + DigitTiles.headBytes + 2048 * step + 64 * state.place
    putDigits(deepLines(state.row + 64 * step, rule), tile, digitBytes)
    state.portion += 1
    if step + 1 < state.steps { return }
    state.portion = 0
    state.row += state.stride
    state.rowsLeft -= 1
    state.place += 1
    if state.place == 32 {
      state.place = 0
      state.panel += state.panelBytes
    }
  }

  @inline(__always)
  static func finish(_ state: inout State) {
    while state.rowsLeft > 0 { tick(&state) }
  }
}

/// Packs panels of the left operand whose rows are contiguous across depth as digits: all rows are measured side by side, in
/// the order in which memory has them, then half a tile of each digit after the other is written and turned.
enum DigitTurnedPacking: TileErrand {
  /// The job, room for what is known of all rows and then for one tile of each digit, what makes digits of the rows, and how
  /// many times 16 they are; which 16 are next, how many times four levels are measured, how many rows are noted, and what is
  /// to be written.
  typealias State = (
    job: TilePacking, room: UnsafeMutableRawPointer, allowance: Float, rules: MutableFloats,
    halves: Int, half: Int, four: Int, noted: Int, step: Int, portion: Int
  )
  /// The most rows at a time, whose census then takes less than tiles do.
  private static var mostRows: Int { 128 }
  /// Bytes of what is known of 16 rows.
  private static var censusBytes: Int { 3 * 64 }

  /// The start, unless some of the panels' numbers do not exist, they are too many, or rows are contiguous; `room` is for four
  /// tiles, `rules` for 64 words of each of four panels.
  static func start(_ job: TilePacking, _ room: MutableFloats, _ rules: MutableFloats) -> State? {
    guard !job.isRight, job.depthStride != 1, job.outer % 32 == 0, job.outer <= mostRows, job.depth % 64 == 0
    else { return nil }
    let raw = UnsafeMutableRawPointer(room)
    for half in 0..<job.outer / 16 { store(noNumbers, raw + censusBytes * half) }
    return (job, raw, DigitTiles.allowance(terms: job.terms), rules, job.outer / 16, 0, 0, 0, 0, 0)
  }

  @inline(__always)
  static func tick(_ state: inout State) {
    guard state.half < state.halves else { return }
    if 4 * state.four < state.job.depth {
      measure(state)
      state.half += 1
      // Rows beside each other first, as memory has them.
      if state.half == state.halves { (state.half, state.four) = (0, state.four + 1) }
    } else if state.noted < 16 * state.halves {
      noteRow(state.noted, state)
      state.noted += 1
    } else {
      writePortion(state)
      state.portion += 1
      // A step of depth is sixteen lines, and four quarters of a tile of each digit.
      if state.portion < 16 + 4 * digitCount(head(state, state.half)) { return }
      (state.portion, state.step) = (0, state.step + 1)
      if state.step == state.job.depth / 64 { (state.step, state.half) = (0, state.half + 1) }
    }
  }

  /// The first of 16 rows at a level of depth.
  @inline(__always)
  private static func source(_ state: State, _ half: Int, _ level: Int) -> UnsafePointer<Float> {
    state.job.source.assumingMemoryBound(to: Float.self) + 16 * half + level * state.job.depthStride
  }

  @inline(__always)
  private static func store(_ census: DigitCensus<Words>, _ room: UnsafeMutableRawPointer) {
    room.storeBytes(of: census.largest, as: Words.self)
    (room + 64).storeBytes(of: census.logarithms, as: Words.self)
    (room + 128).storeBytes(of: census.count, as: Words.self)
  }

  @inline(__always)
  private static func measure(_ state: State) {
    let room = state.room + censusBytes * state.half
    var census: DigitCensus<Words> = (
      room.load(as: Words.self), (room + 64).load(as: Words.self), (room + 128).load(as: Words.self)
    )
    for offset in 0..<4 {
      let line = source(state, state.half, 4 * state.four + offset)
      processor_prefetch_first(line + 8 * state.job.depthStride)
      count(UnsafeRawPointer(line).loadUnaligned(as: Numbers.self), &census)
    }
    store(census, room)
  }

  /// The head of the panel that 16 rows are in.
  @inline(__always)
  private static func head(_ state: State, _ half: Int) -> MutableFloats {
    (state.job.panels + (half >> 1) * state.job.panelBytes).assumingMemoryBound(to: Float.self)
  }

  @inline(__always)
  private static func rules(_ state: State, _ half: Int) -> DigitRules {
    digitRules(state.rules + 64 * (half >> 1))
  }

  @inline(__always)
  private static func noteRow(_ row: Int, _ state: State) {
    let (half, place) = (row >> 4, row & 31)
    let head = head(state, half)
    if place == 0 { head.update(repeating: 0, count: DigitTiles.headBytes / 4) }
    let words = (state.room + censusBytes * half).assumingMemoryBound(to: UInt32.self) + (row & 15)
    note(place, (words[0], words[16], words[32]), state.allowance, head, rules(state, half))
  }

  @inline(__always)
  private static func writePortion(_ state: State) {
    let (step, portion) = (state.step, state.portion)
    let first = 16 * (state.half & 1)
    if portion < 16 {
      let rule = sixteenRules(digitRules(rules(state, state.half), from: first))
      let lines = quadLines(source(state, state.half, 64 * step + 4 * portion), state.job.depthStride, rule)
      putDigits(lines, state.room + 64 * portion, 1024)
    } else {
      let (digit, quarter) = ((portion - 16) >> 2, portion & 3)
      let digitBytes = DigitTiles.digitBytes(state.job.panelBytes)
      let head = UnsafeMutableRawPointer(head(state, state.half))
      let tile = head + DigitTiles.headBytes + 2048 * step + 64 * first
      putQuarter(turnedQuarter(state.room + 1024 * digit, quarter), quarter, tile + digit * digitBytes)
    }
  }

  @inline(__always)
  static func finish(_ state: inout State) {
    while state.half < state.halves { tick(&state) }
  }
}
