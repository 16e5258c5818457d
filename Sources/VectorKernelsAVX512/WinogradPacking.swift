// Panels for Winograd's inner products: laid out as others are, then measured and scaled.

import ProcessorFeatures
public import VectorKernelsInterface

/// Eight rows in double precision.
private typealias Eight = SIMD8<Double>

/// x·y + z for eight rows.
@inline(__always)
private func fused(_ x: Eight, _ y: Eight, _ z: Eight) -> Eight { z.addingProduct(x, y) }

/// Without signs.
@inline(__always)
private func magnitude(_ x: Eight) -> Eight {
  unsafeBitCast(unsafeBitCast(x, to: SIMD8<UInt64>.self) & (UInt64.max >> 1), to: Eight.self)
}

/// 2 to the power of each number.
@inline(__always)
private func power(_ exponents: SIMD8<Int64>) -> Eight {
  unsafeBitCast((exponents &+ 1023) &<< 52, to: Eight.self)
}

/// Asks for what is packed next, while numbers in reach are measured.
private struct Fetching {
  /// The part of a row that is asked for next.
  private var row: UnsafeRawPointer
  private let stride: Int
  private let parts: Int
  private var part = 0
  /// Rows that are left.
  private var rows: Int

  /// So many rows of the source, each so long; `stride` numbers lie between them.
  init(_ base: Floats, stride: Int, rows: Int, length: Int) {
    (row, self.stride, self.rows) = (UnsafeRawPointer(base), 4 * stride, max(0, rows))
    parts = (length + 31) / 32
  }

  /// Asks for two lines.
  @inline(__always)
  mutating func next() {
    guard rows > 0 else { return }
    processor_prefetch(row + 128 * part)
    processor_prefetch(row + 128 * part + 64)
    part += 1
    if part == parts {
      part = 0
      row += stride
      rows -= 1
    }
  }
}

/// Measures eight rows, writes what a head says of them and scales them; gives their reserves.
@inline(__always)
private func settle(
  _ head: MutableFloats, _ row: Int, _ width: Int, _ depth: Int, _ levels: Int, _ blocks: Int,
  _ fetching: inout Fetching
) -> SIMD8<Float> {
  let numbers = head + WinogradPanel.headCount(width) + row
  var (squares, sizes) = (Eight.zero, Eight.zero)
  var (taken, crossed) = (Eight.zero, Eight.zero)
  let third = levels / 3
  var place = numbers
  for _ in 0..<third {
    let first = processor_widen(place.load(SIMD8<Float>.self))
    let second = processor_widen((place + third * width).load(SIMD8<Float>.self))
    let last = processor_widen((place + 2 * third * width).load(SIMD8<Float>.self))
    squares = squares + first * first + second * second + last * last
    sizes = sizes + magnitude(first) + magnitude(second) + magnitude(last)
    let product = first * second
    taken += product
    crossed = fused(product, product, crossed)
    place += width
    fetching.next()
  }
  // The power of two that is next to the root of the mean square, or just below it.
  let mean = squares / Double(depth)
  let exponents = SIMD8<Int64>(truncatingIfNeeded: unsafeBitCast(mean, to: SIMD8<UInt64>.self) &>> 52) &- 1023
  let wanted = (exponents &+ 1) &>> 1
  let limit = Int64(WinogradPanel.greatestScale)
  let half = wanted.clamped(lowerBound: SIMD8(repeating: -limit), upperBound: SIMD8(repeating: limit))
  let bound = power(half &* 4) * (WinogradPanel.greatestCrossed * Double(depth * blocks))
  // Of rows of zeros, and of those with numbers that are not finite, exponents are out of reach.
  let isEven = sizes * sizes .>= squares * (WinogradPanel.leastEvenness * Double(depth))
  let exchanges = (wanted .== half) .& (crossed .<= bound)
  let reserves = SIMD8<Float>(
    Eight(repeating: Double(WinogradPanel.usual))
      .replacing(with: Eight(repeating: 1).replacing(with: 0, where: isEven), where: exchanges))
  let scale = SIMD8<Float>(power(0 &- half))
  (head + row).store(SIMD8<Float>(taken * power(-2 &* half)))
  (head + width + row).store(SIMD8<Float>(power(half)))
  (head + 2 * width + row).store(reserves)
  place = numbers
  for _ in 0..<levels {
    place.store(place.load(SIMD8<Float>.self) * scale)
    place += width
  }
  return reserves
}

extension Kernels {
  /// Packs panels and measures them.
  public static func pack(
    _ source: Floats, outerStride: Int, depthStride: Int, outer: Int, depth: Int, levels: Int, blocks: Int,
    width: Int, intoMeasured panels: MutableFloats, panelStride: Int
  ) {
    // Of rows that are turned each line is read for one panel, of others for several.
    let isTurned = depthStride == 1
    let together = isTurned ? 1 : panelsTogether(width)
    let headCount = WinogradPanel.headCount(width)
    var (first, panel) = (0, panels)
    while first < outer {
      let count = min(together * width, outer - first)
      pack(
        source + first * outerStride, outerStride: outerStride, depthStride: depthStride, outer: count,
        depth: depth, width: width, into: panel + headCount, panelStride: panelStride)
      let (next, left) = (first + count, min(together * width, outer - first - count))
      var fetching =
        isTurned
        ? Fetching(source + next * outerStride, stride: outerStride, rows: left, length: depth)
        : Fetching(source + next, stride: depthStride, rows: left > 0 ? depth : 0, length: left)
      while first < next {
        (panel + headCount + depth * width).update(repeating: 0, count: (levels - depth) * width)
        var (least, greatest, row) = (WinogradPanel.usual, Float(0), 0)
        while row < width {
          let reserves = settle(panel, row, width, depth, levels, blocks, &fetching)
          for lane in 0..<min(8, max(0, outer - first - row)) {
            least = min(least, reserves[lane])
            greatest = max(greatest, reserves[lane])
          }
          row += 8
        }
        panel[WinogradPanel.facts * width] = least
        panel[WinogradPanel.facts * width + 1] = greatest
        first += width
        panel += panelStride
      }
    }
  }
}
