// The micro-kernel on tiles: 32 × 32 sums kept in four of them while it runs along the depth of two panels.

import ProcessorFeatures
public import VectorKernelsInterface

/// This instruction set's kernels.
public enum TileKernels {}

/// How one step of a panel by one of a panel is multiplied.
private protocol TileSteps {
  /// Adds one step to the sums in the tiles; rows of the left one's lie `rowBytes` apart.
  static func add(_ a: UnsafeRawPointer, _ rowBytes: Int, _ b: UnsafeRawPointer)
}

/// bfloat16, the left operand's panel kept in the first-level cache.
private enum KeptSteps: TileSteps {
  @inline(__always)
  static func add(_ a: UnsafeRawPointer, _ rowBytes: Int, _ b: UnsafeRawPointer) {
    processor_tiles_step_streaming_right(a, rowBytes, b)
  }
}

/// bfloat16, the left operand packed: the right one's panel stays in the first-level cache.
private enum PackedSteps: TileSteps {
  @inline(__always)
  static func add(_ a: UnsafeRawPointer, _: Int, _ b: UnsafeRawPointer) {
    processor_tiles_step_streaming_left(a, b)
  }
}

/// Three parts by three.
private enum ThreeByThree: TileSteps {
  @inline(__always)
  static func add(_ a: UnsafeRawPointer, _: Int, _ b: UnsafeRawPointer) {
    processor_tiles_step_three_by_three(a, b)
  }
}

/// Three parts by bfloat16.
private enum ThreeByOne: TileSteps {
  @inline(__always)
  static func add(_ a: UnsafeRawPointer, _: Int, _ b: UnsafeRawPointer) {
    processor_tiles_step_three_by_one(a, b)
  }
}

/// Two parts by two.
private enum TwoByTwo: TileSteps {
  @inline(__always)
  static func add(_ a: UnsafeRawPointer, _: Int, _ b: UnsafeRawPointer) {
    processor_tiles_step_two_by_two(a, b)
  }
}

/// Two parts by bfloat16.
private enum TwoByOne: TileSteps {
  @inline(__always)
  static func add(_ a: UnsafeRawPointer, _: Int, _ b: UnsafeRawPointer) {
    processor_tiles_step_two_by_one(a, b)
  }
}

/// The tiles' sums on their way to where only some of them exist, or are to be rounded.
private typealias Block = MutableFloats

/// One block of sums.
@inline(__always)
private func multiplyBlock<S: TileSteps>(
  _: S.Type, _ left: LeftTiles, _ a: UnsafeRawPointer, _ right: RightTiles, _ b: UnsafeRawPointer,
  _ steps: Int, _ c: TileSums, _ row: Int, _ column: Int, _ copy: Block
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
  for step in 0..<steps { S.add(a + step * left.stepBytes, left.rowBytes, b + step * right.stepBytes) }
  if let rounded = c.rounded {
    processor_tiles_store(copy, 128)
    let address = rounded + row * c.roundedStride + column
    for index in 0..<rows { writeRounded(copy + 32 * index, address + index * c.roundedStride, columns) }
  } else if isWhole {
    processor_tiles_store(target, 4 * c.stride)
  } else {
    processor_tiles_store(copy, 128)
    for index in 0..<rows { (target + index * c.stride).update(from: copy + 32 * index, count: columns) }
  }
}

/// All blocks of sums.
private func multiplyBlocks<S: TileSteps>(
  _ kind: S.Type, _ a: LeftTiles, _ b: RightTiles, _ steps: Int, _ c: TileSums, _ copy: Block
) {
  let (rowPanels, columnPanels) = ((c.rows + 31) / 32, (c.columns + 31) / 32)
  for turn in 0..<rowPanels * columnPanels {
    let (i, j) =
      a.isKept ? (turn / columnPanels, turn % columnPanels) : (turn % rowPanels, turn / rowPanels)
    let (left, right) = (a.base + i * a.panelBytes, b.base + j * b.panelBytes)
    multiplyBlock(kind, a, left, b, right, steps, c, 32 * i, 32 * j, copy)
  }
}

/// Rounds the first `count` of 32 sums to bfloat16.
@inline(__always)
private func writeRounded(_ sums: Block, _ target: UnsafeMutablePointer<UInt16>, _ count: Int) {
  let raw = UnsafeRawPointer(sums)
  let words = processor_round_to_bfloat16(raw.load(as: Numbers.self), (raw + 64).load(as: Numbers.self))
  if count == 32 {
    UnsafeMutableRawPointer(target).storeBytes(of: words, as: Words.self)
  } else {
    let shorts = unsafeBitCast(words, to: SIMD32<UInt16>.self)
    for index in 0..<count { target[index] = shorts[index] }
  }
}

extension TileKernels: TileProductKernels {
  public static func begin() { processor_tiles_begin() }
  public static func end() { processor_tiles_end() }

  public static func multiply(
    _ a: LeftTiles, _ b: RightTiles, steps: Int, into c: TileSums, spare: MutableFloats
  ) {
    switch (a.parts, b.parts) {
    case (3, 3): multiplyBlocks(ThreeByThree.self, a, b, steps, c, spare)
    case (3, 1): multiplyBlocks(ThreeByOne.self, a, b, steps, c, spare)
    case (2, 2): multiplyBlocks(TwoByTwo.self, a, b, steps, c, spare)
    case (2, 1): multiplyBlocks(TwoByOne.self, a, b, steps, c, spare)
    case (1, 1) where a.isKept: multiplyBlocks(KeptSteps.self, a, b, steps, c, spare)
    case (1, 1): multiplyBlocks(PackedSteps.self, a, b, steps, c, spare)
    case (let left, let right): preconditionFailure("tiles: \(left) parts by \(right)")
    }
  }
}
