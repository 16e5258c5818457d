// Lays out operands of a product in panels: numbers that follow each other in depth, which are turned.

import ProcessorFeatures
public import VectorKernelsInterface

#if LANES16
  /// What each of eight rows is read in.
  typealias Run = SIMD16<Float>
#else
  /// What each of eight rows is read in.
  typealias Run = SIMD8<Float>
#endif

/// How to read rows whose words follow each other in depth.
protocol DeepRows {
  /// What a word takes in the source.
  static var byteCount: Int { get }
  /// The words of a row from `depth` on; `stride` bytes lie between rows.
  static func run(_ base: UnsafeRawPointer, _ stride: Int, _ row: Int, _ depth: Int) -> Run
  /// One word of a row.
  static func word(_ base: UnsafeRawPointer, _ stride: Int, _ row: Int, _ depth: Int) -> Float
}

/// 32-bit words at any address.
enum WordRows: DeepRows {
  @inline(__always) static var byteCount: Int { 4 }

  @inline(__always)
  static func run(_ base: UnsafeRawPointer, _ stride: Int, _ row: Int, _ depth: Int) -> Run {
    (base + row * stride + 4 * depth).loadUnaligned(as: Run.self)
  }
  @inline(__always)
  static func word(_ base: UnsafeRawPointer, _ stride: Int, _ row: Int, _ depth: Int) -> Float {
    (base + row * stride + 4 * depth).loadUnaligned(as: Float.self)
  }
}

/// The words of `a` and `b` in turn.
@inline(__always)
private func interleaved(_ a: Run, _ b: Run) -> (Run, Run) {
  #if LANES16
    (processor_interleave_low(a, b), processor_interleave_high(a, b))
  #else
    (processor_interleave_low8(a, b), processor_interleave_high8(a, b))
  #endif
}

/// Turns one run of eight rows, of which `count` exist, into columns `width` words apart, in ascending order.
@inline(__always)
private func turn<R: DeepRows>(
  _: R.Type, _ base: UnsafeRawPointer, _ stride: Int, _ first: Int, _ count: Int, _ depth: Int,
  _ target: MutableFloats, _ width: Int
) {
  @inline(__always) func row(_ index: Int) -> Run {
    R.run(base, stride, min(first + index, count - 1), depth)
  }
  let (a0, a1) = interleaved(row(0), row(4))
  let (a2, a3) = interleaved(row(1), row(5))
  let (a4, a5) = interleaved(row(2), row(6))
  let (a6, a7) = interleaved(row(3), row(7))
  let (b0, b1) = interleaved(a0, a4)
  let (b2, b3) = interleaved(a1, a5)
  let (b4, b5) = interleaved(a2, a6)
  let (b6, b7) = interleaved(a3, a7)
  @inline(__always) func put(_ pair: (Run, Run), _ index: Int) {
    #if LANES16
      (target + 2 * index * width).store(pair.0.lowHalf)
      (target + (2 * index + 1) * width).store(pair.0.highHalf)
      (target + (2 * index + 2) * width).store(pair.1.lowHalf)
      (target + (2 * index + 3) * width).store(pair.1.highHalf)
    #else
      (target + index * width).store(pair.0)
      (target + (index + 1) * width).store(pair.1)
    #endif
  }
  put(interleaved(b0, b4), 0)
  put(interleaved(b1, b5), 2)
  put(interleaved(b2, b6), 4)
  put(interleaved(b3, b7), 6)
}

/// One panel of rows that are contiguous in depth.
///
/// Eight rows are written at a time, the last ones first. Where the width is 6 or 12, those spill over into the next
/// depth, which is written after them; but not out of a right operand's panel, since another thread may be filling the
/// next one. Rows that do not exist become copies of the last one: nobody reads what they give.
@inline(__always)
func turnPanel<R: DeepRows>(
  _ rows: R.Type, _ base: UnsafeRawPointer, _ stride: Int, _ first: Int, _ count: Int, _ words: Int,
  _ width: Int, _ panel: MutableFloats
) {
  let turned = width > Kernels.tileRows && width % 8 != 0 ? words - 1 : words
  var depth = 0
  while depth + Run.scalarCount <= turned {
    // As many streams as rows are more than the processor follows by itself. Into the second level: rows a page apart share
    // a few lines of the first.
    for row in 0..<width {
      processor_prefetch(base + (first + row) * stride + R.byteCount * (depth + 64))
    }
    var group = (width - 1) / 8 * 8
    while group >= 0 {
      turn(rows, base, stride, first + group, count, depth, panel + depth * width + group, width)
      group -= 8
    }
    depth += Run.scalarCount
  }
  while depth < words {
    for row in 0..<width {
      panel[depth * width + row] = R.word(base, stride, min(first + row, count - 1), depth)
    }
    depth += 1
  }
}

extension Kernels {
  /// Packs single-precision numbers.
  public static func pack(
    _ source: Floats, outerStride: Int, depthStride: Int, outer: Int, depth: Int, width: Int,
    into panels: MutableFloats, panelStride: Int
  ) {
    if depthStride != 1 {
      return packLevels(FloatLevels.self, source, depthStride, outer, depth, width, panels, panelStride)
    }
    var (first, panel) = (0, panels)
    while first < outer {
      turnPanel(WordRows.self, source, 4 * outerStride, first, outer, depth, width, panel)
      first += width
      panel += panelStride
    }
  }
}
