// The micro-kernel of fixed-point sums: what a tile's sums become.

import ProcessorFeatures
public import VectorKernelsInterface

/// Sixteen integers from memory of words.
@inline(__always)
private func integers(_ source: Floats) -> Integers {
  UnsafeRawPointer(source).loadUnaligned(as: Integers.self)
}

/// The values of a row's sums: without what is too much, in their units.
@inline(__always)
private func values(_ sums: Floats, _ row: Int, _ a: Floats, _ taken: Integers, _ exponents: Lanes) -> Lanes {
  let sum = integers(sums + 16 * row) &- Int32(bitPattern: a[row].bitPattern) &- taken
  // Both units at once: one after the other, results could be out of range in between.
  return processor_scaled(processor_numbers(sum), exponents + a[IntegerPanel.rows + row])
}

/// Adds a block's sums to elements; `rest` holds what second digits add.
@inline(__always)
private func finish(
  _ sums: Floats, _ rest: Floats?, _ a: Floats, _ b: Floats, _ c: TileTarget, _ rounded: RoundedTarget?
) {
  let (taken, exponents): (Integers, Lanes) = (integers(b), (b + 16).load())
  for row in 0..<c.rows {
    var result = values(sums, row, a, taken, exponents)
    if let rest { result += (rest + 16 * row).load(Lanes.self) }
    let target = c.base + row * c.stride
    if c.accumulating {
      result += c.columns == 16 ? target.load(Lanes.self) : loadPart(target, c.columns, 0)
    }
    if let rounded {
      let place = rounded.base + row * rounded.stride
      if c.columns == 16 { Rounded.store(result, place) } else { Rounded.storePart(result, place, c.columns) }
    } else if c.columns == 16 {
      target.store(result)
    } else {
      storePart(result, target, c.columns)
    }
  }
}

/// Adds the sums of one side's second digits to `rest`, where its need counts together with the other's.
@inline(__always)
private func addSecond(
  _ sums: Floats, _ a: Floats, _ b: Floats, needs: (a: Floats, b: Floats), ofRows: Bool, _ rows: Int,
  to rest: MutableFloats
) {
  let (taken, exponents): (Integers, Lanes) = (integers(b), (b + 16).load())
  let columns: Lanes = needs.b.load()
  for row in 0..<rows {
    let need = needs.a[row]
    let isNeeded = (columns + need) .>= IntegerPanel.needed
    let hasSecond = ofRows ? SIMDMask(repeating: need > 0) : columns .> 0
    let target = rest + 16 * row
    let old: Lanes = target.load()
    let sum = old + values(sums, row, a, taken, exponents)
    target.store(old.replacing(with: sum, where: isNeeded .& hasSecond))
  }
}

/// One tile of the product of panels from `a` and `b` on.
@inline(__always)
private func multiplyTile(
  _ tile: MeasuredTile, _ a: IntegerPanels, _ b: IntegerPanels, _ words: Int, _ rounded: RoundedTarget?
) {
  let left = Floats(a.base) + tile.left
  let right = (Floats(b.base) + tile.right.0, Floats(b.base) + tile.right.1)
  let count = MeasuredTile.count
  let (sums, rest) = (tile.room, tile.room + 2 * count)
  let (height, width) = (IntegerPanel.rows, IntegerPanel.columns)
  let (ofRows, ofColumns) = (IntegerPanel.headCount(height), IntegerPanel.headCount(width))
  let place = rounded.map {
    RoundedTarget($0.base + tile.place.row * $0.stride + tile.place.column, stride: $0.stride)
  }
  @inline(__always) func sum(_ x: Floats, _ y: (Floats, Floats)) {
    sumTile(
      ExchangedIntegers.self, x + ofRows, (y.0 + ofColumns, y.1 + ofColumns), words, rows: tile.target.rows,
      (sums, sums + count)
    ) { rows in
      guard let place else { return tile.fetchTarget(rows) }
      for row in rows.clamped(to: 0..<tile.target.rows) {
        processor_prefetch_write(place.base + row * place.stride)
      }
    }
  }
  let need = left[IntegerPanel.facts * height]
  let needs = (right.0[IntegerPanel.facts * width], right.1[IntegerPanel.facts * width])
  let hasRest = need + max(needs.0, needs.1) >= IntegerPanel.needed
  if hasRest {
    rest.update(repeating: 0, count: 2 * count)
    let facts = left + 2 * height
    if need > 0 {
      let second = left + a.second
      sum(second, right)
      tile.forEachPanel(right) { index, panel, target in
        addSecond(
          sums + index * count, second, panel, needs: (facts, panel + 2 * width), ofRows: true, target.rows,
          to: rest + index * count)
      }
    }
    if max(needs.0, needs.1) > 0 {
      // A panel without second digits has nothing there.
      let second = (
        (needs.0 > 0 ? right.0 : right.1) + b.second, (needs.1 > 0 ? right.1 : right.0) + b.second
      )
      sum(left, second)
      tile.forEachPanel(right) { index, panel, target in
        guard panel[IntegerPanel.facts * width] > 0 else { return }
        addSecond(
          sums + index * count, left, panel + b.second, needs: (facts, panel + 2 * width), ofRows: false,
          target.rows, to: rest + index * count)
      }
    }
  }
  sum(left, right)
  tile.forEachPanel(right) { index, panel, target in
    finish(
      sums + index * count, hasRest ? rest + index * count : nil, left, panel, target,
      place.map { RoundedTarget($0.base + index * width, stride: $0.stride) })
  }
}

extension Kernels: FixedPointKernels {
  public static func multiply(
    integers a: IntegerPanels, _ b: IntegerPanels, levels: Int, into c: TileTarget, rounded: RoundedTarget?
  ) {
    forEachMeasuredTile(
      Floats(b.base), leftCount: IntegerPanel.count(IntegerPanel.rows, levels: levels),
      rightCount: IntegerPanel.count(IntegerPanel.columns, levels: levels), c
    ) { multiplyTile($0, a, b, levels / 2, rounded) }
  }
}
