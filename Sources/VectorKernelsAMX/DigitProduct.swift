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

/// Writes a block: those of its rows and columns that exist.
@inline(__always)
private func write(
  _ sums: UnsafeRawPointer, _ groups: Int, _ row: Floats, _ column: UnsafeRawPointer, _ c: TileSums,
  _ firstRow: Int, _ firstColumn: Int
) {
  let (rows, columns) = (min(32, c.rows - firstRow), min(32, c.columns - firstColumn))
  let corner = c.base + firstRow * c.stride + firstColumn
  if columns == 32 {
    for index in 0..<rows {
      write(
        (
          sums + 128 * index, groups, row[index], row[32 + index], column,
          UnsafeMutableRawPointer(corner + index * c.stride), c.accumulating
        ))
    }
  } else {
    writeSome(sums, groups, row, column, corner, c, rows, columns)
  }
}

/// The same where some columns do not exist: by a copy of each row.
@inline(never)
private func writeSome(
  _ sums: UnsafeRawPointer, _ groups: Int, _ row: Floats, _ column: UnsafeRawPointer, _ corner: MutableFloats,
  _ c: TileSums, _ rows: Int, _ columns: Int
) {
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 32) { copy in
    copy.initialize(repeating: 0)
    guard let base = copy.baseAddress else { return }
    for index in 0..<rows {
      let target = corner + index * c.stride
      base.update(from: target, count: columns)
      write(
        (
          sums + 128 * index, groups, row[index], row[32 + index], column, UnsafeMutableRawPointer(base),
          c.accumulating
        ))
      target.update(from: base, count: columns)
    }
  }
}

/// The sums of one block for each weight of digits; fourth ones are multiplied where there are any.
@inline(__always)
private func multiplyBlock<E: TileErrand>(
  _ a: DigitTiles, _ left: UnsafeRawPointer, _ b: DigitTiles, _ right: UnsafeRawPointer, _ steps: Int,
  _ groups: Int,
  _ fourth: (left: Bool, right: Bool), _ sums: UnsafeMutableRawPointer, _: E.Type, _ errand: inout E.State
) {
  for weight in 0..<groups {
    processor_tiles_zero()
    for digit in 0...weight {
      if digit == 3 && !fourth.left || weight - digit == 3 && !fourth.right { continue }
      let (from, to) = (left + digit * a.digitBytes, right + (weight - digit) * b.digitBytes)
      for step in 0..<steps {
        processor_tiles_read_streaming_left(from + 2048 * step, to + 2048 * step)
        processor_tiles_multiply_upper_digits()
        E.tick(&errand)
        processor_tiles_multiply_lower_digits()
      }
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
  var errand = BlockErrand<E>.start(other, c, ticksPerBlock: 6 * steps, spare)
  for turn in 0..<rowPanels * columnPanels {
    // A panel of columns stays in the first-level cache while all rows pass.
    let (i, j) = (turn % rowPanels, turn / rowPanels)
    let (left, right) = (a.base + i * a.panelBytes, b.base + j * b.panelBytes)
    let (row, column) = (left.assumingMemoryBound(to: Float.self), right.assumingMemoryBound(to: Float.self))
    let groups = row[64] + column[64] > DigitTiles.narrow ? 4 : 3
    BlockErrand<E>.fetch(UnsafeMutableRawPointer(c.base + 32 * (i * c.stride + j)), &errand)
    multiplyBlock(
      a, left + a.offset, b, right + b.offset, steps, groups, (row[65] > 0, column[65] > 0), spare,
      BlockErrand<E>.self, &errand)
    write(UnsafeRawPointer(spare), groups, row, right, c, 32 * i, 32 * j)
  }
  BlockErrand<E>.finish(&errand)
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
