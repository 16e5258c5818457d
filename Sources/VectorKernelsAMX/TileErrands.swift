// Work that is done in small portions between the tiles' instructions, where it costs next to nothing.

import ProcessorFeatures
import VectorKernelsInterface

/// Work in portions of some 30 instructions.
protocol TileErrand {
  /// Does one portion, if any is left.
  mutating func tick()
  /// Does all that is left.
  mutating func finish()
}

/// Nothing to do.
struct Idle: TileErrand {
  @inline(__always) mutating func tick() {}
  mutating func finish() {}
}

/// Packs a panel of the left operand's rows, a line of 32 numbers at a time, each row to its end.
struct RowPacking<N: TileNumbers>: TileErrand {
  private let strideBytes: Int, steps: Int
  /// The row that is next, where its first line goes, and its step of depth.
  private var row: UnsafeRawPointer, line: UnsafeMutableRawPointer
  private var step = 0
  private var rowsLeft = 32

  /// None unless all of a panel's numbers exist and rows are contiguous.
  init?(_ job: TilePacking) {
    guard !job.isRight, job.depthStride == 1, job.outer == 32, job.depth % 32 == 0 else { return nil }
    (strideBytes, steps) = (job.outerStride * MemoryLayout<N.Scalar>.size, job.depth / 32)
    (row, line) = (job.source, job.panels)
  }

  @inline(__always)
  mutating func tick() {
    guard rowsLeft > 0 else { return }
    let source = row + 32 * step * MemoryLayout<N.Scalar>.size
    // Two rows ahead; what lies past the last row is asked for in vain.
    processor_prefetch_first(source + 2 * strideBytes)
    if MemoryLayout<N.Scalar>.size == 4 { processor_prefetch_first(source + 2 * strideBytes + 64) }
    N.writeDeep(source.assumingMemoryBound(to: N.Scalar.self), line + step * 2048 * N.parts, 2048)
    step += 1
    if step == steps {
      step = 0
      row += strideBytes
      line += 64
      rowsLeft -= 1
    }
  }

  mutating func finish() {
    while rowsLeft > 0 { tick() }
  }
}

/// Packs panels of the left operand whose rows are contiguous across depth, half a tile at a time: its lines, then what they
/// turn into.
struct TurnedPacking<N: TileNumbers>: TileErrand {
  private let job: TilePacking
  /// Room for one tile of each part.
  private let lines: UnsafeMutableRawPointer
  private let strideBytes: Int
  /// The next half tile: its first number and its place, and what of it is next.
  private var source: UnsafeRawPointer, tile: UnsafeMutableRawPointer
  private var portion = 0
  private var half = 0, step = 0

  /// None unless all of the panels' numbers exist.
  init?(_ job: TilePacking, _ lines: MutableFloats) {
    guard !job.isRight, job.depthStride != 1, job.outer % 32 == 0, job.depth % 32 == 0 else { return nil }
    (self.job, self.lines) = (job, UnsafeMutableRawPointer(lines))
    strideBytes = job.depthStride * MemoryLayout<N.Scalar>.size
    (source, tile) = (job.source, job.panels)
  }

  @inline(__always)
  mutating func tick() {
    guard step < job.depth / 32 else { return }
    if portion < 16 {
      let early = source + 2 * portion * strideBytes
      let late = early + strideBytes
      // The next half's lines.
      processor_prefetch_first(early + 16 * MemoryLayout<N.Scalar>.size)
      processor_prefetch_first(late + 16 * MemoryLayout<N.Scalar>.size)
      N.writePairs(
        early.assumingMemoryBound(to: N.Scalar.self), late.assumingMemoryBound(to: N.Scalar.self),
        lines + 64 * portion, 1024)
      portion += 1
    } else {
      let (part, quarter) = ((portion - 16) >> 2, portion & 3)
      putQuarter(turnedQuarter(lines + 1024 * part, quarter), quarter, tile + 2048 * part)
      portion += 1
      if portion == 16 + 4 * N.parts { advance() }
    }
  }

  @inline(__always)
  private mutating func advance() {
    portion = 0
    half += 1
    if half == job.outer / 16 { (half, step) = (0, step + 1) }
    source = job.source + 32 * step * strideBytes + 16 * half * MemoryLayout<N.Scalar>.size
    tile = job.panels + (half >> 1) * job.panelBytes + step * 2048 * N.parts + 1024 * (half & 1)
  }

  mutating func finish() {
    while step < job.depth / 32 { tick() }
  }
}
