// What an instruction set with two-dimensional registers implements: packing tiles, and multiplying them.

/// What the numbers of an operand become in tiles.
public enum TileFormat: Sendable {
  /// bfloat16, as they are.
  case brainFloat
  /// Single precision, rounded to bfloat16.
  case rounded
  /// Single precision to 16 bits, as the sum of two bfloat16 numbers: the nearest one, and that of the rest.
  case twoParts
  /// Single precision, as the sum of three bfloat16 numbers: the nearest one, that of the rest, and the rest.
  case threeParts

  /// How many bfloat16 numbers stand for one.
  public var parts: Int {
    switch self {
    case .brainFloat, .rounded: 1
    case .twoParts: 2
    case .threeParts: 3
    }
  }
  /// Bytes of a panel for 32 steps of depth.
  public var stepBytes: Int { parts * 2048 }
}

/// Matrix products on tiles of 16 rows of 32 bfloat16 numbers.
///
/// A panel is 32 rows of the left operand or 32 columns of the right one. Packed, it holds for each 32 steps of
/// depth, part by part, two tiles of 1 KB. A tile of the left operand has its 16 rows one after the other. One of
/// the right operand has first the depths 0 and 1 of its 16 columns, column by column, then 2 and 3 … Depth and
/// columns are filled up with zeros.
public protocol TileProductKernels: SendableMetatype {
  /// Prepares the tiles of the calling thread; everything until `end` must run on it.
  static func begin()
  /// Gives the tiles back.
  static func end()

  /// Packs part of an operand.
  static func pack(_ job: TilePacking)

  /// c (+)= a·b over `steps` times 32 steps of depth; `spare` is room for `TileSums.spareCount` numbers.
  ///
  /// Operands have as many parts as each other, or the right one has one; of products of parts those are taken
  /// that are not smaller than what the last part leaves out.
  /// `next` is packed meanwhile.
  static func multiply(
    _ a: LeftTiles, _ b: RightTiles, steps: Int, into c: TileSums, spare: MutableFloats, next: TilePacking?)
}

/// `outer × depth` numbers, of which one of the two strides is 1, and the panels of 32 that they are to fill.
public struct TilePacking {
  public var source: UnsafeRawPointer
  public var format: TileFormat
  public var outerStride: Int, depthStride: Int
  public var outer: Int, depth: Int
  public var isRight: Bool
  public var panels: UnsafeMutableRawPointer, panelBytes: Int

  public init(
    _ source: UnsafeRawPointer, _ format: TileFormat, outerStride: Int, depthStride: Int, outer: Int,
    depth: Int, isRight: Bool, into panels: UnsafeMutableRawPointer, panelBytes: Int
  ) {
    (self.source, self.format, self.outerStride, self.depthStride) = (
      source, format, outerStride, depthStride
    )
    (self.outer, self.depth, self.isRight) = (outer, depth, isRight)
    (self.panels, self.panelBytes) = (panels, panelBytes)
  }
}

/// The left operand's panels: packed, or as rows of bfloat16 numbers.
public struct LeftTiles {
  public var base: UnsafeRawPointer
  /// Bytes from one panel to the next, and from one step of depth to the next.
  public var panelBytes: Int, stepBytes: Int
  /// Bytes from one row of a tile to the next.
  public var rowBytes: Int
  /// How many bfloat16 numbers stand for one.
  public var parts: Int
  /// Whether a panel stays in the first-level cache while all columns pass; otherwise one of the right operand does
  /// while all rows pass.
  public var isKept: Bool

  /// Packed panels.
  public init(_ base: UnsafeRawPointer, panelBytes: Int, format: TileFormat, isKept: Bool) {
    (self.base, self.panelBytes, stepBytes) = (base, panelBytes, format.stepBytes)
    (rowBytes, parts, self.isKept) = (64, format.parts, isKept)
  }

  /// Rows of bfloat16 numbers where they are, which stay in the first-level cache.
  public init(rows base: UnsafeRawPointer, rowBytes: Int) {
    (self.base, panelBytes, stepBytes) = (base, 32 * rowBytes, 64)
    (self.rowBytes, parts, isKept) = (rowBytes, 1, true)
  }
}

/// The right operand's panels.
public struct RightTiles {
  public var base: UnsafeRawPointer
  /// Bytes from one panel to the next, and from one step of depth to the next.
  public var panelBytes: Int, stepBytes: Int
  /// How many bfloat16 numbers stand for one.
  public var parts: Int

  public init(_ base: UnsafeRawPointer, panelBytes: Int, format: TileFormat) {
    (self.base, self.panelBytes) = (base, panelBytes)
    (stepBytes, parts) = (format.stepBytes, format.parts)
  }
}

/// Where a product on tiles goes.
public struct TileSums {
  /// How many numbers of room a product needs for sums on their way, and for lines of a tile.
  public static var spareCount: Int { 2 * 1024 + 3 * 256 }

  /// Where the sums are kept, `stride` numbers from one row to the next.
  public var base: MutableFloats
  public var stride: Int
  public var rows: Int, columns: Int
  /// Whether to go on from what is there instead of from 0.
  public var accumulating: Bool
  /// Where the rounded sums go instead, if this is the last of the depth.
  public var rounded: UnsafeMutablePointer<UInt16>?
  public var roundedStride = 0

  public init(_ base: MutableFloats, stride: Int, rows: Int, columns: Int, accumulating: Bool) {
    (self.base, self.stride, self.rows) = (base, stride, rows)
    (self.columns, self.accumulating) = (columns, accumulating)
  }
}
