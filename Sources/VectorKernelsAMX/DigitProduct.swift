// Products of digits: whole sums of bytes for each weight of digits, then one number of all of them.

import ProcessorFeatures
public import VectorKernelsInterface

/// A row of a block: its sums for each weight of digits, its scale and spread, where its columns' are, and where it goes.
private typealias DigitRow = (
  sums: UnsafeRawPointer, groups: Int, scale: Float, spread: Float, columns: UnsafeRawPointer,
  target: UnsafeMutableRawPointer, isAdding: Bool
)

/// Writes one row of 32 numbers.
///
/// The last weight counts only where a row and a column are so spread that it must, whatever their neighbours need.
@inline(__always)
private func write(_ row: DigitRow) {
  let step = Numbers(repeating: 0x1p-8)
  let left = Numbers(repeating: row.scale)
  for offset in stride(from: 0, to: 128, by: 64) {
    let (sums, columns, target) = (row.sums + offset, row.columns + offset, row.target + offset)
    @inline(__always) func numbers(_ weight: Int) -> Numbers {
      processor_numbers_of_sums((sums + 4096 * weight).load(as: Words.self))
    }
    var low = numbers(2)
    if row.groups == 4 {
      let spread = (columns + 128).load(as: Numbers.self) + row.spread
      let last = Numbers(repeating: 0).replacing(with: numbers(3), where: spread .> DigitTiles.narrow)
      low.addProduct(last, step)
    }
    let sum = numbers(0).addingProduct(numbers(1).addingProduct(low, step), step) * 0x1p-12
    // By the smaller scale first: the sum times the larger one may be out of range.
    let right = columns.load(as: Numbers.self)
    let isLess = left .< right
    var result = sum * right.replacing(with: left, where: isLess)
    let larger = left.replacing(with: right, where: isLess)
    if row.isAdding {
      result = target.loadUnaligned(as: Numbers.self).addingProduct(result, larger)
    } else {
      result *= larger
    }
    target.storeBytes(of: result, as: Numbers.self)
  }
}

/// A block whose sums are not written yet: they, for how many weights, its rows' and columns' heads, where it goes, and
/// which of its rows are left.
private typealias DigitBlock = (
  sums: UnsafeRawPointer, groups: Int, row: Floats, column: UnsafeRawPointer, corner: MutableFloats,
  stride: Int, isAdding: Bool, next: Int, rows: Int
)

@inline(__always)
private func row(_ index: Int, of block: DigitBlock, into target: MutableFloats) -> DigitRow {
  (
    block.sums + 128 * index, block.groups, block.row[index], block.row[32 + index], block.column,
    UnsafeMutableRawPointer(target), block.isAdding
  )
}

/// Writes the next rows of a block of 32 columns, at most so many.
@inline(__always)
private func writeRows(_ count: Int, of block: inout DigitBlock) {
  for _ in 0..<min(count, block.rows - block.next) {
    write(row(block.next, of: block, into: block.corner + block.next * block.stride))
    block.next += 1
  }
}

/// Writes all rows of a block of which some columns do not exist: by a copy of each row.
@inline(never)
private func writeSome(_ block: DigitBlock, columns: Int) {
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 32) { copy in
    copy.initialize(repeating: 0)
    guard let base = copy.baseAddress else { return }
    for index in 0..<block.rows {
      let target = block.corner + index * block.stride
      base.update(from: target, count: columns)
      write(row(index, of: block, into: base))
      target.update(from: base, count: columns)
    }
  }
}

/// Adds the products of one digit of each operand over all steps.
///
/// Two digits of 32 columns fit the first-level cache while all rows pass; with the third one none would stay there.
@inline(__always)
private func addProducts<E: TileErrand>(
  _ left: UnsafeRawPointer, _ right: UnsafeRawPointer, isKept: Bool, _ steps: Int, _: E.Type,
  _ errand: inout E.State
) {
  for step in 0..<steps {
    if isKept {
      processor_tiles_read_streaming_left(left + 2048 * step, right + 2048 * step)
    } else {
      processor_tiles_read_streaming_both(left + 2048 * step, right + 2048 * step)
    }
    processor_tiles_multiply_upper_digits()
    E.tick(&errand)
    processor_tiles_multiply_lower_digits()
  }
}

/// The first digits' products, between which rows of the block before are written: its sums are about to be replaced.
private enum WritingErrand<Other: TileErrand>: TileErrand {
  typealias State = (other: Other.State, block: DigitBlock, rowsPerTick: Int)

