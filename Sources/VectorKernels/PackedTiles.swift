// A right operand in tiles: packed once for many products, or on the way to one.

import VectorKernelsInterface

/// The kernels that lay out and multiply tiles.
typealias AnyTileKernels = any TileProductKernels.Type

extension Operand {
  /// What its numbers become in tiles.
  var format: TileFormat { isBrainFloat ? .brainFloat : isRounding ? .rounded : .split }
}

/// A right operand in tiles.
struct PackedTiles: Sendable {
  /// Owner of the memory.
  private let buffer: FloatBuffer
  private(set) var depth: Int, columns: Int
  /// Bytes from one panel of 32 columns to the next.
  let panelBytes: Int
  let format: TileFormat
  let kernels: AnyTileKernels

  /// Steps of 32 in depth.
  var steps: Int { (depth + 31) / 32 }
  /// The first panel, at the first multiple of 64 bytes.
  var base: UnsafeMutableRawPointer { UnsafeMutableRawPointer(buffer.base).alignedUp(toMultipleOf: 64) }

  /// How many floats `columns` columns take, with room for alignment.
  static func size(_ columns: Int, _ depth: Int, _ format: TileFormat) -> Int {
    (columns + 31) / 32 * ((depth + 31) / 32) * format.stepBytes / 4 + 16
  }

  /// Packs some columns of `operand`, in parallel where they are many.
  init(_ operand: Operand, _ range: Range<Int>, in buffer: FloatBuffer, _ kernels: AnyTileKernels) {
    (self.buffer, depth, columns) = (buffer, operand.depth, range.count)
    // Rounded or not, what is packed is bfloat16 then.
    (format, self.kernels) = (operand.format == .rounded ? .brainFloat : operand.format, kernels)
    panelBytes = (operand.depth + 31) / 32 * operand.format.stepBytes
    fill(from: operand, range)
  }

  /// The first columns down to a depth that is a multiple of 32 or all there is, in the same memory.
  func leading(depth: Int, columns: Int) -> PackedTiles {
    var part = self
    (part.depth, part.columns) = (depth, columns)
    return part
  }

  /// Packs other columns of the same shape in the same place.
  func fill(from operand: Operand, _ range: Range<Int>) {
    let panels = (range.count + 31) / 32
    let perPiece = max(1, (1 << 18) / max(1, panelBytes))
    KernelPool.shared.parallel((panels + perPiece - 1) / perPiece) { piece in
      let first = range.lowerBound + 32 * piece * perPiece
      let last = min(range.upperBound, first + 32 * perPiece)
      kernels.pack(
        operand.address(first, 0), operand.format,
        outerStride: operand.outerStride, depthStride: operand.depthStride, outer: last - first, depth: depth,
        isRight: true, into: base + piece * perPiece * panelBytes, panelBytes: panelBytes)
    }
  }
}
