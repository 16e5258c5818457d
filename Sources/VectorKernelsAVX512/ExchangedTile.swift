// The sums of a tile whose words are exchanged or multiplied as usual: 24 rows by two panels of columns, twelve rows at a time.

import ProcessorFeatures
import VectorKernelsInterface

/// Two registers of columns, or of a row's sums by them: one of each panel.
private typealias Couple<V> = (V, V)

/// The sums of twelve rows.
private typealias Twelve<V> = (
  Couple<V>, Couple<V>, Couple<V>, Couple<V>, Couple<V>, Couple<V>,
  Couple<V>, Couple<V>, Couple<V>, Couple<V>, Couple<V>, Couple<V>
)

/// How the words of a row and of all columns are multiplied and added up: those of the first two thirds of a block together,
/// those of the last one by themselves.
protocol ExchangedWords {
  associatedtype Vector: SIMD
  /// Whether sums do not depend on the order of their terms.
  static var isExact: Bool { get }
  /// A row's word beside all columns.
  static func besideAll(_ word: Floats) -> Vector
  static func add(_ a: Vector, _ b: Vector) -> Vector
  /// sums + a·b
  static func addProduct(_ sums: Vector, _ a: Vector, _ b: Vector) -> Vector
  /// Adds the products of a row's first two words.
  static func exchange(
    _ sums: inout (Vector, Vector), _ first: Floats, _ second: Floats, _ b1: (Vector, Vector),
    _ b2: (Vector, Vector))
}

extension ExchangedWords {
  @inline(__always)
  static func exchange(
    _ sums: inout (Vector, Vector), _ first: Floats, _ second: Floats, _ b1: (Vector, Vector),
    _ b2: (Vector, Vector)
  ) {
    let (x, y) = (besideAll(first), besideAll(second))
    sums.0 = addProduct(sums.0, add(x, b2.0), add(y, b1.0))
    sums.1 = addProduct(sums.1, add(x, b2.1), add(y, b1.1))
  }

  /// Adds the products of a row's last word, as usual.
  @inline(__always)
  static func multiply(_ sums: inout (Vector, Vector), _ third: Floats, _ b3: (Vector, Vector)) {
    let x = besideAll(third)
    sums = (addProduct(sums.0, x, b3.0), addProduct(sums.1, x, b3.1))
  }
}

/// Words of single precision.
protocol NumberWords: ExchangedWords where Vector == Lanes {}

extension NumberWords {
  static var isExact: Bool { false }
  @inline(__always) static func besideAll(_ word: Floats) -> Lanes { processor_beside_all(word) }
  @inline(__always) static func add(_ a: Lanes, _ b: Lanes) -> Lanes { a + b }
  @inline(__always)
  static func addProduct(_ sums: Lanes, _ a: Lanes, _ b: Lanes) -> Lanes { processor_add_product(sums, a, b) }
}

/// Two levels of three exchanged.
enum ExchangedNumbers: NumberWords {}

/// All levels as usual.
enum UsualNumbers: NumberWords {
  @inline(__always)
  static func exchange(
    _ sums: inout (Lanes, Lanes), _ first: Floats, _ second: Floats, _ b1: (Lanes, Lanes),
    _ b2: (Lanes, Lanes)
  ) {
    multiply(&sums, first, b1)
    multiply(&sums, second, b2)
  }
}

/// Two 16-bit integers a word, two words of three exchanged.
enum ExchangedIntegers: ExchangedWords {
  static var isExact: Bool { true }
  @inline(__always)
  static func besideAll(_ word: Floats) -> Integers {
    unsafeBitCast(processor_beside_all(word), to: Integers.self)
  }
  @inline(__always)
  static func add(_ a: Integers, _ b: Integers) -> Integers { processor_add_shorts(a, b) }
  @inline(__always)
  static func addProduct(_ sums: Integers, _ a: Integers, _ b: Integers) -> Integers {
    processor_dot_shorts16(sums, a, b)
  }
}

