// The one sanctioned way out of a gradient graph, and how checkers see through it.

/// `x` as a constant: the same numbers, outside every gradient graph.
public func stopGradient(_ x: Tensor) -> Tensor {
  StopGradientLog.current?.pass(x) ?? Tensor(x.storage, shape: x.shape, node: nil)
}

/// Remembers what ``stopGradient(_:)`` let out, so that finite differences can hold it fixed.
///
/// A function with stopped quantities is differentiated as if they were constants. Nudging an
/// input moves them too, so a checker records them once and replays them at every nudge.
public final class StopGradientLog: @unchecked Sendable {  // confined to one task by @TaskLocal
  @TaskLocal static var current: StopGradientLog?
  private var recorded: [Tensor] = []
  private var next: Int?

  /// An empty log.
  public init() {}

  /// Runs `body` and remembers everything it stops, forgetting what was recorded before.
  public func recording<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    (recorded, next) = ([], nil)
    return try run(body)
  }

  /// Runs `body` with every stopped quantity replaced by the one recorded in its place.
  ///
  /// - Precondition: `body` stops tensors of the same shapes in the same order as when it was recorded.
  public func replaying<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    next = 0
    return try run(body)
  }

  private func run<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let outcome = Self.$current.withValue(self) {
      do throws(Failure) { return Swift.Result<Result, Failure>.success(try body()) } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  fileprivate func pass(_ x: Tensor) -> Tensor {
    guard let place = next else {
      let constant = Tensor(x.storage, shape: x.shape, node: nil)
      recorded.append(constant)
      return constant
    }
    precondition(
      place < recorded.count,
      "stopGradient: the replay stops more than the \(recorded.count) tensors that were recorded")
    precondition(
      recorded[place].shape == x.shape,
      "stopGradient: shape \(x.shape) in the replay, \(recorded[place].shape) when it was recorded")
    next = place + 1
    return recorded[place]
  }
}
