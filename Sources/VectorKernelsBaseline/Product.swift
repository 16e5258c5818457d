// The micro-kernel: one tile of a product, kept in registers while it runs along the depth of two panels.

import ProcessorFeatures
public import VectorKernelsInterface

/// How words of two panels multiply.
protocol WordProduct {
  /// sums + a·b
  static func add<S: Strip>(_: S.Type, _ sums: S.Value, _ a: Float, _ b: S.Value) -> S.Value
}

/// Words are single-precision numbers.
enum FloatWords: WordProduct {
  @inline(__always) static func add<S: Strip>(_: S.Type, _ sums: S.Value, _ a: Float, _ b: S.Value) -> S.Value
  {
    S.add(sums, a, b)
  }
}

/// Words are pairs of bfloat16 numbers, where the set multiplies pairs.
enum PairWords: WordProduct {
  @inline(__always) static func add<S: Strip>(_: S.Type, _ sums: S.Value, _ a: Float, _ b: S.Value) -> S.Value
  {
    S.addPairs(sums, a, b)
  }
}

/// One tile, all its rows, as many columns as the strip is wide.
@inline(__always)
private func tile<S: Strip, W: WordProduct>(
  _: S.Type, _: W.Type, _ a: Floats, _ b: Floats, _ words: Int, _ c: MutableFloats, _ stride: Int,
  _ accumulating: Bool
) {
  var (r0, r1, r2) = (S.zeros(), S.zeros(), S.zeros())
  var (r3, r4, r5) = (S.zeros(), S.zeros(), S.zeros())
  #if REGISTERS32
    var (r6, r7) = (S.zeros(), S.zeros())
  #endif
  if accumulating {
    r0 = S.load(c)
    r1 = S.load(c + stride)
    r2 = S.load(c + 2 * stride)
    r3 = S.load(c + 3 * stride)
    r4 = S.load(c + 4 * stride)
    r5 = S.load(c + 5 * stride)
    #if REGISTERS32
      r6 = S.load(c + 6 * stride)
      r7 = S.load(c + 7 * stride)
    #endif
  }
  var (left, right) = (a, b)
  @inline(__always) func step(_ depth: Int) {
    let columns = S.load(right + depth * Kernels.tileColumns)
    let rows = left + depth * Kernels.tileRows
    r0 = W.add(S.self, r0, rows[0], columns)
    r1 = W.add(S.self, r1, rows[1], columns)
    r2 = W.add(S.self, r2, rows[2], columns)
    r3 = W.add(S.self, r3, rows[3], columns)
    r4 = W.add(S.self, r4, rows[4], columns)
    r5 = W.add(S.self, r5, rows[5], columns)
    #if REGISTERS32
      r6 = W.add(S.self, r6, rows[6], columns)
      r7 = W.add(S.self, r7, rows[7], columns)
    #endif
  }
  var rest = words
  #if !REGISTERS32
    // Few instructions beside the multiplications: a core that is shared has places for no more than those.
    while rest >= 4 {
      step(0)
      step(1)
      step(2)
      step(3)
      left += 4 * Kernels.tileRows
      right += 4 * Kernels.tileColumns
      rest -= 4
    }
  #endif
  while rest > 0 {
    step(0)
    left += Kernels.tileRows
    right += Kernels.tileColumns
    rest -= 1
  }
  S.store(r0, c)
  S.store(r1, c + stride)
  S.store(r2, c + 2 * stride)
  S.store(r3, c + 3 * stride)
  S.store(r4, c + 4 * stride)
  S.store(r5, c + 5 * stride)
  #if REGISTERS32
    S.store(r6, c + 6 * stride)
    S.store(r7, c + 7 * stride)
  #endif
}

