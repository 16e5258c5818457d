// The micro-kernel of Winograd's inner products: 24 rows by one register of columns, summed from 0.

import ProcessorFeatures
public import VectorKernelsInterface

/// The three levels of depth that are multiplied together: one of each third of a block.
private typealias Rows = (Floats, Floats, Floats)
private typealias Columns = (Lanes, Lanes, Lanes)

/// How three levels of depth are added to a row's sums.
private protocol Triple {
  /// The sums with a row's three numbers by all columns'.
  static func add(_ sums: Lanes, _ rows: Rows, _ row: Int, _ b: Columns) -> Lanes
}

/// The first two exchanged, the third one as usual.
private enum Exchanged: Triple {
  @inline(__always)
  static func add(_ sums: Lanes, _ rows: Rows, _ row: Int, _ b: Columns) -> Lanes {
    processor_add_exchanged(sums, rows.0 + row, rows.1 + row, rows.2 + row, b.0, b.1, b.2)
  }
}

/// All as usual.
private enum Usual: Triple {
  @inline(__always)
  static func add(_ sums: Lanes, _ rows: Rows, _ row: Int, _ b: Columns) -> Lanes {
    var result = fused(Lanes(repeating: rows.0[row]), b.0, sums)
    result = fused(Lanes(repeating: rows.1[row]), b.1, result)
    return fused(Lanes(repeating: rows.2[row]), b.2, result)
  }
}

/// The sums of eight rows.
private typealias Eight = (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes, Lanes, Lanes)

/// Adds three levels to eight rows' sums.
@inline(__always)
private func add<T: Triple>(_: T.Type, _ sums: inout Eight, _ rows: Rows, _ first: Int, _ b: Columns) {
  sums.0 = T.add(sums.0, rows, first, b)
  sums.1 = T.add(sums.1, rows, first + 1, b)
  sums.2 = T.add(sums.2, rows, first + 2, b)
  sums.3 = T.add(sums.3, rows, first + 3, b)
  sums.4 = T.add(sums.4, rows, first + 4, b)
  sums.5 = T.add(sums.5, rows, first + 5, b)
  sums.6 = T.add(sums.6, rows, first + 6, b)
  sums.7 = T.add(sums.7, rows, first + 7, b)
}

/// Writes eight rows' sums below each other.
@inline(__always)
private func store(_ sums: Eight, _ target: MutableFloats) {
  target.store(sums.0)
  (target + 16).store(sums.1)
  (target + 32).store(sums.2)
  (target + 48).store(sums.3)
  (target + 64).store(sums.4)
  (target + 80).store(sums.5)
  (target + 96).store(sums.6)
  (target + 112).store(sums.7)
}

/// The sums of one tile, `[24, 16]`, of panels without their heads.
@inline(__always)
private func sumTile<T: Triple>(
  _ triple: T.Type, _ a: Floats, _ b: Floats, _ levels: Int, _ target: MutableFloats
) {
  let none = Lanes.zero
  var (upper, middle, lower) = (
    (none, none, none, none, none, none, none, none), (none, none, none, none, none, none, none, none),
    (none, none, none, none, none, none, none, none)
  )
  let (height, width, third) = (WinogradPanel.rows, WinogradPanel.columns, levels / 3)
  var rows: Rows = (a, a + third * height, a + 2 * third * height)
  var (first, second, last) = (b, b + third * width, b + 2 * third * width)
  for _ in 0..<third {
    let columns: Columns = (first.load(), second.load(), last.load())
    add(triple, &upper, rows, 0, columns)
    add(triple, &middle, rows, 8, columns)
    add(triple, &lower, rows, 16, columns)
    rows = (rows.0 + height, rows.1 + height, rows.2 + height)
    first += width
    second += width
    last += width
  }
  store(upper, target)
  store(middle, target + 128)
  store(lower, target + 256)
}

/// The smallest and the largest reserve of a panel's rows.
@inline(__always)
private func reserves(_ panel: Floats, _ width: Int) -> (least: Float, greatest: Float) {
  (panel[WinogradPanel.facts * width], panel[WinogradPanel.facts * width + 1])
}

/// Adds a block's sums to elements: without what is too much, by both scales.
///
/// Where `usual` holds sums too, they count for elements that are multiplied as usual.
@inline(__always)
private func finish(_ exchanged: Floats, _ usual: Floats?, _ a: Floats, _ b: Floats, _ c: TileTarget) {
  let (taken, scales): (Lanes, Lanes) = (b.load(), (b + 16).load())
  let reserves: Lanes = (b + 32).load()
  for row in 0..<c.rows {
    var value = exchanged.advanced(by: 16 * row).load(Lanes.self) - a[row] - taken
    if let usual {
      let isUsual = (reserves + a[2 * WinogradPanel.rows + row]) .>= WinogradPanel.usual
      value = value.replacing(with: usual.advanced(by: 16 * row).load(Lanes.self), where: isUsual)
    }
    let scale = scales * a[WinogradPanel.rows + row]
    let target = c.base + row * c.stride
    if c.columns == 16 {
      target.store(c.accumulating ? fused(value, scale, target.load(Lanes.self)) : value * scale)
    } else {
      let old = c.accumulating ? loadPart(target, c.columns, 0) : .zero
      storePart(c.accumulating ? fused(value, scale, old) : value * scale, target, c.columns)
    }
  }
}

/// One tile; `room` holds two.
@inline(__always)
private func multiplyTile(_ a: Floats, _ b: Floats, _ levels: Int, _ c: TileTarget, _ room: MutableFloats) {
  let (height, width) = (WinogradPanel.rows, WinogradPanel.columns)
  let (exchanged, usual) = (room, room + height * width)
  let (ofRows, ofColumns) = (reserves(a, height), reserves(b, width))
  let (left, right) = (a + WinogradPanel.headCount(height), b + WinogradPanel.headCount(width))
  // They are wanted when all is summed.
  for row in 0..<c.rows { processor_prefetch_write(c.base + row * c.stride) }
  if ofRows.least + ofColumns.least < WinogradPanel.usual {
    sumTile(Exchanged.self, left, right, levels, exchanged)
  }
  if ofRows.greatest + ofColumns.greatest >= WinogradPanel.usual {
    sumTile(Usual.self, left, right, levels, usual)
    finish(exchanged, usual, a, b, c)
  } else {
    finish(exchanged, nil, a, b, c)
  }
}

extension Kernels: WinogradKernels {
  public static func multiply(measured a: Floats, _ b: Floats, levels: Int, into c: TileTarget) {
    forEachMeasuredTile(
      b, leftCount: WinogradPanel.count(WinogradPanel.rows, levels: levels),
      rightCount: WinogradPanel.count(WinogradPanel.columns, levels: levels), c
    ) { left, right, _, part, room in
      multiplyTile(a + left, b + right, levels, part, room)
    }
  }
}
