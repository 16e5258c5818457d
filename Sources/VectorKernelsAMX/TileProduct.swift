// The micro-kernel on tiles: 32 × 32 sums kept in four of them while it runs along the depth of two panels.

import ProcessorFeatures
public import VectorKernelsInterface

/// This instruction set's kernels.
public enum TileKernels {}

/// The tiles' sums on their way to where only some of them exist, or are to be rounded.
private typealias Block = MutableFloats

/// One block of sums, from `row` and `column` on; `copy` is room for it.
@inline(__always)
private func multiplyBlock<S: TileSteps, E: TileErrand>(
  _: S.Type, _ left: LeftTiles, _ a: UnsafeRawPointer, _ right: RightTiles, _ b: UnsafeRawPointer,
  _ steps: Int, _ c: TileSums, _ row: Int, _ column: Int, _ copy: Block, _: BlockErrand<E>.Type,
  _ errand: inout BlockErrand<E>.State
) {
  let (rows, columns) = (min(32, c.rows - row), min(32, c.columns - column))
  let target = c.base + row * c.stride + column
  let isWhole = rows == 32 && columns == 32
  if !c.accumulating {
    processor_tiles_zero()
  } else if isWhole {
    processor_tiles_load(target, 4 * c.stride)
  } else {
    for index in 0..<rows { (copy + 32 * index).update(from: target + index * c.stride, count: columns) }
    processor_tiles_load(copy, 128)
  }
  for step in 0..<steps {
    S.add(a + step * left.stepBytes, left.rowBytes, b + step * right.stepBytes, BlockErrand<E>.self, &errand)
  }
  if let rounded = c.rounded {
    BlockErrand<E>.finishRounding(&errand)
    processor_tiles_store(copy, 128)
    let address = rounded + row * c.roundedStride + column
    if isWhole { return BlockErrand<E>.round(copy, into: address, &errand) }
    for index in 0..<rows { writeRounded(copy + 32 * index, address + index * c.roundedStride, columns) }
  } else if isWhole {
    processor_tiles_store(target, 4 * c.stride)
  } else {
    processor_tiles_store(copy, 128)
    for index in 0..<rows { (target + index * c.stride).update(from: copy + 32 * index, count: columns) }
  }
}

/// All blocks of sums, while `other` goes on.
private func multiplyBlocks<S: TileSteps, E: TileErrand>(
  _ kind: S.Type, _ a: LeftTiles, _ b: RightTiles, _ steps: Int, _ c: TileSums, _ spare: MutableFloats,
  _: E.Type, _ other: E.State
) {
  let (rowPanels, columnPanels) = ((c.rows + 31) / 32, (c.columns + 31) / 32)
  func place(_ turn: Int) -> (i: Int, j: Int) {
    a.isKept ? (turn / columnPanels, turn % columnPanels) : (turn % rowPanels, turn / rowPanels)
  }
  let count = rowPanels * columnPanels
  // Beside a few products there is no room for 64 requests.
  let isFetching = steps * S.ticks >= 8
  var errand = BlockErrand<E>.start(other, c, ticksPerBlock: steps * S.ticks, spare)
  for turn in 0..<count {
    if isFetching, turn + 1 < count {
      let (i, j) = place(turn + 1)
      if let rounded = c.rounded {
        BlockErrand<E>.fetch(UnsafeMutableRawPointer(rounded + 32 * (i * c.roundedStride + j)), &errand)
      } else {
        BlockErrand<E>.fetch(UnsafeMutableRawPointer(c.base + 32 * (i * c.stride + j)), &errand)
      }
    }
    let (i, j) = place(turn)
    let (left, right) = (a.base + i * a.panelBytes, b.base + j * b.panelBytes)
    // The last block's sums may wait in the other half.
    multiplyBlock(
      kind, a, left, b, right, steps, c, 32 * i, 32 * j, spare + (turn & 1) * 1024,
      BlockErrand<E>.self, &errand)
  }
  BlockErrand<E>.finish(&errand)
}

extension TileKernels: TileProductKernels {
  public static func begin() { processor_tiles_begin() }
  public static func end() { processor_tiles_end() }

  public static func multiply(
    _ a: LeftTiles, _ b: RightTiles, steps: Int, into c: TileSums, spare: MutableFloats, next: TilePacking?
  ) {
    switch (a.parts, b.parts) {
    case (3, 3): multiply(ThreeByThree.self, a, b, steps, c, spare, next)
    case (3, 1): multiply(ThreeByOne.self, a, b, steps, c, spare, next)
    case (2, 2): multiply(TwoByTwo.self, a, b, steps, c, spare, next)
    case (2, 1): multiply(TwoByOne.self, a, b, steps, c, spare, next)
    case (1, 1) where a.isKept: multiply(KeptSteps.self, a, b, steps, c, spare, next)
    case (1, 1): multiply(PackedSteps.self, a, b, steps, c, spare, next)
    case (let left, let right): preconditionFailure("tiles: \(left) parts by \(right)")
    }
  }

  private static func multiply<S: TileSteps>(
    _ kind: S.Type, _ a: LeftTiles, _ b: RightTiles, _ steps: Int, _ c: TileSums, _ spare: MutableFloats,
    _ next: TilePacking?
  ) {
    guard let next else { return multiplyBlocks(kind, a, b, steps, c, spare, Idle.self, ()) }
    switch next.format {
    case .brainFloat: multiply(kind, BrainFloatNumbers.self, a, b, steps, c, spare, next)
    case .rounded: multiply(kind, RoundedNumbers.self, a, b, steps, c, spare, next)
    case .twoParts: multiply(kind, TwoPartNumbers.self, a, b, steps, c, spare, next)
    case .threeParts: multiply(kind, ThreePartNumbers.self, a, b, steps, c, spare, next)
    case .digits: preconditionFailure("tiles: digits packed beside bfloat16 numbers")
    }
  }

  private static func multiply<S: TileSteps, N: TileNumbers>(
    _ kind: S.Type, _ numbers: N.Type, _ a: LeftTiles, _ b: RightTiles, _ steps: Int, _ c: TileSums,
    _ spare: MutableFloats, _ next: TilePacking
  ) {
    if let packing = RowPacking<N>.start(next) {
      multiplyBlocks(kind, a, b, steps, c, spare, RowPacking<N>.self, packing)
    } else if let packing = TurnedPacking<N>.start(next, spare + 2048) {
      multiplyBlocks(kind, a, b, steps, c, spare, TurnedPacking<N>.self, packing)
    } else {
      multiplyBlocks(kind, a, b, steps, c, spare, Idle.self, ())
      VectorKernelsAMX.pack(numbers, next)
    }
  }
}
