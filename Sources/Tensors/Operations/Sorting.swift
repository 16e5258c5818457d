// The order of scalars, as indices: a constant as far as gradients go.

extension Tensor {
  /// The places of all scalars from the smallest to the largest; equal ones keep their order.
  ///
  /// Not a number comes last. The order has no gradient, so it may be read from a tracked tensor;
  /// `x.rows(x.sortedOrder())` is the sorted tensor with its gradient.
  public func sortedOrder(descending: Bool = false) -> [Int] {
    let values = storage.doubles
    return values.indices.sorted { i, j in
      let (a, b) = (values[i], values[j])
      if a.isNaN || b.isNaN { return a.isNaN == b.isNaN ? i < j : b.isNaN }
      return a == b ? i < j : descending ? a > b : a < b
    }
  }
}
