// The graph that tracked tensors remember: operations, their inputs, and the way back.

/// One recorded operation.
final class GradientNode: @unchecked Sendable {  // immutable until deinit, which alone takes the edges away
  /// A tracked input and the pullback to it.
  struct Edge: Sendable {
    let input: GradientNode
    /// Adds `∂objective/∂input` to `sum`, given `∂objective/∂output` as `upstream`.
    let pullback: @Sendable (_ upstream: TensorStorage, _ sum: TensorStorage) -> Void

    init(
      _ input: GradientNode,
      pullback: @escaping @Sendable (_ upstream: TensorStorage, _ sum: TensorStorage) -> Void
    ) {
      (self.input, self.pullback) = (input, pullback)
    }
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
