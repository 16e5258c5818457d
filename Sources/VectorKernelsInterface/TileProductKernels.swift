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
  /// Single precision, as four signed bytes below its row's or column's scale.
  case digits

  /// How many bfloat16 numbers, or digits, stand for one.
  public var parts: Int {
    switch self {
    case .brainFloat, .rounded: 1
    case .twoParts: 2
    case .threeParts: 3
    case .digits: 4
    }
  }
  /// How many levels of depth make a step.
  public var levels: Int { self == .digits ? 64 : 32 }
  /// Bytes of a panel in front of its tiles.
  public var headBytes: Int { self == .digits ? DigitTiles.headBytes : 0 }

  /// Steps of a depth.
  public func steps(_ depth: Int) -> Int { (depth + levels - 1) / levels }
  /// Bytes of a panel of so many steps.
  public func panelBytes(steps: Int) -> Int { headBytes + steps * parts * 2048 }
  /// Bytes from one step of a panel to the next.
  public var stepBytes: Int { self == .digits ? 2048 : parts * 2048 }
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

  /// The same of digits, over `steps` times 64 steps of depth, with sums that are not to be rounded.
  static func multiply(
    _ a: DigitTiles, _ b: DigitTiles, steps: Int, into c: TileSums, spare: MutableFloats, next: TilePacking?)
}

/// `outer × depth` numbers, of which one of the two strides is 1, and the panels of 32 that they are to fill.
public struct TilePacking {
  public var source: UnsafeRawPointer
  public var format: TileFormat
  public var outerStride: Int, depthStride: Int
  public var outer: Int, depth: Int
  /// How many terms the sums will have: as many as `depth`, or more where this is part of it.
  public var terms: Int
  public var isRight: Bool
  public var panels: UnsafeMutableRawPointer, panelBytes: Int

  public init(
    _ source: UnsafeRawPointer, _ format: TileFormat, outerStride: Int, depthStride: Int, outer: Int,
    depth: Int, terms: Int, isRight: Bool, into panels: UnsafeMutableRawPointer, panelBytes: Int
  ) {
    (self.source, self.format, self.outerStride, self.depthStride) = (
      source, format, outerStride, depthStride
    )
    (self.outer, self.depth, self.terms, self.isRight) = (outer, depth, terms, isRight)
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

/// Panels of digits.
///
/// A number is its scale times d₀·2⁻⁷ + d₁·2⁻¹⁵ + d₂·2⁻²³ + d₃·2⁻³¹, of which digits are signed bytes. A panel starts with a
/// head: half the scale of each of its 32 rows or columns, then how far the largest number of each stands above the middle
/// one (less what sums of so many terms allow), then the greatest of those 32, then whether it is great enough for fourth
/// digits. Tiles follow, all of the first digit, then all of the second …
public struct DigitTiles {
  /// Bytes of the head.
  public static var headBytes: Int { 320 }
  /// Bytes from one digit's tiles to the next one's in a panel of so many.
  public static func digitBytes(_ panelBytes: Int) -> Int { (panelBytes - headBytes) / 4 }
  /// Sixteenths of an octave that two operands may be spread together and be multiplied by their first three digits alone.
  ///
  /// Numbers of a normal distribution have some 42 each.
  public static var narrow: Float { 102 }
  /// Sixteenths of an octave that a row or column may be spread and have no fourth digit.
  public static var threeDigits: Float { 80 }
  /// What each of two operands may be spread more where sums are long.
  ///
  /// What digits leave out grows with the square root of the number of terms, but the error of a chain of fused multiply-adds
  /// with the number itself: each of its roundings is a share of a sum that grows too. So both together may be spread an
  /// octave more where there are four times as many terms.
  public static func allowance(terms: Int) -> Float {
    func logarithm(_ count: Int) -> Int { Int(Float(count).bitPattern >> 19) }
    return Float(max(0, logarithm(terms) - logarithm(64 * spanSteps))) / 4
  }
  /// The least top of a scale: rows of smaller numbers keep what stands above 2⁻³¹ of it, with all digits.
  public static var smallestTop: Float { 0x1p-96 }
  /// The spread that stands for all digits.
  public static var greatestSpread: Float { 4096 }
  /// Steps of depth that a left operand's scales hold for, at most.
  public static var spanSteps: Int { 9 }

  /// The first panel's head.
  public var base: UnsafeRawPointer
  /// Bytes from one panel to the next, and from one digit's tiles to the next one's.
  public var panelBytes: Int, digitBytes: Int
  /// Bytes from a panel to the first of its tiles that is multiplied.
  public var offset: Int

  /// Panels from a step of depth on.
  public init(_ base: UnsafeRawPointer, panelBytes: Int, firstStep: Int = 0) {
    (self.base, self.panelBytes) = (base, panelBytes)
    digitBytes = Self.digitBytes(panelBytes)
    offset = Self.headBytes + firstStep * TileFormat.digits.stepBytes
  }
}

/// Where a product on tiles goes.
public struct TileSums {
  /// How many numbers of room a product needs: for sums on their way, lines of tiles, and what makes digits of four panels.
  public static var spareCount: Int { 5 * 1024 + 256 }

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
