// Work that is done in small portions between the tiles' instructions, where it costs next to nothing.

import ProcessorFeatures
import VectorKernelsInterface

/// Work in portions of some 30 instructions.
///
/// Its state is a tuple: for a struct Swift would emit copying functions, which the linker may share with modules that are
/// compiled for any processor.
protocol TileErrand {
  /// How far it has come.
  associatedtype State
  /// Does one portion, if any is left.
  static func tick(_ state: inout State)
  /// Does all that is left.
  static func finish(_ state: inout State)
}

/// Nothing to do.
enum Idle: TileErrand {
  @inline(__always) static func tick(_: inout ()) {}
  @inline(__always) static func finish(_: inout ()) {}
}

/// Packs a panel of the left operand's rows, a line of 32 numbers at a time, each row to its end.
enum RowPacking<N: TileNumbers>: TileErrand {
  /// The row that is next, where its first line goes, and its step of depth.
  typealias State = (
    row: UnsafeRawPointer, line: UnsafeMutableRawPointer, step: Int, rowsLeft: Int, strideBytes: Int,
    steps: Int
  )

  /// The start, unless some of a panel's numbers do not exist or rows are not contiguous.
  static func start(_ job: TilePacking) -> State? {
    guard !job.isRight, job.depthStride == 1, job.outer == 32, job.depth % 32 == 0 else { return nil }
    return (job.source, job.panels, 0, 32, job.outerStride * MemoryLayout<N.Scalar>.size, job.depth / 32)
  }

  @inline(__always)
  static func tick(_ state: inout State) {
    guard state.rowsLeft > 0 else { return }
    let source = state.row + 32 * state.step * MemoryLayout<N.Scalar>.size
    // Two rows ahead; what lies past the last row is asked for in vain.
    processor_prefetch_first(source + 2 * state.strideBytes)
    if MemoryLayout<N.Scalar>.size == 4 { processor_prefetch_first(source + 2 * state.strideBytes + 64) }
    let line = state.line + state.step * 2048 * N.parts
    N.writeDeep(source.assumingMemoryBound(to: N.Scalar.self), line, 2048)
    state.step += 1
    if state.step == state.steps {
      state.step = 0
      state.row += state.strideBytes
      state.line += 64
      state.rowsLeft -= 1
    }
  }

  @inline(__always)
  static func finish(_ state: inout State) {
    while state.rowsLeft > 0 { tick(&state) }
  }
}

/// Packs panels of the left operand whose rows are contiguous across depth, half a tile at a time: its lines, then what they
/// turn into.
enum TurnedPacking<N: TileNumbers>: TileErrand {
  /// The job, room for one tile of each part, the next half tile's first number and place, and what of it is next.
  typealias State = (
    job: TilePacking, lines: UnsafeMutableRawPointer, source: UnsafeRawPointer, tile: UnsafeMutableRawPointer,
    portion: Int, half: Int, step: Int
  )

  /// The start, unless some of the panels' numbers do not exist or rows are contiguous.
  static func start(_ job: TilePacking, _ lines: MutableFloats) -> State? {
    guard !job.isRight, job.depthStride != 1, job.outer % 32 == 0, job.depth % 32 == 0 else { return nil }
    return (job, UnsafeMutableRawPointer(lines), job.source, job.panels, 0, 0, 0)
  }

  @inline(__always)
  static func tick(_ state: inout State) {
    guard state.step < state.job.depth / 32 else { return }
    let portion = state.portion
    state.portion += 1
    if portion < 16 {
      let strideBytes = state.job.depthStride * MemoryLayout<N.Scalar>.size
      let early = state.source + 2 * portion * strideBytes
      let late = early + strideBytes
      // The next half's lines.
      processor_prefetch_first(early + 16 * MemoryLayout<N.Scalar>.size)
      processor_prefetch_first(late + 16 * MemoryLayout<N.Scalar>.size)
      N.writePairs(
        early.assumingMemoryBound(to: N.Scalar.self), late.assumingMemoryBound(to: N.Scalar.self),
        state.lines + 64 * portion, 1024)
    } else {
      let (part, quarter) = ((portion - 16) >> 2, portion & 3)
      putQuarter(turnedQuarter(state.lines + 1024 * part, quarter), quarter, state.tile + 2048 * part)
      if portion == 15 + 4 * N.parts { advance(&state) }
    }
  }

  @inline(__always)
  private static func advance(_ state: inout State) {
    let job = state.job
    state.portion = 0
    state.half += 1
    if state.half == job.outer / 16 { (state.half, state.step) = (0, state.step + 1) }
    let size = MemoryLayout<N.Scalar>.size
    state.source = job.source + (32 * state.step * job.depthStride + 16 * state.half) * size
    state.tile = job.panels + (state.half >> 1) * job.panelBytes + state.step * 2048 * N.parts
    state.tile += 1024 * (state.half & 1)
  }

  @inline(__always)
  static func finish(_ state: inout State) {
    while state.step < state.job.depth / 32 { tick(&state) }
  }
}
