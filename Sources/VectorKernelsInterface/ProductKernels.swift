// What every instruction set implements for matrix products: laying out panels, and multiplying them.

/// Matrix products on packed panels of 32-bit words.
///
/// A panel holds `width` rows of the left operand (or columns of the right one) word by word: all of them at
/// depth 0, then all at depth 1 … A word is a single-precision number or two bfloat16 ones that follow each
/// other in depth. Nothing that fills up a last panel is ever read back.
public protocol ProductKernels: SendableMetatype {
  /// Rows of a tile, the width of the left operand's panels.
  static var tileRows: Int { get }
  /// Columns of a tile, the width of the right operand's panels.
  static var tileColumns: Int { get }
  /// Whether the set multiplies pairs of bfloat16; elsewhere they must be widened before.
  static var multipliesPairs: Bool { get }

  /// Packs `outer × depth` scalars, of which one of the two strides is 1, into panels of `width`.
  ///
  /// May write up to 8 words past the last panel if the width is `tileRows`.
  static func pack(
    _ source: Floats, outerStride: Int, depthStride: Int, outer: Int, depth: Int, width: Int,
    into panels: MutableFloats, panelStride: Int)
  /// The same for bfloat16, widened to single precision.
  static func pack(
    _ source: UnsafePointer<UInt16>, outerStride: Int, depthStride: Int, outer: Int, depth: Int, width: Int,
    into panels: MutableFloats, panelStride: Int)

  /// The same for bfloat16 in pairs, `(depth + 1)/2` words each.
  static func packPairs(
    _ source: UnsafePointer<UInt16>, outerStride: Int, depthStride: Int, outer: Int, depth: Int, width: Int,
    into panels: MutableFloats, panelStride: Int)

  /// Widens `levels` words of depth of a panel of pairs to twice as many levels of single precision; `next` is where
  /// as many will be read soon.
  static func widenPairs(
    _ panel: Floats, levels: Int, width: Int, into target: MutableFloats, next: Floats)

  /// c (+)= a·b for `rows × columns` elements; each goes on from c's, or from 0, in the order of depth.
  static func multiply(_ a: Panels, _ b: Panels, words: Int, into c: TileTarget)
  /// The same where words are pairs.
  static func multiplyPairs(_ a: Panels, _ b: Panels, words: Int, into c: TileTarget)
}

/// Packed panels, `stride` words apart.
public struct Panels {
  public var base: Floats
  public var stride: Int

  public init(_ base: Floats, stride: Int) {
    (self.base, self.stride) = (base, stride)
  }
}

/// Where a product goes.
public struct TileTarget {
  public var base: MutableFloats
  public var stride: Int, rows: Int, columns: Int
  /// Whether to start from what is there instead of from 0.
  public var accumulating: Bool

  public init(_ base: MutableFloats, stride: Int, rows: Int, columns: Int, accumulating: Bool) {
    (self.base, self.stride, self.rows) = (base, stride, rows)
    (self.columns, self.accumulating) = (columns, accumulating)
  }
}
