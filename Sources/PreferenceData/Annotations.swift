// Further columns of a data set: numbers of each completion, for losses that ask for them.

/// Reads the columns that a loss requires.
struct Annotations {
  /// The row as stored.
  let row: StoredRow
  /// How many completions the row has.
  let completionCount: Int

  /// The numbers of column `name`, one for each completion.
  ///
  /// The column holds one number for the row, or a list of one for each completion; or there are
  /// `chosen_<name>` and `rejected_<name>` in its place.
  ///
  /// - Parameter falling: whether the best completion, which comes first, must have the highest number, and so on.
  /// - Throws: ``RowProblem`` where it is missing, of another type or length, not finite, or does not fall.
  func values(of name: String, falling: Bool = false) throws(RowProblem) -> [Double] {
    let values = try self.values(named: name)
    for (better, worse) in zip(values, values.dropFirst()) where falling && !(better > worse) {
      throw RowProblem(
        "column '\(name)' gives \(better) to a completion and \(worse) to a worse one; the loss needs the better "
          + "one to have more")
    }
    for value in values where !value.isFinite {
      throw RowProblem("column '\(name)' holds \(value); give every row a finite number")
    }
    return values
  }

  private func values(named name: String) throws(RowProblem) -> [Double] {
    if let value = row[name] {
      if let number = value.scalar { return [Double](repeating: number, count: completionCount) }
      guard let items = value.items else {
        throw RowProblem("column '\(name)' holds \(value.kind); write a number, or one for each completion")
      }
      let numbers = items.compactMap(\.scalar)
      guard numbers.count == items.count else {
        throw RowProblem(
          "column '\(name)' holds a list that is not all numbers; write one for each completion")
      }
      guard numbers.count == completionCount else {
        throw RowProblem("column '\(name)' holds \(numbers.count) numbers for \(completionCount) completions")
      }
      return numbers
    }
    let couple = ["chosen_" + name, "rejected_" + name]
    if completionCount == 2, row[couple[0]] != nil, row[couple[1]] != nil {
      return [try number(couple[0]), try number(couple[1])]
    }
    let there = Self.numericColumns(of: row)
    let remedy = there.isEmpty ? "no column holds numbers" : "columns with numbers are \(quoted(there))"
    throw RowProblem("the loss needs column '\(name)', which is missing; \(remedy)")
  }

  private func number(_ column: String) throws(RowProblem) -> Double {
    guard let number = row[column]?.scalar else {
      throw RowProblem("column '\(column)' holds \(row[column]?.kind ?? "nothing"); write a number")
    }
    return number
  }

  /// The columns of `row` that hold a number or a list of numbers, in the order of the file.
  static func numericColumns(of row: StoredRow) -> [String] {
    row.columns.filter { member in
      member.value.scalar != nil
        || member.value.items.map { !$0.isEmpty && $0.allSatisfy { $0.scalar != nil } } == true
    }.map(\.key)
  }
}
