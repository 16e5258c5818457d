// Reverse-mode differentiation: one walk over the graph, from the objective back to the inputs.

/// The gradients of a scalar with respect to some tracked tensors.
///
/// Pure: no tape, nothing to reset, any number of times. Time and memory are linear in the graph, and the
/// walk is a loop, so the graph may be as deep as memory allows.
///
/// - Precondition: `objective` holds one scalar; every one of `inputs` is tracked.
/// - Returns: one untracked tensor for each input, of that input's shape and format; zeros where the
///   objective does not depend on it.
public func gradients(of objective: Tensor, at inputs: [Tensor]) -> [Tensor] {
  precondition(
    objective.count == 1, "gradients: the objective must be one scalar, but has shape \(objective.shape)")
  let wanted = inputs.map { input -> ObjectIdentifier in
    guard let node = input.node else {
      preconditionFailure("gradients: an input of shape \(input.shape) is not tracked")
    }
    return ObjectIdentifier(node)
  }
  var sums: [ObjectIdentifier: CotangentSum] = [:]
  if let root = objective.node {
    sums[ObjectIdentifier(root)] = CotangentSum(.uniform(1, count: 1, root.scalarType), isOwned: true)
    let kept = Set(wanted)
    for node in inputsFirst(root).reversed() {
      let key = ObjectIdentifier(node)
      guard let upstream = sums[key]?.cotangent else { continue }
      for edge in node.edges { pull(upstream, along: edge, into: &sums[ObjectIdentifier(edge.input)]) }
      if !kept.contains(key) { sums[key] = nil }
    }
  }
  return zip(inputs, wanted).map { input, key in
    Tensor(
      sums[key]?.cotangent.storage ?? TensorStorage(zeros: input.count, input.scalarType),
      shape: input.shape, node: nil)
  }
}

/// Adds one edge's share to what has reached its input.
private func pull(_ upstream: Cotangent, along edge: GradientNode.Edge, into sum: inout CotangentSum?) {
  func add(_ cotangent: Cotangent, isOwned: Bool) {
    if sum == nil { sum = CotangentSum(cotangent, isOwned: isOwned) } else { sum?.add(cotangent) }
  }
  switch edge.pullback {
  case .passing: add(upstream, isOwned: false)
  case .making(let make): add(make(upstream), isOwned: true)
  case .adding(let addTo):
    var whole = sum ?? CotangentSum(zeros: edge.input.count, edge.input.scalarType)
    addTo(upstream.storage, whole.owned())
    sum = whole
  }
}

/// Every node that `root` depends on, each after all of its inputs, `root` last.
private func inputsFirst(_ root: GradientNode) -> [GradientNode] {
  var order: [GradientNode] = []
  var seen: Set = [ObjectIdentifier(root)]
  var path: [(node: GradientNode, next: Int)] = [(root, 0)]
  while let (node, next) = path.last {
    if next == node.edges.count {
      order.append(node)
      path.removeLast()
      continue
    }
    path[path.count - 1].next += 1
    let input = node.edges[next].input
    if seen.insert(ObjectIdentifier(input)).inserted { path.append((input, 0)) }
  }
  return order
}
