// The right operand of many products, laid out once: weights.

/// The right operand of many products, laid out once. Copies share the memory.
public struct PackedMatrix<Scalar: BitwiseCopyable>: Sendable {
  /// The operand's shape as it enters the product: `k × n`.
  public let rows: Int, columns: Int
  let layout: PackedLayout
  /// What is taken of it and of the left operand.
  let precision: ProductPrecision
  private let machine: ProductMachine
  /// Whether what it is packed from is `n × k`.
  private let isTransposed: Bool

  /// Lays out `b`, or its transpose; later changes to `b` show after `refill` only.
  ///
  /// - Precondition: scalars are `Float`, or `UInt16` for bfloat16.
  public init(_ b: Matrix<Scalar>, transposed: Bool = false) {
    self.init(packing: b, transposed: transposed, .full, in: nil, activeMachine)
  }

  /// Lays out `b`, or its transpose, in the caller's memory, which holds at least `floatCount(rows:columns:_:)`.
  public init(
    _ b: Matrix<Scalar>, transposed: Bool = false, _ precision: ProductPrecision = .full,
    in memory: FloatBuffer
  ) {
    let depth = transposed ? b.columns : b.rows
    self.init(
      packing: b, transposed: transposed, precision.forTerms(depth, isBrainFloat: Self.isBrainFloat),
      in: memory, activeMachine)
  }

  /// Lays out single-precision numbers, or their transpose, rounded to what `Scalar` holds.
  ///
  /// For bfloat16 the nearest number is taken, ties to even, before `precision` says what is taken of it.
  public init(
    rounding b: Matrix<Float>, transposed: Bool = false, _ precision: ProductPrecision = .full
  ) {
    let depth = transposed ? b.columns : b.rows
    self.init(
      packing: b, transposed: transposed, precision.forTerms(depth, isBrainFloat: Self.isBrainFloat), in: nil,
      activeMachine)
  }

  /// How many floats of memory a right operand of this shape takes, as it enters the product: `k × n`.
  ///
  /// Of long sums of bfloat16 half may stay untouched, and takes no memory then: `touched` leaves that out.
  public static func floatCount(
    rows: Int, columns: Int, _ precision: ProductPrecision = .full, touched: Bool = false
  ) -> Int {
    activeMachine.size(
      rows: rows, columns: columns, isBrainFloat: isBrainFloat, precision.right, touched: touched)
  }

  private static var isBrainFloat: Bool { Scalar.self == UInt16.self }

  init(
    _ b: Matrix<Scalar>, transposed: Bool, _ machine: ProductMachine, _ precision: ProductPrecision = .full
  ) {
    self.init(packing: b, transposed: transposed, precision, in: nil, machine)
  }

  init<Source>(
    packing b: Matrix<Source>, transposed: Bool, _ precision: ProductPrecision, in memory: FloatBuffer?,
    _ machine: ProductMachine
  ) {
    (rows, columns) = transposed ? (b.columns, b.rows) : (b.rows, b.columns)
    (self.machine, self.precision, isTransposed) = (machine, precision, transposed)
    let size = machine.size(
      rows: rows, columns: columns, isBrainFloat: Self.isBrainFloat, precision.right)
    if let memory {
      precondition(memory.count >= size, "PackedMatrix: \(size) floats in memory of \(memory.count)")
    }
    let operand = machine.operand(
      b, outerIsColumns: !transposed, Self.taken(precision, machine), isKept: true)
    layout = machine.pack(operand, in: memory ?? FloatBuffer(untouched: size))
  }

  /// What is laid out of single-precision numbers.
  private static func taken(_ precision: ProductPrecision, _ machine: ProductMachine) -> Significand {
    isBrainFloat ? machine.takenOfBrainFloats(precision.right) : machine.taken(precision.right)
  }

  /// The first rows and columns of the operand as it enters the product, in the same memory.
  ///
  /// - Precondition: `rows` is a multiple of 32, or all there are.
  public func leading(rows: Int, columns: Int) -> PackedMatrix {
    precondition(
      rows <= self.rows && columns <= self.columns && (rows % 32 == 0 || rows == self.rows),
      "PackedMatrix: the first [\(rows), \(columns)] of [\(self.rows), \(self.columns)]")
    return PackedMatrix(leading: rows, columns, of: self)
  }

  private init(leading rows: Int, _ columns: Int, of whole: PackedMatrix) {
    (self.rows, self.columns, isTransposed) = (rows, columns, whole.isTransposed)
    (layout, machine) = (whole.layout.leading(depth: rows, columns: columns), whole.machine)
    precision = whole.precision
  }

  /// Lays out new numbers of the same shape in the same memory: the bits that a new one would hold.
  ///
  /// - Precondition: no product that reads it is running.
  public func refill(from b: Matrix<Float>) { fill(from: b) }

  private func fill<Source>(from b: Matrix<Source>) {
    let (rows, columns) = isTransposed ? (b.columns, b.rows) : (b.rows, b.columns)
    precondition(
      rows == self.rows && columns == self.columns,
      "PackedMatrix: refill [\(self.rows), \(self.columns)] from [\(rows), \(columns)]")
    layout.fill(
      from: machine.operand(
        b, outerIsColumns: !isTransposed, Self.taken(precision, machine), isKept: true))
  }
}

extension PackedMatrix<UInt16> {
  /// Lays out new numbers of the same shape in the same memory: the bits that a new one would hold.
  ///
  /// - Precondition: no product that reads it is running.
  public func refill(from b: Matrix<UInt16>) { fill(from: b) }
}
