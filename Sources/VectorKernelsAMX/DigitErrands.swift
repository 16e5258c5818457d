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

/// Packs panels of the left operand whose rows are contiguous across depth as digits, 16 rows at a time: they are measured down
/// to their end, then half a tile of each digit after the other is written and turned.
enum DigitTurnedPacking: TileErrand {
  /// The job, room for one tile of each digit, what is known of the 16 rows, what makes digits of them, which 16 they are,
  /// and how far they are.
  typealias State = (
    job: TilePacking, lines: UnsafeMutableRawPointer, census: DigitCensus<Words>, allowance: Float,
    rules: DigitRules, half: Int, portion: Int
  )

  /// The start, unless some of the panels' numbers do not exist or rows are contiguous; `lines` is room for four tiles,
  /// `rules` for 64 words.
  static func start(_ job: TilePacking, _ lines: MutableFloats, _ rules: MutableFloats) -> State? {
    guard !job.isRight, job.depthStride != 1, job.outer % 32 == 0, job.depth % 64 == 0 else { return nil }
    let allowance = DigitTiles.allowance(terms: job.terms)
    return (job, UnsafeMutableRawPointer(lines), noNumbers, allowance, digitRules(rules), 0, 0)
  }

  /// Measuring takes a portion for four levels each, then one for each row.
  @inline(__always)
  static func tick(_ state: inout State) {
    guard 16 * state.half < state.job.outer else { return }
    let levels = state.job.depth / 4
    if state.portion < levels {
      measure(&state)
    } else if state.portion < levels + 16 {
      noteRow(state.portion - levels, &state)
    } else {
      let place = state.portion - levels - 16
      writePortion(place >> 5, place & 31, &state)
    }
    state.portion += 1
    // A step of depth is sixteen lines and sixteen quarters.
    if state.portion == levels + 16 + 32 * (state.job.depth / 64) {
      (state.census, state.portion) = (noNumbers, 0)
      state.half += 1
    }
  }

  /// The first of the 16 rows at a level of depth.
  @inline(__always)
  private static func source(_ state: State, _ level: Int) -> UnsafePointer<Float> {
    state.job.source.assumingMemoryBound(to: Float.self) + 16 * state.half + level * state.job.depthStride
  }

  @inline(__always)
  private static func measure(_ state: inout State) {
    for offset in 0..<4 {
      let line = source(state, 4 * state.portion + offset)
      processor_prefetch_first(line + 8 * state.job.depthStride)
      count(UnsafeRawPointer(line).loadUnaligned(as: Numbers.self), &state.census)
    }
  }

  /// The head of the panel that the 16 rows are in.
  @inline(__always)
  private static func head(_ state: State) -> MutableFloats {
    (state.job.panels + (state.half >> 1) * state.job.panelBytes).assumingMemoryBound(to: Float.self)
  }

  @inline(__always)
  private static func noteRow(_ row: Int, _ state: inout State) {
    let head = head(state)
    let place = 16 * (state.half & 1) + row
    if place == 0 { head.update(repeating: 0, count: DigitTiles.headBytes / 4) }
    note(place, VectorKernelsAMX.place(row, of: state.census), state.allowance, head, state.rules)
  }

  @inline(__always)
  private static func writePortion(_ step: Int, _ portion: Int, _ state: inout State) {
    let first = 16 * (state.half & 1)
    if portion < 16 {
      let rule = sixteenRules(digitRules(state.rules, from: first))
      let lines = quadLines(source(state, 64 * step + 4 * portion), state.job.depthStride, rule)
      putDigits(lines, state.lines + 64 * portion, 1024)
    } else {
      let (digit, quarter) = ((portion - 16) >> 2, portion & 3)
      let digitBytes = DigitTiles.digitBytes(state.job.panelBytes)
      let tile = UnsafeMutableRawPointer(head(state)) + DigitTiles.headBytes + 2048 * step + 64 * first
      putQuarter(turnedQuarter(state.lines + 1024 * digit, quarter), quarter, tile + digit * digitBytes)
    }
  }

  @inline(__always)
  static func finish(_ state: inout State) {
    while 16 * state.half < state.job.outer { tick(&state) }
  }
}
