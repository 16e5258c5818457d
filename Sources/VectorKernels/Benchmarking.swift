// What the benchmark needs of the inside: products on a chosen instruction set, and the micro-kernel alone.

import VectorKernelsInterface

extension InstructionSet {
  /// Whether bfloat16 has instructions of its own: dot products of pairs, or tiles.
  package var hasPairs: Bool { tileKernels != nil || kernels.multipliesPairs }
  /// Whether there are tiles.
  package var hasTiles: Bool { tileKernels != nil }
}

/// A product to be timed.
package struct ProductBench {
  /// Which operand types, and how the right operand is given.
  package enum Kind: String, CaseIterable, Sendable {
    case float32
    case float32Packed = "float32-packed"
    case float32Gradient = "float32-gradient"
    /// Every number by itself, as where later tokens must not count.
    case float32ByNumber = "float32-by-number"
    case twoParts = "bfloat16x2"
    case twoPartsPacked = "bfloat16x2-packed"
    case twoPartsGradient = "bfloat16x2-gradient"
    case bfloat16
    case bfloat16Packed = "bfloat16-packed"
    case bfloat16Rounded = "bfloat16-rounded"
    case bfloat16Gradient = "bfloat16-gradient"
    case pairs = "bfloat16-pairs"

    /// Whether operands are bfloat16.
    package var isBrainFloat: Bool {
      switch self {
      case .bfloat16, .bfloat16Packed, .bfloat16Rounded, .bfloat16Gradient, .pairs: true
      default: false
      }
    }
    /// What is taken of numbers.
    package var precision: ProductPrecision {
      switch self {
      case .float32ByNumber, .pairs: .full
      case .twoParts, .twoPartsPacked, .twoPartsGradient: .sixteenBits
      default: .scaled
      }
    }
    /// Whether they are multiplied by bfloat16's own instructions whatever the processor prefers.
    package var isPaired: Bool { self == .pairs }
    /// Whether they are multiplied by bfloat16's own instructions.
    package func usesPairs(_ set: InstructionSet) -> Bool {
      isPaired || isBrainFloat && (set.prefersPairs || set.tileKernels != nil)
    }
    /// Whether the right operand is laid out before.
    fileprivate var isPacked: Bool {
      self == .float32Packed || self == .float32ByNumber || self == .twoPartsPacked || self == .bfloat16Packed
        || self == .bfloat16Rounded
    }
    fileprivate var isGradient: Bool {
      self == .float32Gradient || self == .twoPartsGradient || self == .bfloat16Gradient
    }
  }

  private let product: @Sendable () -> Void
  private let operations: Double

  /// `[rows, depth]` by `[depth, columns]`, the right operand stored transposed, as weights are; as a gradient,
  /// `[depth, rows]ᵀ` by `[depth, columns]`, added to what is there.
  package init(_ rows: Int, _ columns: Int, _ depth: Int, _ kind: Kind, _ set: InstructionSet) {
    operations = 2 * Double(rows) * Double(columns) * Double(depth)
    var machine = set.machine
    if case .panels(let kernels, _, _) = machine, kind.isPaired { machine = .panels(kernels, inPairs: true) }
    if kind.isBrainFloat {
      product = Self.product(rows, columns, depth, kind, machine) { rows, columns in
        let result = Matrix<UInt16>(rows: rows, columns: columns)
        convert(Self.numbers(rows, columns).buffer, into: result.buffer)
        return result
      }
    } else {
      product = Self.product(rows, columns, depth, kind, machine, Self.numbers)
    }
  }

  private static func numbers(_ rows: Int, _ columns: Int) -> Matrix<Float> {
    let result = Matrix<Float>(rows: rows, columns: columns)
    for i in 0..<result.buffer.count { result.buffer.base[i] = Float(i % 17) * 0.1 - 0.8 }
    return result
  }

  private static func product<Scalar: ActivationScalar>(
    _ rows: Int, _ columns: Int, _ depth: Int, _ kind: Kind, _ machine: ProductMachine,
    _ operand: (Int, Int) -> Matrix<Scalar>
  ) -> @Sendable () -> Void {
    if kind.isGradient {
      // Tokens are the depth of a weight's gradient: what was the number of rows.
      let (a, b) = (operand(rows, columns), operand(rows, depth))
      let c = Matrix<Float>(rows: columns, columns: depth)
      return {
        machine.multiply(
          a, transposed: true, by: b, transposed: false, into: .plain(c), accumulating: true,
          kind.precision)
      }
    }
    let (a, b) = (operand(rows, depth), operand(columns, depth))
    let c: ProductTarget =
      kind == .bfloat16Rounded
      ? .rounded(Matrix(rows: rows, columns: columns)) : .plain(Matrix(rows: rows, columns: columns))
    if kind.isPacked {
      let packed = PackedMatrix(b, transposed: true, machine, kind.precision)
      return {
        packed.layout.multiply(a, transposed: false, into: c, accumulating: false, packed.precision.left)
      }
    }
    return {
      machine.multiply(
        a, transposed: false, by: b, transposed: true, into: c, accumulating: false, kind.precision)
    }
  }

  /// Operations per second, at best.
  package func rate(_ seconds: Double, _ time: (Double, () -> Void) -> Double) -> Double {
    operations / time(seconds) { product() }
  }
}

