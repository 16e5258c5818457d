// The gradients of one step: summed over micro-batches, measured, clipped; in memory that stays from step to step.

public import Tensors
public import VectorKernels

/// Gradients summed over micro-batches. Moved, never copied: it is as large as the model.
///
/// A new step begins with ``begin()``, which writes nothing: a sum's first summand of the step overwrites it.
/// Gradients lie to each other in memory as their parameters do, so that weights that are one matrix have one
/// matrix of gradients.
public struct GradientAccumulator: ~Copyable {
  private let sums: Parameters
  private let progress: Progress

  /// Which sums hold something of the step in progress.
  private final class Progress {
    var isBegun: [Bool]
    init(_ count: Int) { isBegun = Array(repeating: false, count: count) }
  }

  /// Zeros for every one of `parameters`.
  public init(for parameters: Parameters) {
    var spans: [ObjectIdentifier: Range<Int>] = [:]
    for values in parameters.map(\.values) {
      let bytes = values.byteOffset..<values.byteOffset + 4 * values.count
      let known = spans[ObjectIdentifier(values.allocation)] ?? bytes
      spans[ObjectIdentifier(values.allocation)] =
        min(known.lowerBound, bytes.lowerBound)..<max(known.upperBound, bytes.upperBound)
    }
    let memory = spans.mapValues { FloatBuffer(count: $0.count / 4) }
    sums = Parameters(
      parameters.map { parameter in
        let owner = ObjectIdentifier(parameter.values.allocation)
        guard let span = spans[owner], let sum = memory[owner] else {
          preconditionFailure("GradientAccumulator: no memory for '\(parameter.name)'")
        }
        let first = (parameter.values.byteOffset - span.lowerBound) / 4
        return Parameter(
          parameter.name, shape: parameter.shape, values: sum.window(first..<first + parameter.values.count))
      })
    progress = Progress(sums.count)
  }

  /// Forgets every gradient.
  public mutating func begin() {
    for place in sums.indices { progress.isBegun[place] = false }
  }

  /// Where the gradient of `name` is summed; backward passes add to it in place.
  ///
  /// - Precondition: `name` is one of the parameters.
  public func buffer(for name: ParameterName) -> FloatBuffer {
    let sum = target(for: [name])
    if !sum.isBegun { clear(sum.values) }
    return sum.values
  }

  /// Where the gradients of parameters that follow each other in memory are summed, for who can do either of two
  /// things: to add if the sum is begun, and to overwrite it if not. The caller must do so.
  ///
  /// - Precondition: `names` are parameters, end to end in memory.
  public func target(for names: [ParameterName]) -> (values: FloatBuffer, isBegun: Bool) {
    let places = names.map { name in
      guard let place = sums.place(of: name) else {
        preconditionFailure("GradientAccumulator: no parameter named '\(name)'")
      }
      return place
    }
    let isBegun = places.contains { progress.isBegun[$0] }
    for place in places {
      if isBegun, !progress.isBegun[place] { clear(sums[place].values) }
      progress.isBegun[place] = true
    }
    guard let first = places.first, let last = places.last else {
      preconditionFailure("GradientAccumulator: no names given")
    }
    let (start, end) = (sums[first].values, sums[last].values)
    let count = (end.byteOffset - start.byteOffset) / 4 + end.count
    precondition(
      start.allocation === end.allocation && count == places.reduce(0) { $0 + sums[$1].values.count },
      "GradientAccumulator: \(names.map(\.description)) do not lie end to end")
    return (FloatBuffer(start.allocation, byteOffset: start.byteOffset, count: count), isBegun)
  }

  /// Adds a tensor's scalars to the gradient of `name`.
  public mutating func add(_ gradient: Tensor, to name: ParameterName) {
    let sum = buffer(for: name)
    for (i, x) in gradient.scalars.enumerated() { sum[i] += Float(x) }
  }

  /// Writes zeros where nothing was added, so that every sum can be read.
  private func complete() {
    for (place, sum) in sums.enumerated() where !progress.isBegun[place] {
      clear(sum.values)
      progress.isBegun[place] = true
    }
  }

  /// The square root of the sum of all squared gradients, in double precision and a fixed order.
  public var norm: Double {
    complete()
    return sums.reduce(0) { $0 + sumOfSquares($1.values) }.squareRoot()
  }

  /// What all gradients are to be multiplied by for a global norm of at most `limit`, as
  /// `torch.nn.utils.clip_grad_norm_` does.
  ///
  ///     min(1, limit / (norm + 10⁻⁶))
  ///
  /// - Parameter limit: 0 clips nothing.
  public static func clippingFactor(norm: Double, limit: Double) -> Float {
    limit > 0 ? min(1, Float(limit / (norm + 1e-6))) : 1
  }

  /// The parameters with a gradient that is infinite or not a number.
  public var notFinite: [ParameterName] {
    complete()
    return sums.filter { !isFinite($0.values) }.map(\.name)
  }
}
