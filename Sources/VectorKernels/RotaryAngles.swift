// The angles of rotary position embeddings, rounded where the Llama family rounds them.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The powers `base^(2i/width)` of a head's planes, in positions per radian.
///
/// - Parameter width: how many columns turn; an odd one has a plane for its last column, too.
public func rotaryPeriods(base: Double, width: Int) -> [Float] {
  precondition(base > 0 && width > 0, "rotaryPeriods: base \(base), \(width) columns")
  let base = Double(Float(base))
  return (0..<(width + 1) / 2).map { Float(pow(base, Double(Float(2 * $0) / Float(width)))) }
}

/// Writes the cosine and sine of `position · frequency`, times `factor`; products are rounded to single precision
/// first.
///
/// - Shapes: `cosines` and `sines` are `[positions, frequencies]`.
public func rotaryAngles(
  positions: ArraySlice<Int32>, frequencies: [Float], times factor: Float = 1, cosines: Matrix<Float>,
  sines: Matrix<Float>
) {
  for table in [cosines, sines] {
    precondition(
      table.rows == positions.count && table.columns == frequencies.count,
      "rotaryAngles: \(table.rows) × \(table.columns) for \(positions.count) positions, "
        + "\(frequencies.count) frequencies")
  }
  for (row, position) in positions.enumerated() {
    let (c, s) = (cosines.row(row), sines.row(row))
    for (column, frequency) in frequencies.enumerated() {
      let angle = Double(Float(position) * frequency)
      (c[column], s[column]) = (Float(cos(angle)) * factor, Float(sin(angle)) * factor)
    }
  }
}
