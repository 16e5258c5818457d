// One row added to every row of a matrix, and its gradient.

/// Adds `bias` to every row of `rows`.
///
/// - Shapes: `bias` `[columns]`, `rows` `[rows, columns]`.
public func addBias(_ bias: FloatBuffer, to rows: Matrix<Float>) {
  precondition(bias.count == rows.columns, "addBias: \(bias.count) scalars to \(rows.columns) columns")
  for i in 0..<rows.rows {
    let row = rows.row(i)
    for j in 0..<rows.columns { row[j] += bias.base[j] }
  }
}

/// Adds the sum of all rows to `sum`, row by row in their order: the gradient of `addBias` by the bias.
///
/// - Shapes: `rows` `[rows, columns]`, `sum` `[columns]`.
public func addRowSum(of rows: Matrix<Float>, to sum: FloatBuffer) {
  precondition(sum.count == rows.columns, "addRowSum: \(rows.columns) columns to \(sum.count) scalars")
  for i in 0..<rows.rows {
    let row = rows.row(i)
    for j in 0..<rows.columns { sum.base[j] += row[j] }
  }
}

/// Writes zeros.
public func clear(_ buffer: FloatBuffer) {
  buffer.base.update(repeating: 0, count: buffer.count)
}

/// Copies `x` to `y`.
public func copy(_ x: FloatBuffer, into y: FloatBuffer) {
  precondition(x.count == y.count, "copy: \(x.count) scalars into \(y.count)")
  y.base.update(from: x.base, count: x.count)
}

/// Adds `constant` to every scalar.
public func addConstant(_ constant: Float, to buffer: FloatBuffer) {
  for i in 0..<buffer.count { buffer.base[i] += constant }
}