/// A tile of which only `rows × columns` exist: the same operations on a copy of it.
@inline(__always)
private func partialTile<S: Strip, W: WordProduct>(
  _ strip: S.Type, _ word: W.Type, _ a: Floats, _ b: Floats, _ words: Int, _ c: TileTarget
) {
  withUnsafeTemporaryAllocation(
    byteCount: Kernels.tileRows * S.width * MemoryLayout<Float>.size, alignment: 64
  ) { raw in
    guard let copy = raw.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
    if c.accumulating {
      for row in 0..<c.rows {
        for column in 0..<c.columns { copy[row * S.width + column] = c.base[row * c.stride + column] }
      }
    }
    tile(strip, word, a, b, words, copy, S.width, c.accumulating)
    for row in 0..<c.rows {
      for column in 0..<c.columns { c.base[row * c.stride + column] = copy[row * S.width + column] }
    }
  }
}

#if !REGISTERS32
  /// Asks for the sums of a tile before it begins.
  @inline(__always)
  private func fetch(_ c: MutableFloats, _ stride: Int) {
    for row in 0..<Kernels.tileRows { processor_prefetch_first(c + row * stride) }
  }

  /// Asks for some lines of a panel before it begins.
  @inline(__always)
  private func fetch(_ panel: Floats, _ lines: Int) {
    var line = 0
    while line < lines {
      processor_prefetch(panel + 16 * line)
      line += 1
    }
  }
#endif

/// All tiles of `c`, one panel of `b` at a time, so that this panel stays in the first-level cache.
@inline(__always)
private func tiles<W: WordProduct>(
  _ word: W.Type, _ a: Panels, _ b: Panels, _ words: Int, _ c: TileTarget
) {
  var (column, right) = (0, b.base)
  #if !REGISTERS32
    let tilesDown = (c.rows + Kernels.tileRows - 1) / Kernels.tileRows
    let lines = words * Kernels.tileColumns / 16
    let linesEach = min(16, (lines + tilesDown - 1) / tilesDown)
  #endif
  while column < c.columns {
    let columns = min(Kernels.tileColumns, c.columns - column)
    var (row, left) = (0, a.base)
    while row < c.rows {
      let rows = min(Kernels.tileRows, c.rows - row)
      let target = c.base + row * c.stride + column
      #if !REGISTERS32
        let below = row + Kernels.tileRows < c.rows
        fetch(below ? target + Kernels.tileRows * c.stride : c.base + column + Kernels.tileColumns, c.stride)
        if column + Kernels.tileColumns < c.columns {
          let line = row / Kernels.tileRows * linesEach
          fetch(right + b.stride + 16 * line, min(linesEach, lines - line))
        }
      #endif
      if rows == Kernels.tileRows && columns == FullStrip.width {
        tile(FullStrip.self, word, left, right, words, target, c.stride, c.accumulating)
      } else {
        let part = TileTarget(
          target, stride: c.stride, rows: rows, columns: columns, accumulating: c.accumulating)
        if columns <= Strip1.width {
          partialTile(Strip1.self, word, left, right, words, part)
        } else if columns <= Strip2.width {
          partialTile(Strip2.self, word, left, right, words, part)
        } else {
          partialTile(FullStrip.self, word, left, right, words, part)
        }
      }
      row += Kernels.tileRows
      left += a.stride
    }
    column += Kernels.tileColumns
    right += b.stride
  }
}

extension Kernels: ProductKernels {
  #if REGISTERS32
    @inline(__always) public static var tileRows: Int { 8 }
  #else
    @inline(__always) public static var tileRows: Int { 6 }
  #endif
  @inline(__always) public static var tileColumns: Int { FullStrip.width }
  #if BF16DOT
    @inline(__always) public static var multipliesPairs: Bool { true }
  #else
    @inline(__always) public static var multipliesPairs: Bool { false }
  #endif

  public static func multiply(_ a: Panels, _ b: Panels, words: Int, into c: TileTarget) {
    tiles(FloatWords.self, a, b, words, c)
  }

  public static func multiplyPairs(_ a: Panels, _ b: Panels, words: Int, into c: TileTarget) {
    tiles(PairWords.self, a, b, words, c)
  }
}
