// Lays out operands of a product in panels: numbers that lie side by side, one level of depth after the other.

import ProcessorFeatures
import VectorKernelsInterface

/// How the words of one level of a panel are read.
protocol Levels {
  associatedtype Scalar
  /// Rows of the source that give one level.
  static var rows: Int { get }
  /// Writes a level of a panel, `count ≤ width` words, and fills it up with zeros; `stride` scalars lie between rows.
  static func copy(
    _ source: UnsafePointer<Scalar>, _ stride: Int, _ count: Int, _ target: MutableFloats, _ width: Int)
}

/// Levels of single-precision numbers.
enum FloatLevels: Levels {
  @inline(__always) static var rows: Int { 1 }

  @inline(__always)
  static func copy(_ source: Floats, _ stride: Int, _ count: Int, _ target: MutableFloats, _ width: Int) {
    if count < width {
      for index in 0..<count { target[index] = source[index] }
      for index in count..<width { target[index] = 0 }
    } else if width == 8 {
      target.store(source.load(SIMD8<Float>.self))
    } else if width == 6 {
      target.store(source.load(SIMD4<Float>.self))
      (target + 4).store((source + 4).load(SIMD2<Float>.self))
    } else {
      var index = 0
      while index + Register.scalarCount <= width {
        (target + index).store((source + index).load(Register.self))
        index += Register.scalarCount
      }
      // Panels of 24 rows, in registers of 16.
      if index < width { (target + index).store((source + index).load(SIMD8<Float>.self)) }
    }
  }
}

/// Packs the levels of `outer` rows or columns into panels of `width`; `stride` scalars lie between the source's rows.
@inline(__always)
func packLevels<L: Levels>(
  _ levels: L.Type, _ source: UnsafePointer<L.Scalar>, _ stride: Int, _ outer: Int, _ words: Int,
  _ width: Int,
  _ panels: MutableFloats, _ panelStride: Int
) {
  // Widths are known here, so that copies have no loops.
  if width == Kernels.tileRows {
    packGroups(levels, source, stride, outer, words, Kernels.tileRows, panels, panelStride)
  } else if width == Kernels.tileColumns {
    packGroups(levels, source, stride, outer, words, Kernels.tileColumns, panels, panelStride)
  } else if width == WinogradPanel.rows {
    packGroups(levels, source, stride, outer, words, WinogradPanel.rows, panels, panelStride)
  } else if width == WinogradPanel.columns {
    packGroups(levels, source, stride, outer, words, WinogradPanel.columns, panels, panelStride)
  } else {
    packGroups(levels, source, stride, outer, words, width, panels, panelStride)
  }
}

/// How many panels are packed side by side.
@inline(__always)
func panelsTogether(_ width: Int) -> Int { max(1, 128 / width) }

/// Packs some panels side by side, then the next ones.
///
/// The source's rows are often a large power of two apart, or nearly, so that a column of them finds room for few lines in a
/// cache: what is read of a line is read at once, and asked for some levels before.
@inline(__always)
private func packGroups<L: Levels>(
  _: L.Type, _ source: UnsafePointer<L.Scalar>, _ stride: Int, _ outer: Int, _ words: Int, _ width: Int,
  _ panels: MutableFloats, _ panelStride: Int
) {
  let (together, ahead) = (panelsTogether(width), 8)
  let line = 64 / MemoryLayout<L.Scalar>.size
  var (first, panel) = (0, panels)
  while first < outer {
    let count = min(together * width, outer - first)
    var (row, level) = (source + first, panel)
    for _ in 0..<words {
      for next in 0..<L.rows {
        let fetched = row + (ahead * L.rows + next) * stride
        var column = 0
        while column < count {
          processor_prefetch_first(fetched + column)
          column += line
        }
      }
      var (column, target) = (0, level)
      while column + width <= count {
        L.copy(row + column, stride, width, target, width)
        column += width
        target += panelStride
      }
      if column < count { L.copy(row + column, stride, count - column, target, width) }
      row += L.rows * stride
      level += width
    }
    first += together * width
    panel += together * panelStride
  }
}
