// What an instruction set implements for bfloat16's long sums in fixed point: exact sums of integers.

/// Products of bfloat16 numbers as integers of 14 bits, a third of whose multiplications are additions.
///
/// Block of depth by block of depth, each row of the left operand and each column of the right one shares a unit, a power of
/// two. Its numbers become the nearest multiples: those of at least 128 units, which have no more bits, exactly. What is
/// left can become a second digit. It counts for elements of a row whose average is less than that, and where both the row
/// and the column have averages far below their largest numbers. Sums of integers are exact, so elements depend on neither
/// the order of their terms nor the instruction set.
///
/// A word holds two numbers that follow each other in depth, as bfloat16's pairs do. Of each three words two are exchanged
/// (see `WinogradKernels`) and one is multiplied as usual; they are one of each third of a block.
public protocol FixedPointKernels: SendableMetatype {
  /// Packs `outer × depth` numbers, of which one of the two strides is 1, into panels of `width`, filled up to `levels`
  /// with zeros. Second digits go where `panels` says, if there are any.
  static func pack(
    _ source: UnsafePointer<UInt16>, outerStride: Int, depthStride: Int, outer: Int, depth: Int, levels: Int,
    width: Int, into panels: IntegerPanels, panelStride: Int)

  /// c (+)= a·b for `rows × columns` elements; each goes on from c's, or from 0, with the sum of one block.
  ///
  /// The result is rounded to `rounded` if that is given: `c` is only read then, if at all.
  static func multiply(
    integers a: IntegerPanels, _ b: IntegerPanels, levels: Int, into c: TileTarget, rounded: RoundedTarget?)
}

/// Panels of integers, and how many words behind each the panel of its second digits is.
public struct IntegerPanels {
  public var base: MutableFloats
  public var second: Int

  public init(_ base: MutableFloats, second: Int) {
    (self.base, self.second) = (base, second)
  }
}

/// Where rounded results go.
public struct RoundedTarget {
  public var base: UnsafeMutablePointer<UInt16>
  public var stride: Int

  public init(_ base: UnsafeMutablePointer<UInt16>, stride: Int) {
    (self.base, self.stride) = (base, stride)
  }
}

/// How panels of integers are laid out: a head, then word by word all rows (or columns) beside each other.
public enum IntegerPanel {
  /// Rows of the left operand in a panel, as many as of single precision.
  public static let rows = WinogradPanel.rows
  /// Columns of the right operand in a panel.
  public static let columns = WinogradPanel.columns
  /// The most levels of depth that share a unit.
  public static let block = 768
  /// The fewest terms that gain by it: rows are measured and laid out twice as long as pairs are.
  public static let fewest = 192

  /// The most that a row's largest integer times the sum of its magnitudes may come to, and with it the sum of its squares:
  /// sums of a row by a column stay below 2³¹. What rounding can add is left out.
  public static let greatestSquares = 1 << 31 - 1 << 24
  /// The mean magnitude, in units, below which second digits always count. bfloat16's numbers from here on are whole.
  public static let leastMean = 128
  /// The mean magnitude, as a share of the largest one, below which second digits count if it is so on both sides: rows and
  /// columns may be large at different levels, and their sum small. The largest of 768 normal numbers is five times their mean.
  public static let leastShare = 16
  /// A unit, in those of second digits, as a power of two: digits are at most 1,024, so no sum of them exceeds 2³¹ either.
  public static let secondBits = 11

  /// What a head says of each row: what is taken away from its sums, its unit's exponent, and its need of second digits.
  public static let facts = 3
  /// The need of elements for which second digits count, of their row's and their column's together; 0 or 1 of a row or a
  /// column that has some only if the other one needs them too.
  public static let needed: Float = 2
  /// Words of a head: those of all rows, then the greatest need.
  public static func headCount(_ width: Int) -> Int { (facts * width + 16) / 16 * 16 }
  /// Words of a panel.
  public static func count(_ width: Int, levels: Int) -> Int { headCount(width) + width * levels / 2 }

  /// How many blocks a depth is cut into.
  public static func blocks(_ depth: Int) -> Int { (depth + block - 1) / block }
  /// Levels of each block, filled up to whole triples of words.
  public static func levels(_ depth: Int) -> Int {
    let blocks = blocks(depth)
    return blocks == 0 ? 0 : ((depth + blocks - 1) / blocks + 5) / 6 * 6
  }

  /// The power of two that makes the largest of a row's magnitudes an integer of 13 bits; `bits` are those of single
  /// precision.
  ///
  /// Of numbers below 2⁻¹¹³ it makes less, and of what is not finite anything.
  @inline(__always)
  public static func exponent(largest bits: UInt32) -> Int { min(126, 139 - Int(bits >> 23)) }

  /// A row's need of second digits, given its integers' largest one, and the sum and number of them, at that exponent.
  @inline(__always)
  public static func need(largest: Int, sum: Int, count: Int, bitsLess: Int) -> Float {
    if sum == 0 { return 0 }
    if sum < (leastMean * count) << bitsLess { return needed }
    return sum * leastShare < largest * count ? 1 : 0
  }

  /// How many bits less a row's integers have, given the largest one and the sum of magnitudes at that exponent.
  @inline(__always)
  public static func bitsLess(largest: Int, sum: Int) -> Int {
    var bits = 0
    while largest * sum > greatestSquares << (2 * bits) { bits += 1 }
    return bits
  }
}