  @inline(__always)
  static func tick(_ state: inout State) {
    writeRows(state.rowsPerTick, of: &state.block)
    Other.tick(&state.other)
  }

  @inline(__always)
  static func finish(_ state: inout State) {
    writeRows(32, of: &state.block)
    Other.finish(&state.other)
  }
}

/// The sums of one block for each weight of digits; fourth ones are multiplied where there are any.
@inline(__always)
private func multiplyBlock<E: TileErrand>(
  _ a: DigitTiles, _ left: UnsafeRawPointer, _ b: DigitTiles, _ right: UnsafeRawPointer, _ steps: Int,
  _ groups: Int, _ fourth: (left: Bool, right: Bool), _ sums: UnsafeMutableRawPointer, _: E.Type,
  _ errand: inout WritingErrand<E>.State
) {
  processor_tiles_zero()
  addProducts(left, right, isKept: true, steps, WritingErrand<E>.self, &errand)
  writeRows(32, of: &errand.block)
  processor_tiles_store(sums, 128)
  for weight in 1..<groups {
    processor_tiles_zero()
    for digit in 0...weight {
      if digit == 3 && !fourth.left || weight - digit == 3 && !fourth.right { continue }
      addProducts(
        left + digit * a.digitBytes, right + (weight - digit) * b.digitBytes, isKept: weight - digit < 2,
        steps, E.self, &errand.other)
    }
    processor_tiles_store(sums + 4096 * weight, 128)
  }
}

/// All blocks of sums, while `other` goes on.
private func multiplyBlocks<E: TileErrand>(
  _ a: DigitTiles, _ b: DigitTiles, _ steps: Int, _ c: TileSums, _ spare: MutableFloats, _: E.Type,
  _ other: E.State
) {
  let (rowPanels, columnPanels) = ((c.rows + 31) / 32, (c.columns + 31) / 32)
  let sums = UnsafeMutableRawPointer(spare)
  var errand: WritingErrand<BlockErrand<E>>.State = (
    BlockErrand<E>.start(other, c, ticksPerBlock: 6 * steps, spare),
    (UnsafeRawPointer(sums), 0, Floats(spare), UnsafeRawPointer(sums), c.base, 0, false, 0, 0),
    (31 + steps) / steps
  )
  for turn in 0..<rowPanels * columnPanels {
    // A panel of columns stays in the first-level cache while all rows pass.
    let (i, j) = (turn % rowPanels, turn / rowPanels)
    let (left, right) = (a.base + i * a.panelBytes, b.base + j * b.panelBytes)
    let (row, column) = (left.assumingMemoryBound(to: Float.self), right.assumingMemoryBound(to: Float.self))
    let groups = row[64] + column[64] > DigitTiles.narrow ? 4 : 3
    let corner = c.base + 32 * (i * c.stride + j)
    BlockErrand<E>.fetch(UnsafeMutableRawPointer(corner), &errand.other)
    multiplyBlock(
      a, left + a.offset, b, right + b.offset, steps, groups, (hasFourthDigits(row), hasFourthDigits(column)),
      sums, BlockErrand<E>.self, &errand)
    errand.block = (
      UnsafeRawPointer(sums), groups, row, right, corner, c.stride, c.accumulating, 0,
      min(32, c.rows - 32 * i)
    )
    if c.columns - 32 * j < 32 {
      writeSome(errand.block, columns: c.columns - 32 * j)
      errand.block.rows = 0
    }
  }
  WritingErrand<BlockErrand<E>>.finish(&errand)
}

extension TileKernels {
  public static func multiply(
    _ a: DigitTiles, _ b: DigitTiles, steps: Int, into c: TileSums, spare: MutableFloats, next: TilePacking?
  ) {
    let (lines, rules) = (spare + 4096, spare + 5120)
    if let packing = next.flatMap({ DigitRowPacking.start($0, rules) }) {
      multiplyBlocks(a, b, steps, c, spare, DigitRowPacking.self, packing)
    } else if let packing = next.flatMap({ DigitTurnedPacking.start($0, lines, rules) }) {
      multiplyBlocks(a, b, steps, c, spare, DigitTurnedPacking.self, packing)
    } else {
      multiplyBlocks(a, b, steps, c, spare, Idle.self, ())
      if let next { pack(next) }
    }
  }
}
