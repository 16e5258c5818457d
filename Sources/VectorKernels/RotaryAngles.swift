// The angles of rotary position embeddings, rounded where the Llama family rounds them.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The frequencies `base^(−2i/width)` of a head's `width/2` planes, in radians per position.
public func rotaryFrequencies(base: Double, width: Int) -> [Float] {
  precondition(base > 0 && width % 2 == 0, "rotaryFrequencies: base \(base), heads of \(width)")
  return (0..<width / 2).map { Float(1 / Float(pow(base, Double(Float(2 * $0) / Float(width))))) }
}

/// Writes the cosine and sine of `position · frequency`; products are rounded to single precision first.
///
/// - Shapes: `cosines` and `sines` are `[positions, frequencies]`.
public func rotaryAngles(
  positions: [Int32], frequencies: [Float], cosines: Matrix<Float>, sines: Matrix<Float>
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
      (c[column], s[column]) = (Float(cos(angle)), Float(sin(angle)))
    }
  }
}
