// Lays out bfloat16 operands: as pairs in depth where pairs are multiplied or kept, widened elsewhere.

import ProcessorFeatures
public import VectorKernelsInterface

/// The address of bfloat16 numbers.
typealias BrainFloats = UnsafePointer<UInt16>

extension UnsafePointer where Pointee == UInt16 {
  /// The vector that starts here.
  @inline(__always)
  func load<V: SIMD>(_: V.Type) -> V where V.Scalar == UInt16 {
    UnsafeRawPointer(self).loadUnaligned(as: V.self)
  }
}

extension Kernels {
  /// Packs pairs: a word's lower half is the earlier number.
  public static func packPairs(
    _ source: UnsafePointer<UInt16>, outerStride: Int, depthStride: Int, outer: Int, depth: Int, width: Int,
    into panels: MutableFloats, panelStride: Int
  ) {
    let pairs = depth / 2
    if depthStride != 1 {
      packLevels(PairLevels.self, source, depthStride, outer, pairs, width, panels, panelStride)
    }
    var (first, panel) = (0, panels)
    while first < outer {
      if depthStride == 1 {
        turnPanel(WordRows.self, source, 2 * outerStride, first, outer, pairs, width, panel)
      }
      if depth % 2 == 1 {
        // The last number stands alone, beside a zero.
        for index in 0..<width {
          let row = min(first + index, outer - 1)
          let bits = source[row * outerStride + (depth - 1) * depthStride]
          panel[pairs * width + index] = Float(bitPattern: UInt32(bits))
        }
      }
      first += width
      panel += panelStride
    }
  }

  /// Widens the pairs of a panel: each level of words becomes two. Asks for those of the next one.
  public static func widenPairs(
    _ panel: Floats, levels: Int, width: Int, into target: MutableFloats, next: Floats
  ) {
    for level in 0..<levels {
      processor_prefetch(next + level * width)
      let (early, late) = (target + 2 * level * width, target + (2 * level + 1) * width)
      var index = 0
      while index < width {
        let words = unsafeBitCast((panel + level * width + index).load(Register.self), to: RegisterWords.self)
        (early + index).store(unsafeBitCast(words &<< 16, to: Register.self))
        (late + index).store(unsafeBitCast(words & 0xffff_0000, to: Register.self))
        index += Register.scalarCount
      }
    }
  }
}

/// Levels of words that join the numbers of two rows.
enum PairLevels: Levels {
  @inline(__always) static var rows: Int { 2 }

  @inline(__always)
  static func copy(_ early: BrainFloats, _ stride: Int, _ count: Int, _ target: MutableFloats, _ width: Int) {
    let late = early + stride
    var index = 0
    while index + 8 <= count {
      var words = SIMD16<UInt16>()
      words.evenHalf = (early + index).load(SIMD8<UInt16>.self)
      words.oddHalf = (late + index).load(SIMD8<UInt16>.self)
      (target + index).store(unsafeBitCast(words, to: SIMD8<Float>.self))
      index += 8
    }
    while index < count {
      target[index] = Float(bitPattern: UInt32(early[index]) | UInt32(late[index]) << 16)
      index += 1
    }
    while index < width {
      target[index] = 0
      index += 1
    }
  }
}

/// bfloat16 numbers, widened as they are read.
enum WidenedRows: DeepRows {
  @inline(__always) static var byteCount: Int { 2 }

  @inline(__always)
  static func run(_ base: UnsafeRawPointer, _ stride: Int, _ row: Int, _ depth: Int) -> Run {
    let address = base + row * stride + 2 * depth
    #if LANES16
      let words = processor_widen_words(address.loadUnaligned(as: SIMD16<UInt16>.self)) &<< 16
    #else
      var words = SIMD16<UInt16>()
      words.oddHalf = address.loadUnaligned(as: SIMD8<UInt16>.self)
    #endif
    return unsafeBitCast(words, to: Run.self)
  }
  @inline(__always)
  static func word(_ base: UnsafeRawPointer, _ stride: Int, _ row: Int, _ depth: Int) -> Float {
    let bits = (base + row * stride + 2 * depth).loadUnaligned(as: UInt16.self)
    return Float(bitPattern: UInt32(bits) << 16)
  }
}

extension Kernels {
  /// Packs single-precision numbers that are worth the same.
  public static func pack(
    _ source: UnsafePointer<UInt16>, outerStride: Int, depthStride: Int, outer: Int, depth: Int, width: Int,
    into panels: MutableFloats, panelStride: Int
  ) {
    if depthStride != 1 {
      return packLevels(WidenedLevels.self, source, depthStride, outer, depth, width, panels, panelStride)
    }
    var (first, panel) = (0, panels)
    while first < outer {
      turnPanel(WidenedRows.self, source, 2 * outerStride, first, outer, depth, width, panel)
      first += width
      panel += panelStride
    }
  }
}

/// Levels of bfloat16 numbers, widened.
enum WidenedLevels: Levels {
  @inline(__always) static var rows: Int { 1 }

  @inline(__always)
  static func copy(_ source: BrainFloats, _ stride: Int, _ count: Int, _ target: MutableFloats, _ width: Int)
  {
    if count == width && width % 8 == 0 {
      var index = 0
      while index < width {
        var words = SIMD16<UInt16>()
        words.oddHalf = (source + index).load(SIMD8<UInt16>.self)
        (target + index).store(unsafeBitCast(words, to: SIMD8<Float>.self))
        index += 8
      }
    } else if count == 6 && width == 6 {
      var (four, two) = (SIMD8<UInt16>(), SIMD4<UInt16>())
      four.oddHalf = source.load(SIMD4<UInt16>.self)
      two.oddHalf = (source + 4).load(SIMD2<UInt16>.self)
      target.store(unsafeBitCast(four, to: SIMD4<Float>.self))
      (target + 4).store(unsafeBitCast(two, to: SIMD2<Float>.self))
    } else {
      for index in 0..<count { target[index] = Float(bitPattern: UInt32(source[index]) << 16) }
      for index in count..<width { target[index] = 0 }
    }
  }
}
