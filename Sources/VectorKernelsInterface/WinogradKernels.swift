// What an instruction set implements for Winograd's inner products: additions in the place of multiplications.

/// Products of single precision in which additions take the place of a third of the multiplications.
///
/// `a₁b₁ + a₂b₂ = (a₁ + b₂)(a₂ + b₁) − a₁a₂ − b₁b₂`, and `Σa₁a₂` belongs to a row, `Σb₁b₂` to a column: each is summed up once.
/// (S. Winograd, "A New Algorithm for Inner Product", IEEE Transactions on Computers C-17, 1968.) Of each three levels of
/// depth two are multiplied so and one as usual, which makes two additions and two fused multiply-adds of three of these. They
/// are one of each third of a block: of neighbours, which are often large together, the product taken away would be large.
///
/// A panel has a head and, level by level, all of its rows (or columns) beside each other, as `ProductKernels` has them. Each
/// row is multiplied by a power of two, so that its mean square is about 1: sums of numbers that are not of one size would
/// lose the smaller one.
public protocol WinogradKernels: SendableMetatype {
  /// Packs `outer × depth` numbers, of which one of the two strides is 1, into measured panels of `width`.
  ///
  /// Depth is filled up to `levels`, a multiple of 3, with zeros; it is one of so many `blocks`.
  static func pack(
    _ source: Floats, outerStride: Int, depthStride: Int, outer: Int, depth: Int, levels: Int, blocks: Int,
    width: Int, intoMeasured panels: MutableFloats, panelStride: Int)

  /// c (+)= a·b for `rows × columns` elements; each goes on from c's, or from 0, with the sum of one block.
  static func multiply(measured a: Floats, _ b: Floats, levels: Int, into c: TileTarget)
}

/// How panels for Winograd's inner products are laid out.
public enum WinogradPanel {
  /// Rows of the left operand in a panel.
  public static let rows = 24
  /// Columns of the right operand in a panel.
  public static let columns = 16
  /// Columns that are multiplied together: those of two panels.
  public static let tileColumns = 2 * columns
  /// The most levels of depth that are summed from 0.
  public static let block = 288

  /// Rows whose scale is farther than this from 1, as a power of two, are not scaled further.
  public static let greatestScale = 63
  /// The most that the squares of a row's products of two levels may come to, for each of its levels and each block of
  /// depth; of equally distributed numbers they come to 1/3. More, and what is taken away again would be large beside what is left.
  public static let greatestCrossed = 2.0
  /// The square of the mean magnitude, as a share of the mean square, below which few numbers make a row's size; 0.64 in a
  /// normal distribution. Where both are so, a row and a column may be large at different levels, and their sum small.
  public static let leastEvenness = 0.2

  /// What a head says of each row: the sum of what is too much, the factor of its numbers, and its reserve.
  ///
  /// An element whose row and column have a reserve of `usual` together is multiplied as usual.
  public static let facts = 3
  /// The reserve of an element that is multiplied as usual: of a row that is crossed too much, of zeros, or out of scale, or of
  /// two of which each has some large numbers.
  public static let usual: Float = 2
  /// Numbers of a head: those of all rows, then the smallest and the largest reserve.
  public static func headCount(_ width: Int) -> Int { (facts * width + 16) / 16 * 16 }
  /// Numbers of a panel.
  public static func count(_ width: Int, levels: Int) -> Int { headCount(width) + width * levels }

  /// How many blocks a depth is cut into.
  public static func blocks(_ depth: Int) -> Int { (depth + block - 1) / block }
  /// Levels of each block, filled up to whole triples.
  public static func levels(_ depth: Int) -> Int {
    let blocks = blocks(depth)
    return blocks == 0 ? 0 : ((depth + blocks - 1) / blocks + 2) / 3 * 3
  }
}
