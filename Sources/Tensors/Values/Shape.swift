// How two shapes meet: which operand's scalar stands at each place of the result.

/// The walk over two operands whose shapes broadcast together by NumPy's rule.
///
/// Shapes are compared from the last axis backwards; axes of extent 1, and axes that only one operand has,
/// repeat. Neighbouring axes that repeat alike are walked as one, so equal shapes, scalars and `[N, 1]`
/// against `[N, T]` all become plain loops.
struct Broadcast: Sendable {
  /// An axis outside the innermost loop: its extent, and each operand's scalars from one index to the next.
  struct Axis: Sendable {
    var extent: Int
    var first: Int
    var second: Int
  }

  /// The shape of the result.
  let shape: [Int]
  /// The axes around the innermost loop, outermost first.
  let outer: [Axis]
  /// The innermost loop. Its strides are 0 or 1.
  let inner: Axis

  /// The walk over operands of shapes `a` and `b`; `operation` is named where they do not fit.
  init(_ operation: String, _ a: [Int], _ b: [Int]) {
    let rank = max(a.count, b.count)
    var shape = [Int](repeating: 1, count: rank)
    var axes: [Axis] = []
    var (stepA, stepB) = (1, 1)
    for back in 1..<(rank + 1) {
      let extentA = back <= a.count ? a[a.count - back] : 1
      let extentB = back <= b.count ? b[b.count - back] : 1
      guard extentA == extentB || extentA == 1 || extentB == 1 else {
        preconditionFailure("\(operation): shapes \(a) and \(b) do not broadcast")
      }
      let extent = extentA == 1 ? extentB : extentA
      shape[rank - back] = extent
      if extent != 1 {
        let axis = Axis(extent: extent, first: extentA == 1 ? 0 : stepA, second: extentB == 1 ? 0 : stepB)
        if let last = axes.last, last.first * last.extent == axis.first,
          last.second * last.extent == axis.second
        {
          axes[axes.count - 1].extent *= extent
        } else {
          axes.append(axis)
        }
      }
      stepA *= extentA
      stepB *= extentB
    }
    self.shape = shape
    inner = axes.first ?? Axis(extent: 1, first: 1, second: 1)
    outer = axes.dropFirst().reversed()
  }

  private init(_ shape: [Int], _ outer: [Axis], _ inner: Axis) {
    (self.shape, self.outer, self.inner) = (shape, outer, inner)
  }

  /// The number of scalars in the result.
  var count: Int { shape.reduce(1, *) }

  /// Whether the operands have one shape, so that nothing repeats.
  var isPlain: Bool { outer.isEmpty && inner.first == 1 && inner.second == 1 }

  /// The same walk with the operands changed about.
  var swapped: Broadcast {
    func swap(_ axis: Axis) -> Axis { Axis(extent: axis.extent, first: axis.second, second: axis.first) }
    return Broadcast(shape, outer.map(swap), swap(inner))
  }

  /// Calls `body` once for each innermost loop with the places where it begins.
  @inline(__always)
  func forEachRun(_ body: (_ result: Int, _ first: Int, _ second: Int) -> Void) {
    guard count > 0 else { return }
    guard outer.count > 1 else {
      guard let axis = outer.first else { return body(0, 0, 0) }
      for i in 0..<axis.extent { body(i * inner.extent, i * axis.first, i * axis.second) }
      return
    }
    var index = [Int](repeating: 0, count: outer.count)
    var (result, first, second) = (0, 0, 0)
    while true {
      body(result, first, second)
      result += inner.extent
      var axis = outer.count - 1
      while true {
        index[axis] += 1
        first += outer[axis].first
        second += outer[axis].second
        if index[axis] < outer[axis].extent { break }
        first -= outer[axis].extent * outer[axis].first
        second -= outer[axis].extent * outer[axis].second
        index[axis] = 0
        if axis == 0 { return }
        axis -= 1
      }
    }
  }
}

/// How an array of some shape is walked along one of its axes.
struct AxisWalk: Sendable {
  /// Extents before, of, and after the axis.
  let outer: Int
  let extent: Int
  let inner: Int
  /// The shape without the axis.
  let reduced: [Int]

  /// - Precondition: `axis` is one of the shape's; negative ones count from the end.
  init(_ operation: String, _ shape: [Int], axis: Int) {
    let place = axis < 0 ? axis + shape.count : axis
    precondition(
      place >= 0 && place < shape.count, "\(operation): shape \(shape) has no axis \(axis)")
    outer = shape[..<place].reduce(1, *)
    extent = shape[place]
    inner = shape[(place + 1)...].reduce(1, *)
    reduced = Array(shape[..<place]) + Array(shape[(place + 1)...])
  }
}