/// A register of columns from each of two panels.
@inline(__always)
private func load<V>(_ panels: (Floats, Floats), _ offset: Int) -> (V, V) {
  (
    UnsafeRawPointer(panels.0 + offset).loadUnaligned(as: V.self),
    UnsafeRawPointer(panels.1 + offset).loadUnaligned(as: V.self)
  )
}

/// Calls `body` with the first or the last six rows' sums, and which rows they are.
@inline(__always)
private func forEachOfSix<V>(
  _ sums: inout Twelve<V>, last: Bool, _ body: (_ sums: inout (V, V), _ row: Int) -> Void
) {
  if last {
    body(&sums.6, 6)
    body(&sums.7, 7)
    body(&sums.8, 8)
    body(&sums.9, 9)
    body(&sums.10, 10)
    body(&sums.11, 11)
  } else {
    body(&sums.0, 0)
    body(&sums.1, 1)
    body(&sums.2, 2)
    body(&sums.3, 3)
    body(&sums.4, 4)
    body(&sums.5, 5)
  }
}

/// Writes six rows' sums where both panels' sums go.
@inline(__always)
private func store<V>(_ sums: inout Twelve<V>, last: Bool, _ targets: (MutableFloats, MutableFloats)) {
  forEachOfSix(&sums, last: last) { sums, row in
    UnsafeMutableRawPointer(targets.0 + 16 * row).storeBytes(of: sums.0, as: V.self)
    UnsafeMutableRawPointer(targets.1 + 16 * row).storeBytes(of: sums.1, as: V.self)
  }
}

/// Twelve rows of a panel.
@inline(__always)
private func sumTwelve<W: ExchangedWords>(
  _: W.Type, _ a: Floats, _ b: (Floats, Floats), _ words: Int, _ targets: (MutableFloats, MutableFloats)
) {
  typealias V = W.Vector
  let none = (V(), V())
  var sums: Twelve<V> = (none, none, none, none, none, none, none, none, none, none, none, none)
  let (height, width, third) = (WinogradPanel.rows, WinogradPanel.columns, words / 3)
  let (nextRows, nextColumns) = (third * height, third * width)
  var (rows, columns) = (a, b)
  for _ in 0..<third {
    @inline(__always) func exchange(last: Bool, _ b1: (V, V), _ b2: (V, V)) {
      forEachOfSix(&sums, last: last) { sums, row in
        W.exchange(&sums, rows + row, rows + nextRows + row, b1, b2)
      }
    }
    @inline(__always) func multiply() {
      let b3: (V, V) = load(columns, 2 * nextColumns)
      forEachOfSix(&sums, last: false) { W.multiply(&$0, rows + 2 * nextRows + $1, b3) }
      forEachOfSix(&sums, last: true) { W.multiply(&$0, rows + 2 * nextRows + $1, b3) }
    }
    let b2: (V, V) = load(columns, nextColumns)
    exchange(last: false, load(columns, 0), b2)
    if W.isExact {
      // Multiplications without additions between those with them: units for both are busy.
      multiply()
      exchange(last: true, load(columns, 0), b2)
    } else {
      exchange(last: true, load(columns, 0), b2)
      multiply()
    }
    rows += height
    columns = (columns.0 + width, columns.1 + width)
  }
  store(&sums, last: false, targets)
  store(&sums, last: true, targets)
}

/// The sums of one tile, `[24, 16]` by each of two panels of columns, of panels without their heads; of the first twelve rows
/// only where there are no more. `fetch` asks for what some rows will need.
@inline(__always)
func sumTile<W: ExchangedWords>(
  _ kind: W.Type, _ a: Floats, _ b: (Floats, Floats), _ words: Int, rows: Int,
  _ targets: (MutableFloats, MutableFloats), fetch: (Range<Int>) -> Void
) {
  fetch(0..<12)
  sumTwelve(kind, a, b, words, targets)
  guard rows > 12 else { return }
  fetch(12..<24)
  sumTwelve(kind, a + 12, b, words, (targets.0 + 192, targets.1 + 192))
}
