// What a tensor looks like in a debugger or a failed test.

extension Tensor: CustomStringConvertible {
  /// Shape, format and the first scalars: `Tensor[2, 3] float64 (1.0, 2.0, …)`.
  public var description: String {
    let shown = (0..<min(count, 8)).map { "\(storage[$0])" } + (count > 8 ? ["…"] : [])
    return
      "Tensor\(shape) \(scalarType.rawValue)\(isTracked ? " tracked" : "") (\(shown.joined(separator: ", ")))"
  }
}
