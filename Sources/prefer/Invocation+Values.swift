// Values of options with their defaults and ranges.

import CommandLineTool
import TransformerModels

/// A word that stands on its own; the expression language has arguments too.
typealias Operand = Argument

extension Invocation {
  /// The whole number given for `name`, or `fallback`.
  ///
  /// - Throws: `UsageError` where it is something else or below `least`.
  func integer(_ name: String, default fallback: Int, atLeast least: Int) throws(UsageError) -> Int {
    let number = try integer(name) ?? fallback
    guard number >= least else { throw UsageError("--\(name) must be ≥ \(least), not \(number)") }
    return number
  }

  /// The number given for `name`, or `fallback`.
  ///
  /// - Throws: `UsageError` where it is something else or outside `range`.
  func number(_ name: String, default fallback: Double, in range: ClosedRange<Double>) throws(UsageError)
    -> Double
  {
    let number = try number(name) ?? fallback
    guard range.contains(number) else {
      let bounds =
        range.upperBound.isFinite ? "in [\(range.lowerBound), \(range.upperBound)]" : "≥ \(range.lowerBound)"
      throw UsageError("--\(name) must be \(bounds), not \(number)")
    }
    return number
  }

  /// The word given for `name`, one of `words`; the first of them unless given.
  ///
  /// - Throws: `UsageError` where it is something else.
  func choice(_ name: String, of words: [String]) throws(UsageError) -> String {
    let word = value(name) ?? words[0]
    guard words.contains(word) else {
      throw UsageError("--\(name) takes \(words.joined(separator: "|")), not '\(word)'")
    }
    return word
  }

  /// The precision of matrix products that `--dtype` names.
  func computeType() throws(UsageError) -> ComputeType {
    ComputeType(rawValue: try choice("dtype", of: ComputeType.allCases.map(\.rawValue))) ?? .float32
  }
}
