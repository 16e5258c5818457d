// The graph that tracked tensors remember: operations, their inputs, and the way back.

/// One recorded operation.
final class GradientNode: @unchecked Sendable {  // immutable until deinit, which alone takes the edges away
  /// A tracked input and the pullback to it.
  struct Edge: Sendable {
    let input: GradientNode
    let pullback: Pullback

    /// An edge whose pullback adds to what there is already.
    init(
      _ input: GradientNode,
      adding: @escaping @Sendable (_ upstream: TensorStorage, _ sum: TensorStorage) -> Void
    ) {
      (self.input, pullback) = (input, .adding(adding))
    }

    /// An edge whose pullback makes a cotangent of its own, in the input's format.
    init(_ input: GradientNode, making: @escaping @Sendable (_ upstream: Cotangent) -> Cotangent) {
      (self.input, pullback) = (input, .making(making))
    }

    /// An edge that hands the cotangent on as it is.
    init(passingTo input: GradientNode) { (self.input, pullback) = (input, .passing) }
  }

  /// The way from `∂objective/∂output`, called `upstream`, to `∂objective/∂input`.
  enum Pullback: Sendable {
    /// Adds to zeros, or to what other edges have added.
    case adding(@Sendable (_ upstream: TensorStorage, _ sum: TensorStorage) -> Void)
    /// Writes into new memory, which saves a pass over zeros where the input has only one use.
    case making(@Sendable (_ upstream: Cotangent) -> Cotangent)
    /// The two are the same numbers.
    case passing
  }

  /// Count and format of the output, and so of its gradient.
  let count: Int
  let scalarType: ScalarType
  private(set) var edges: [Edge]

  init(_ count: Int, _ scalarType: ScalarType, _ edges: [Edge]) {
    (self.count, self.scalarType, self.edges) = (count, scalarType, edges)
  }

  /// Frees a long chain of nodes in a loop: freeing it link by link would recurse as deep as the chain.
  deinit {
    var doomed = edges.map(\.input)
    edges = []
    while var node = doomed.popLast() {
      if isKnownUniquelyReferenced(&node) {
        doomed.append(contentsOf: node.edges.map(\.input))
        node.edges = []
      }
    }
  }
}
