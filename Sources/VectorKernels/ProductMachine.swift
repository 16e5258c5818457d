// Which machinery runs a product: panels in vector registers, or tiles.

import VectorKernelsInterface

/// A way to lay out and multiply matrices.
enum ProductMachine: Sendable {
  /// `sums` multiplies long sums where additions cost less than multiplications.
  case panels(AnyProductKernels, inPairs: Bool, sums: AnySumKernels? = nil)
  case tiles(AnyTileKernels)

  /// How many floats a packed right operand takes of which `wanted` is taken, short sums or long.
  ///
  /// Second digits have room behind the first ones, but take memory where numbers need them only: `touched` leaves them out.
  func size(rows: Int, columns: Int, isBrainFloat: Bool, _ wanted: Significand, touched: Bool = false) -> Int
  {
    switch self {
    case .panels(let kernels, _, _):
      let plain = PackedPanels.size(columns, isBrainFloat ? (rows + 1) / 2 : rows, kernels)
      guard let sums = sums(wanted, isBrainFloat: isBrainFloat) else { return plain }
      return max(
        plain,
        touched ? MeasuredPanels.sizeOnce(columns, rows, sums) : MeasuredPanels.size(columns, rows, sums))
    case .tiles:
      return (isBrainFloat ? [TileFormat.brainFloat] : [.threeParts, .digits])
        .map { PackedTiles.size(columns, rows, $0) }.max() ?? 0
    }
  }

  /// The fewest terms of sums that are at least as accurate by scales as number by number, and take less time.
  func fewestScaledTerms(isBrainFloat: Bool) -> Int {
    switch self {
    case .panels where isBrainFloat: IntegerPanel.fewest
    // Two blocks, each a shorter chain.
    case .panels: WinogradPanel.block + 1
    case .tiles: 512
    }
  }

  /// What is taken of a single-precision operand where `wanted` would do.
  func taken(_ wanted: Significand) -> Significand {
    switch self {
    case .panels: sums(wanted, isBrainFloat: false) != nil ? .scaled : .full
    case .tiles: wanted
    }
  }

  /// What is taken of a bfloat16 operand where `wanted` would do.
  func takenOfBrainFloats(_ wanted: Significand) -> Significand {
    sums(wanted, isBrainFloat: true) != nil ? .scaledEightBits : .eightBits
  }

  /// How long sums are taken where `wanted` would do, if rows and columns share scales in panels.
  private func sums(_ wanted: Significand, isBrainFloat: Bool) -> MeasuredSums? {
    guard wanted == .scaled, case .panels(_, let inPairs, let sums?) = self else { return nil }
    if isBrainFloat { return inPairs ? .integers(sums) : nil }
    return .exchanged(sums)
  }

  /// How long sums of this operand are taken, if rows and columns share scales in panels.
  private func sums(_ operand: Operand) -> MeasuredSums? {
    operand.isScaled ? sums(.scaled, isBrainFloat: operand.significand == .scaledEightBits) : nil
  }

  /// `matrix` as it enters a product, or as it is kept for many.
  func operand<Scalar>(
    _ matrix: Matrix<Scalar>, outerIsColumns: Bool, _ significand: Significand = .full, isKept: Bool = false
  ) -> Operand {
    switch self {
    case .panels(_, let inPairs, _):
      Operand(matrix, outerIsColumns: outerIsColumns, inPairs: inPairs || isKept, significand)
    case .tiles: Operand(matrix, outerIsColumns: outerIsColumns, inPairs: false, significand)
    }
  }

  /// Packs a right operand.
  func pack(_ operand: Operand, in buffer: FloatBuffer) -> PackedLayout {
    if let sums = sums(operand) {
      return .sums(MeasuredPanels(operand, 0..<operand.outer, in: buffer, sums))
    }
    return switch self {
    case .panels(let kernels, let inPairs, _):
      .panels(PackedPanels(operand, 0..<operand.outer, in: buffer, kernels, widening: !inPairs))
    case .tiles(let kernels): .tiles(PackedTiles(operand, 0..<operand.outer, in: buffer, kernels))
    }
  }

  /// Writes the product of two matrices, or adds it.
  func multiply<Scalar>(
    _ a: Matrix<Scalar>, transposed aTransposed: Bool, by b: Matrix<Scalar>, transposed bTransposed: Bool,
    into c: ProductTarget, accumulating: Bool, _ precision: ProductPrecision = .full
  ) {
    let taken = Scalar.self == UInt16.self ? takenOfBrainFloats : taken
    let left = operand(a, outerIsColumns: aTransposed, taken(precision.left))
    let right = operand(b, outerIsColumns: !bTransposed, taken(precision.right))
    if let sums = sums(left) {
      return MeasuredProduct(a: left, c: c, accumulating: accumulating).run(by: right, sums)
    }
    switch self {
    case .panels(let kernels, _, _): Product(left, .plain(right), c, accumulating, kernels).run()
    case .tiles(let kernels):
      TileProduct(a: left, c: c, accumulating: accumulating).run(by: right, kernels)
    }
  }
}

/// A right operand, laid out.
enum PackedLayout: Sendable {
  case panels(PackedPanels)
  case sums(MeasuredPanels)
  case tiles(PackedTiles)

  /// Lays out new numbers in the same place.
  func fill(from operand: Operand) {
    switch self {
    case .panels(let panels): panels.fill(from: operand, 0..<operand.outer)
    case .sums(let panels): panels.fill(from: operand, 0..<operand.outer)
    case .tiles(let tiles): tiles.fill(from: operand, 0..<operand.outer)
    }
  }

  /// The first columns down to a depth, in the same memory.
  func leading(depth: Int, columns: Int) -> PackedLayout {
    switch self {
    case .panels(let panels): .panels(panels.leading(depth: depth, columns: columns))
    case .sums(let panels): .sums(panels.leading(depth: depth, columns: columns))
    case .tiles(let tiles): .tiles(tiles.leading(depth: depth, columns: columns))
    }
  }

  /// Writes the product of a matrix by this operand, or adds it.
  func multiply<Scalar>(
    _ a: Matrix<Scalar>, transposed: Bool, into c: ProductTarget, accumulating: Bool,
    _ significand: Significand = .full
  ) {
    switch self {
    case .panels(let panels):
      let left = Operand(a, outerIsColumns: transposed, inPairs: panels.takesPairs)
      Product(left, .packed(panels), c, accumulating).run()
    case .sums(let panels):
      let left = Operand(a, outerIsColumns: transposed, inPairs: false)
      MeasuredProduct(a: left, c: c, accumulating: accumulating).run(by: panels)
    case .tiles(let tiles):
      let left = Operand(a, outerIsColumns: transposed, inPairs: false, significand)
      TileProduct(a: left, c: c, accumulating: accumulating).run(by: tiles)
    }
  }
}

extension InstructionSet {
  /// How this set multiplies matrices.
  var machine: ProductMachine {
    if let tileKernels { return .tiles(tileKernels) }
    return .panels(kernels, inPairs: prefersPairs, sums: sumKernels)
  }
}

/// How matrices are multiplied unless a test says otherwise.
let activeMachine = InstructionSet.current.machine
