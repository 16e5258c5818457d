// A right operand in tiles: packed once for many products, or on the way to one.

import VectorKernelsInterface

/// The kernels that lay out and multiply tiles.
typealias AnyTileKernels = any TileProductKernels.Type

extension Operand {
  /// What its numbers become in tiles.
  var format: TileFormat { isBrainFloat ? .brainFloat : significand.format }

  /// How some of its rows or columns, over some of the depth, are packed.
  func packing(
    _ range: Range<Int>, _ levels: Range<Int>, isRight: Bool, into panels: UnsafeMutableRawPointer,
    panelBytes: Int
  ) -> TilePacking {
    TilePacking(
      address(range.lowerBound, levels.lowerBound), format, outerStride: outerStride,
      depthStride: depthStride, outer: range.count, depth: levels.count, terms: depth, isRight: isRight,
      into: panels, panelBytes: panelBytes)
  }
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

  /// Steps of depth.
  var steps: Int { format.steps(depth) }
  /// The first panel, at the first multiple of 64 bytes.
  var base: UnsafeMutableRawPointer { UnsafeMutableRawPointer(buffer.base).alignedUp(toMultipleOf: 64) }

  /// How many floats `columns` columns take, with room for alignment.
  static func size(_ columns: Int, _ depth: Int, _ format: TileFormat) -> Int {
    (columns + 31) / 32 * format.panelBytes(steps: format.steps(depth)) / 4 + 16
  }

  /// Packs some columns of `operand`, in parallel where they are many.
  init(_ operand: Operand, _ range: Range<Int>, in buffer: FloatBuffer, _ kernels: AnyTileKernels) {
    (self.buffer, depth, columns) = (buffer, operand.depth, range.count)
    // Rounded or not, what is packed is bfloat16 then.
    (format, self.kernels) = (operand.format == .rounded ? .brainFloat : operand.format, kernels)
    panelBytes = format.panelBytes(steps: format.steps(operand.depth))
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
    if operand.depthStride == 1 || format == .digits {
      // Some columns, each of which is contiguous or has a scale, over the whole depth.
      let panels = (range.count + 31) / 32
      let size = panelsPerPiece(operand, panels)
      KernelPool.shared.parallel((panels + size - 1) / size) { piece in
        let first = 32 * piece * size
        let columns =
          range.lowerBound + first..<min(range.upperBound, range.lowerBound + first + 32 * size)
        pack(operand, columns, 0..<steps, into: base + piece * size * panelBytes)
      }
    } else {
      // All columns over some of the depth, of which each level is contiguous.
      let perPiece = max(1, (1 << 18) / max(1, (range.count + 31) / 32 * format.stepBytes))
      KernelPool.shared.parallel((steps + perPiece - 1) / perPiece) { piece in
        let first = piece * perPiece
        pack(operand, range, first..<min(steps, first + perPiece), into: base + first * format.stepBytes)
      }
    }
  }

  /// How many of all panels a thread packs at a time over the whole depth.
  private func panelsPerPiece(_ operand: Operand, _ panels: Int) -> Int {
    if operand.depthStride == 1 { return max(1, (1 << 18) / max(1, panelBytes)) }
    // Across depth up to four, and as many pieces for one thread as for the other.
    let threads = KernelPool.shared.freeThreads
    let pieces = max(1, threads * ((panels + 4 * threads - 1) / (4 * threads)))
    return max(1, (panels + pieces - 1) / pieces)
  }

  /// Packs some columns over some steps of depth.
  private func pack(
    _ operand: Operand, _ columns: Range<Int>, _ steps: Range<Int>, into panels: UnsafeMutableRawPointer
  ) {
    let levels = format.levels * steps.lowerBound..<min(depth, format.levels * steps.upperBound)
    kernels.pack(
      operand.packing(columns, levels, isRight: true, into: panels, panelBytes: panelBytes))
  }
}