/// The micro-kernel on two panels that stay in the first-level cache; for sums that share scales on whole blocks, whose rows
/// stay in the second.
package struct MicroKernel: Sendable {
  /// Levels of depth, or pairs of them, that vector registers sum up.
  private static let words = 128
  private static let repetitions = 2000
  /// Panels of rows that one call passes by columns of sums that share scales; a divisor of the repetitions.
  private static let rowPanels = 10
  /// Panels of columns of them, which one tile takes together.
  private static let columnPanels = MeasuredSums.tileColumns / MeasuredSums.columns
  /// Blocks of digits' sums that one call multiplies.
  private static let digitBlocks = 8

  private let set: InstructionSet
  private let isPaired: Bool
  private let precision: ProductPrecision
  /// Panels of sums that share scales, if the set has such.
  private var measured: (rows: FloatBuffer, columns: FloatBuffer)

  /// The one for single precision, or that of bfloat16's own instructions.
  package init(_ set: InstructionSet, inPairs: Bool, _ precision: ProductPrecision = .full) {
    (self.set, isPaired, self.precision) = (set, inPairs, precision)
    measured = (FloatBuffer(count: 0), FloatBuffer(count: 0))
    if let sums {
      measured = (
        Self.panels(Self.rowPanels, MeasuredSums.rows, sums, inPairs),
        Self.panels(Self.columnPanels, MeasuredSums.columns, sums, inPairs)
      )
    }
  }

  /// Panels of ones, of a whole block.
  private static func panels(_ count: Int, _ width: Int, _ sums: MeasuredSums, _ inPairs: Bool) -> FloatBuffer
  {
    let levels = sums.mostLevels
    let result = FloatBuffer(count: count * sums.count(width, levels: levels))
    let matrix = Matrix<Float>(rows: count * width, columns: levels)
    for row in 0..<matrix.rows { matrix.row(row).update(repeating: 1, count: levels) }
    let operand = Operand(
      matrix, outerIsColumns: false, inPairs: inPairs, inPairs ? .scaledEightBits : .scaled)
    sums.pack(operand, 0..<count * width, block: 0, width: width, into: result.base, copy: 0)
    return result
  }

  /// What tiles are made of, and how many steps of depth each panel has: 18 KB at most.
  private var tiles: (left: TileFormat, right: TileFormat, steps: Int) {
    let left = isPaired ? TileFormat.brainFloat : precision.left.format
    // Of four digits three are multiplied.
    return (left, isPaired ? .brainFloat : precision.right.format, left == .digits ? 3 : 9 / left.parts)
  }

  /// What multiplies long sums, if not the kernels that multiply any.
  private var sums: MeasuredSums? {
    guard precision.left == .scaled, let kernels = set.sumKernels else { return nil }
    return isPaired ? .integers(kernels) : .exchanged(kernels)
  }

  /// Operations of one run; parts of split numbers count together as one.
  package var operations: Double {
    if set.tileKernels != nil {
      return 2 * 32 * 32 * Double(tiles.left.levels * tiles.steps) * Double(Self.repetitions)
    }
    if let sums {
      return 2 * Double(MeasuredSums.rows * MeasuredSums.tileColumns * sums.mostLevels * Self.repetitions)
    }
    let kernels = set.kernels
    let perWord = isPaired ? 4.0 : 2.0
    return perWord * Double(Self.words * kernels.tileRows * kernels.tileColumns * Self.repetitions)
  }

  /// Multiplies the panels many times, on `threads` threads at once, each its own.
  package func run(threads: Int = 1) {
    KernelPool.shared.parallel(threads) { _ in
      if let tiles = set.tileKernels {
        run(tiles)
      } else if let sums {
        run(sums)
      } else {
        run(set.kernels)
      }
    }
  }

  private func run(_ kernels: any ProductKernels.Type) {
    // 1 as two bfloat16 numbers, and almost 1 as single precision.
    let one = Float(bitPattern: 0x3f80_3f80)
    let a = FloatBuffer(Array(repeating: one, count: Self.words * kernels.tileRows))
    let b = FloatBuffer(Array(repeating: one, count: Self.words * kernels.tileColumns))
    let c = FloatBuffer(count: kernels.tileRows * kernels.tileColumns)
    let target = TileTarget(
      c.base, stride: kernels.tileColumns, rows: kernels.tileRows, columns: kernels.tileColumns,
      accumulating: false)
    let (left, right) = (Panels(a.base, stride: 0), Panels(b.base, stride: 0))
    for _ in 0..<Self.repetitions {
      if isPaired {
        kernels.multiplyPairs(left, right, words: Self.words, into: target)
      } else {
        kernels.multiply(left, right, words: Self.words, into: target)
      }
    }
  }

  private func run(_ sums: MeasuredSums) {
    let (height, width) = (MeasuredSums.rows, MeasuredSums.tileColumns)
    let c = FloatBuffer(count: Self.rowPanels * height * width)
    let target = TileTarget(
      c.base, stride: width, rows: Self.rowPanels * height, columns: width, accumulating: false)
    for _ in 0..<Self.repetitions / Self.rowPanels {
      sums.multiply(
        measured.rows.base, copy: 0, by: measured.columns.base, copy: 0, levels: sums.mostLevels,
        into: target, rounded: nil)
    }
  }

  private func run(_ kernels: AnyTileKernels) {
    // Of ordinary numbers: zeros would cost less power, and let the processor run faster than it can.
    let panels = FloatBuffer(
      (0..<2 * 18 * 256).map { Float(bitPattern: 0x3f80_3f81 + UInt32($0 * 40_503 % 127) << 17) })
    let (c, spare) = (FloatBuffer(count: 1024), FloatBuffer(count: TileSums.spareCount))
    let sums = TileSums(c.base, stride: 32, rows: 32, columns: 32, accumulating: false)
    let left = LeftTiles(panels.base, panelBytes: 0, format: tiles.left, isKept: false)
    let right = RightTiles(panels.base + 18 * 256, panelBytes: 0, format: tiles.right)
    let steps = tiles.steps
    kernels.begin()
    defer { kernels.end() }
    if tiles.left == .digits {
      let panelBytes = TileFormat.digits.panelBytes(steps: steps)
      // Heads that say nothing of spread numbers.
      let heads = FloatBuffer(count: panelBytes / 2)
      var left = DigitTiles(heads.base, panelBytes: panelBytes)
      // One panel stands for several: a block is written while the next one is multiplied.
      left.panelBytes = 0
      let blocks = FloatBuffer(count: Self.digitBlocks * 1024)
      let sums = TileSums(
        blocks.base, stride: 32, rows: 32 * Self.digitBlocks, columns: 32, accumulating: false)
      let right = DigitTiles(heads.base + panelBytes / 4, panelBytes: panelBytes)
      for index in 0..<panelBytes / 2 where index % (panelBytes / 4) >= DigitTiles.headBytes / 4 {
        heads[index] = panels[index % panels.count]
      }
      for _ in 0..<Self.repetitions / Self.digitBlocks {
        kernels.multiply(left, right, steps: steps, into: sums, spare: spare.base, next: nil)
      }
      return
    }
    for _ in 0..<Self.repetitions {
      kernels.multiply(left, right, steps: steps, into: sums, spare: spare.base, next: nil)
    }
  }
}
