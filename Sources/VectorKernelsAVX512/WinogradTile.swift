// The micro-kernel of Winograd's inner products: what a tile's sums become.

import ProcessorFeatures
public import VectorKernelsInterface

/// The smallest and the largest reserve of a panel's rows.
@inline(__always)
private func reserves(_ panel: Floats, _ width: Int) -> (least: Float, greatest: Float) {
  (panel[WinogradPanel.facts * width], panel[WinogradPanel.facts * width + 1])
}

/// Adds a block's sums to elements: without what is too much, by both scales.
///
/// Where `usual` holds sums too, they count for elements that are multiplied as usual.
@inline(__always)
private func finish(_ exchanged: Floats, _ usual: Floats?, _ a: Floats, _ b: Floats, _ c: TileTarget) {
  let (taken, scales): (Lanes, Lanes) = (b.load(), (b + 16).load())
  let reserves: Lanes = (b + 32).load()
  for row in 0..<c.rows {
    var value = exchanged.advanced(by: 16 * row).load(Lanes.self) - a[row] - taken
    if let usual {
      let isUsual = (reserves + a[2 * WinogradPanel.rows + row]) .>= WinogradPanel.usual
      value = value.replacing(with: usual.advanced(by: 16 * row).load(Lanes.self), where: isUsual)
    }
    let scale = scales * a[WinogradPanel.rows + row]
    let target = c.base + row * c.stride
    if c.columns == 16 {
      target.store(c.accumulating ? fused(value, scale, target.load(Lanes.self)) : value * scale)
    } else {
      let old = c.accumulating ? loadPart(target, c.columns, 0) : .zero
      storePart(c.accumulating ? fused(value, scale, old) : value * scale, target, c.columns)
    }
  }
}

/// One tile of the product of panels from `a` and `b` on.
@inline(__always)
private func multiplyTile(_ tile: MeasuredTile, _ a: Floats, _ b: Floats, _ levels: Int) {
  let (left, right) = (a + tile.left, (b + tile.right.0, b + tile.right.1))
  let count = MeasuredTile.count
  let (exchanged, usual) = (tile.room, tile.room + 2 * count)
  let (height, width) = (WinogradPanel.rows, WinogradPanel.columns)
  let (ofRows, ofColumns) = (WinogradPanel.headCount(height), WinogradPanel.headCount(width))
  let numbers = (left + ofRows, (right.0 + ofColumns, right.1 + ofColumns))
  @inline(__always) func sum<W: ExchangedWords>(_ kind: W.Type, _ sums: MutableFloats) {
    sumTile(kind, numbers.0, numbers.1, levels, rows: tile.target.rows, (sums, sums + count)) {
      tile.fetchTarget($0)
    }
  }
  let reserve = reserves(left, height)
  let (first, second) = (reserves(right.0, width), reserves(right.1, width))
  if reserve.least + min(first.least, second.least) < WinogradPanel.usual {
    sum(ExchangedNumbers.self, exchanged)
  }
  let isUsual = reserve.greatest + max(first.greatest, second.greatest) >= WinogradPanel.usual
  if isUsual { sum(UsualNumbers.self, usual) }
  tile.forEachPanel(right) { index, panel, target in
    finish(exchanged + index * count, isUsual ? usual + index * count : nil, left, panel, target)
  }
}

extension Kernels: WinogradKernels {
  public static func multiply(measured a: Floats, _ b: Floats, levels: Int, into c: TileTarget) {
    forEachMeasuredTile(
      b, leftCount: WinogradPanel.count(WinogradPanel.rows, levels: levels),
      rightCount: WinogradPanel.count(WinogradPanel.columns, levels: levels), c
    ) { multiplyTile($0, a, b, levels) }
  }
}
