// A product on tiles: its operands, and the threads that share it.

import VectorKernelsInterface

/// One product on tiles, ready to run.
struct TileProduct: Sendable {
  let a: Operand
  let c: ProductTarget
  let accumulating: Bool

  /// Bytes of the right operand that are packed at a time.
  private static let packedBytes = 40 << 20

  /// Fills `c` by a right operand that is packed on the way.
  func run(by b: Operand, _ kernels: AnyTileKernels) {
    check(b.outer, b.depth)
    guard c.rows > 0, c.columns > 0 else { return }
    guard a.depth > 0 else { return clear() }
    let panelBytes = b.format.panelBytes(steps: b.format.steps(b.depth))
    let step = max(1, Self.packedBytes / panelBytes) * 32
    var first = 0
    while first < c.columns {
      let range = first..<min(c.columns, first + step)
      withScratch(PackedTiles.size(range.count, b.depth, b.format)) { buffer in
        multiply(by: PackedTiles(b, range, in: buffer, kernels), range.lowerBound)
      }
      first = range.upperBound
    }
  }

  /// Fills `c`.
  func run(by b: PackedTiles) {
    check(b.columns, b.depth)
    guard c.rows > 0, c.columns > 0 else { return }
    guard a.depth > 0 else { return clear() }
    multiply(by: b, 0)
  }

  private func check(_ columns: Int, _ depth: Int) {
    precondition(
      a.depth == depth && a.outer == c.rows && columns == c.columns,
      "multiply: [\(a.outer), \(a.depth)] by [\(depth), \(columns)] into [\(c.rows), \(c.columns)]")
  }

  private func clear() {
    if !accumulating { c.clear() }
  }

  /// Fills the columns from `firstColumn` on, which `b` holds.
  private func multiply(by b: PackedTiles, _ firstColumn: Int) {
    let cut = TileCut(self, b)
    KernelPool.shared.share(cut.pieces.count) { turns in
      b.kernels.begin()
      TileRun(product: self, b: b, cut: cut, firstColumn: firstColumn).run(&turns)
      b.kernels.end()
    }
  }

  /// How many products of parts are summed for one of numbers; of digits, of twice the depth.
  func products(by b: PackedTiles) -> Int {
    let parts = a.format.parts
    // Six where numbers are not spread, ten where they are.
    if a.format == .digits { return 8 }
    return b.format.parts > 1 ? parts * (parts + 1) / 2 : parts
  }

  /// Whether the left operand's rows are multiplied where they are.
  ///
  /// Rows that lie a multiple of 2 KB apart would push each other out of the cache.
  var isDirect: Bool {
    a.isBrainFloat && a.depthStride == 1 && a.depth % 32 == 0 && a.outerStride % 1024 != 0
  }
}
