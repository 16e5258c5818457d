// The micro-kernel of fixed-point sums: 24 rows by one register of columns, in integers.

import ProcessorFeatures
public import VectorKernelsInterface

/// The words that are multiplied together: one of each third of a block.
private typealias Rows = (Floats, Floats, Floats)
private typealias Columns = (Integers, Integers, Integers)

/// The sums of twelve rows.
private typealias Twelve = (
  Integers, Integers, Integers, Integers, Integers, Integers,
  Integers, Integers, Integers, Integers, Integers, Integers
)

/// Sixteen integers from memory of words.
@inline(__always)
private func integers(_ source: Floats) -> Integers {
  UnsafeRawPointer(source).loadUnaligned(as: Integers.self)
}

/// Adds two words exchanged to a row's sums, and one as usual to those of another.
@inline(__always)
private func add(
  _ sums: inout Integers, _ others: inout Integers, _ rows: Rows, _ row: Int, _ other: Int, _ b: Columns
) {
  let (x, y) = (processor_add_word(rows.0 + row, b.1), processor_add_word(rows.1 + row, b.0))
  others = processor_dot_word(others, rows.2 + other, b.2)
  sums = processor_dot_shorts16(sums, x, y)
}

/// Adds two words exchanged to twelve rows' sums, and one as usual to those of the other twelve.
@inline(__always)
private func add(_ sums: inout Twelve, _ others: inout Twelve, _ rows: Rows, _ row: Int, _ b: Columns) {
  let other = 12 - row
  add(&sums.0, &others.0, rows, row, other, b)
  add(&sums.1, &others.1, rows, row + 1, other + 1, b)
  add(&sums.2, &others.2, rows, row + 2, other + 2, b)
  add(&sums.3, &others.3, rows, row + 3, other + 3, b)
  add(&sums.4, &others.4, rows, row + 4, other + 4, b)
  add(&sums.5, &others.5, rows, row + 5, other + 5, b)
  add(&sums.6, &others.6, rows, row + 6, other + 6, b)
  add(&sums.7, &others.7, rows, row + 7, other + 7, b)
  add(&sums.8, &others.8, rows, row + 8, other + 8, b)
  add(&sums.9, &others.9, rows, row + 9, other + 9, b)
  add(&sums.10, &others.10, rows, row + 10, other + 10, b)
  add(&sums.11, &others.11, rows, row + 11, other + 11, b)
}

/// Writes twelve rows' sums below each other.
@inline(__always)
private func store(_ sums: Twelve, _ target: MutableFloats) {
  @inline(__always) func put(_ row: Int, _ sum: Integers) {
    UnsafeMutableRawPointer(target + 16 * row).storeBytes(of: sum, as: Integers.self)
  }
  put(0, sums.0)
  put(1, sums.1)
  put(2, sums.2)
  put(3, sums.3)
  put(4, sums.4)
  put(5, sums.5)
  put(6, sums.6)
  put(7, sums.7)
  put(8, sums.8)
  put(9, sums.9)
  put(10, sums.10)
  put(11, sums.11)
}

/// The sums of one tile, `[24, 16]`, of panels without their heads.
@inline(__always)
private func sumTile(_ a: Floats, _ b: Floats, _ words: Int, _ target: MutableFloats) {
  let none = Integers.zero
  var (upper, lower) = (
    (none, none, none, none, none, none, none, none, none, none, none, none),
    (none, none, none, none, none, none, none, none, none, none, none, none)
  )
  let (height, width, third) = (IntegerPanel.rows, IntegerPanel.columns, words / 3)
  var rows: Rows = (a, a + third * height, a + 2 * third * height)
  var (first, second, last) = (b, b + third * width, b + 2 * third * width)
  for _ in 0..<third {
    let columns: Columns = (integers(first), integers(second), integers(last))
    add(&upper, &lower, rows, 0, columns)
    add(&lower, &upper, rows, 12, columns)
    rows = (rows.0 + height, rows.1 + height, rows.2 + height)
    first += width
    second += width
    last += width
  }
  store(upper, target)
  store(lower, target + 192)
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

/// One tile; `room` holds two.
@inline(__always)
private func multiplyTile(
  _ a: IntegerPanels, _ b: IntegerPanels, _ words: Int, _ c: TileTarget, _ rounded: RoundedTarget?,
  _ room: MutableFloats
) {
  let (height, width) = (IntegerPanel.rows, IntegerPanel.columns)
  let (left, right) = (Floats(a.base), Floats(b.base))
  let (ofRows, ofColumns) = (IntegerPanel.headCount(height), IntegerPanel.headCount(width))
  // They are wanted when all is summed.
  for row in 0..<c.rows {
    if let rounded {
      processor_prefetch_write(rounded.base + row * rounded.stride)
    } else {
      processor_prefetch_write(c.base + row * c.stride)
    }
  }
  let needs = (a: left[IntegerPanel.facts * height], b: right[IntegerPanel.facts * width])
  guard needs.a + needs.b >= IntegerPanel.needed else {
    sumTile(left + ofRows, right + ofColumns, words, room)
    finish(room, nil, left, right, c, rounded)
    return
  }
  let rest = room + height * width
  rest.update(repeating: 0, count: height * width)
  let facts = (a: left + 2 * height, b: right + 2 * width)
  for isOfRows in [true, false] where (isOfRows ? needs.a : needs.b) > 0 {
    let (x, y) = isOfRows ? (left + a.second, right) : (left, right + b.second)
    sumTile(x + ofRows, y + ofColumns, words, room)
    addSecond(room, x, y, needs: facts, ofRows: isOfRows, c.rows, to: rest)
  }
  sumTile(left + ofRows, right + ofColumns, words, room)
  finish(room, rest, left, right, c, rounded)
}

extension Kernels: FixedPointKernels {
  public static func multiply(
    integers a: IntegerPanels, _ b: IntegerPanels, levels: Int, into c: TileTarget, rounded: RoundedTarget?
  ) {
    forEachMeasuredTile(
      Floats(b.base), leftCount: IntegerPanel.count(IntegerPanel.rows, levels: levels),
      rightCount: IntegerPanel.count(IntegerPanel.columns, levels: levels), c
    ) { left, right, place, part, room in
      let rounded = rounded.map {
        RoundedTarget($0.base + place.row * $0.stride + place.column, stride: $0.stride)
      }
      multiplyTile(
        IntegerPanels(a.base + left, second: a.second), IntegerPanels(b.base + right, second: b.second),
        levels / 2, part, rounded, room)
    }
  }
}
