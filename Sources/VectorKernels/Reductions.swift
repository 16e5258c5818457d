// Sums over whole buffers, in double precision and in an order that depends on the length alone.

import VectorKernelsInterface

/// Adds what `term(start, length)` returns for consecutive blocks, in the order of the blocks.
private func sumOverBlocks(of count: Int, _ term: @Sendable (Int, Int) -> Double) -> Double {
  let blocks = (count + blockLength - 1) / blockLength
  if blocks <= 1 { return count == 0 ? 0 : term(0, count) }
  let partial = AlignedBuffer<Double>(count: blocks)
  forEachBlock(of: count) { partial.base[$0 / blockLength] = term($0, $1) }
  var total = 0.0
  for block in 0..<blocks { total += partial[block] }
  return total
}

/// The sum of all elements; the same bits on every machine and for every number of threads.
public func sum(_ x: FloatBuffer) -> Double {
  sumOverBlocks(of: x.count) { activeKernels.sum(x.base + $0, $1) }
}

/// Writes the sum of the first `counts[n]` elements of each row of `width`; the same bits on every machine, for
/// every width and for every number of threads.
public func sumRows(_ x: FloatBuffer, width: Int, counts: [Int], into sums: AlignedBuffer<Double>) {
  precondition(
    x.count == counts.count * width && sums.count == counts.count,
    "sumRows: \(x.count) elements and \(sums.count) sums for \(counts.count) rows of \(width)")
  for count in counts {
    precondition(count >= 0 && count <= width, "sumRows: the first \(count) elements of rows of \(width)")
  }
  let rows = max(1, blockLength / max(1, width))
  KernelPool.shared.parallel((counts.count + rows - 1) / rows) { block in
    for row in (block * rows)..<min(counts.count, (block + 1) * rows) {
      sums.base[row] = activeKernels.sum(x.base + row * width, counts[row])
    }
  }
}

/// The sum of products `x·y`; the same bits on every machine and for every number of threads.
public func dot(_ x: FloatBuffer, _ y: FloatBuffer) -> Double {
  requireEqualCounts(x, y, "dot")
  return sumOverBlocks(of: x.count) { activeKernels.dot(x.base + $0, y.base + $0, $1) }
}

/// The sum of squares; the same bits on every machine and for every number of threads.
public func sumOfSquares(_ x: FloatBuffer) -> Double {
  dot(x, x)
}

/// Whether no element is infinite or NaN.
public func isFinite(_ x: FloatBuffer) -> Bool {
  sumOverBlocks(of: x.count) { activeKernels.isFinite(x.base + $0, $1) ? 0 : 1 } == 0
}
