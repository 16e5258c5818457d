// Panels of integers from rows that lie beside each other, level by level of depth.

import ProcessorFeatures
import VectorKernelsInterface

/// The numbers of up to 32 rows at one level.
@inline(__always)
private func load(_ source: BrainFloats, _ count: Int) -> ShortPairs {
  if count >= 32 { return UnsafeRawPointer(source).loadUnaligned(as: ShortPairs.self) }
  var result = Shorts32.zero
  for index in 0..<count { result[index] = source[index] }
  return unsafeBitCast(result, to: ShortPairs.self)
}

/// Single precision's numbers of the first and the last sixteen.
@inline(__always)
private func widened(_ x: Shorts32) -> (Lanes, Lanes) {
  (
    unsafeBitCast(processor_widen_words(x.lowHalf) &<< 16, to: Lanes.self),
    unsafeBitCast(processor_widen_words(x.highHalf) &<< 16, to: Lanes.self)
  )
}

/// Measures up to 32 rows; writes their scales, exponents and needs.
private func measureLevels(
  _ source: BrainFloats, _ stride: Int, _ count: Int, _ depth: Int,
  _ scales: MutableFloats, _ exponents: MutableFloats, _ needs: MutableFloats
) {
  var (largest, line) = (Shorts32.zero, source)
  for _ in 0..<depth {
    processor_prefetch(line + 8 * stride)
    largest = processor_larger_halves(largest, magnitudes(load(line, count)))
    line += stride
  }
  for index in 0..<32 { scales[index] = measuringScale(UInt32(largest[index]) << 16) }
  let (firstScale, lastScale): (Lanes, Lanes) = (scales.load(), (scales + 16).load())
  var (low, high) = (ShortPairs.zero, ShortPairs.zero)
  line = source
  for _ in 0..<depth {
    let (first, last) = widened(magnitudes(load(line, count)))
    low = low &+ integerBits(first, firstScale)
    high = high &+ integerBits(last, lastScale)
    line += stride
  }
  let zeros = UInt32(truncatingIfNeeded: depth) &* integerRounder.bitPattern
  for index in 0..<count {
    let bits = UInt32(largest[index]) << 16
    let sum = (index < 16 ? low : high)[index % 16] &- zeros
    let unit = IntegerUnit(largest: bits, sum: Int32(bitPattern: sum), depth: depth)
    (scales[index], exponents[index], needs[index]) = (unit.scale, unit.exponent, unit.need)
  }
}

/// Sixteen or eight rows' integers at two levels.
@inline(__always)
private func writeWords(
  _ early: BrainFloats, _ late: BrainFloats, _ count: Int, _ scales: Floats, isSecond: Bool,
  _ target: MutableFloats, _ width: Int
) {
  @inline(__always) func numbers(_ source: BrainFloats) -> Lanes {
    if count >= 16 { return Rounded.load(source) }
    if count == 8 {
      var words = SIMD16<UInt16>.zero
      words.lowHalf = source.load(SIMD8<UInt16>.self)
      return unsafeBitCast(processor_widen_words(words) &<< 16, to: Lanes.self)
    }
    return Rounded.loadPart(source, max(0, count))
  }
  let scale: Lanes = scales.load()
  let words = unsafeBitCast(
    integerWords(numbers(early), numbers(late), scale, isSecond: isSecond), to: Lanes.self)
  if width == 16 { target.store(words) } else { target.store(words.lowHalf) }
}

/// Rows' integers, level by level, into panels side by side; those that `wanted` leaves out stay as they are.
private func writeLevels(
  _ source: BrainFloats, _ stride: Int, _ count: Int, _ depth: Int, _ width: Int,
  _ scales: Floats, isSecond: Bool, _ panels: MutableFloats, _ panelStride: Int,
  wanted: (Int) -> Bool
) {
  let zero: [UInt16] = depth % 2 == 1 ? Array(repeating: 0, count: count) : []
  zero.withUnsafeBufferPointer { zero in
    for word in 0..<(depth + 1) / 2 {
      let early = source + 2 * word * stride
      let late = 2 * word + 1 < depth ? early + stride : zero.baseAddress ?? early
      var (row, panel) = (0, 0)
      while row < count {
        if wanted(panel) {
          let target = panels + panel * panelStride + word * width
          var part = 0
          while part < width {
            let size = width - part >= 16 ? 16 : 8
            writeWords(
              early + row + part, late + row + part, min(size, count - row - part), scales + row + part,
              isSecond: isSecond, target + part, size)
            part += size
          }
        }
        row += width
        panel += 1
      }
    }
  }
}

/// Floats for one fact of each row, with room for whole panels and vectors.
let levelRoom = 192

/// Some panels of rows side by side; `room` holds three facts of each row.
func packIntegerLevels(
  _ source: BrainFloats, _ stride: Int, _ count: Int, _ depth: Int, _ words: Int, _ width: Int,
  _ panels: IntegerPanels, _ panelStride: Int, _ room: MutableFloats
) {
  let (scales, exponents, needs) = (room, room + levelRoom, room + 2 * levelRoom)
  room.update(repeating: 0, count: 3 * levelRoom)
  for first in Swift.stride(from: 0, to: count, by: 32) {
    measureLevels(
      source + first, stride, min(32, count - first), depth, scales + first, exponents + first,
      needs + first)
  }
  let (head, filled) = (IntegerPanel.headCount(width), (depth + 1) / 2)
  let each = (count + width - 1) / width
  func need(_ panel: Int) -> Float { panels.base[panel * panelStride + IntegerPanel.facts * width] }
  @inline(__always) func finish(_ target: MutableFloats) {
    (target + head + filled * width).update(repeating: 0, count: (words - filled) * width)
    settlePanel(target, words, width)
  }
  writeLevels(
    source, stride, count, depth, width, scales, isSecond: false, panels.base + head, panelStride
  ) { _ in true }
  for panel in 0..<each {
    let (target, first) = (panels.base + panel * panelStride, panel * width)
    (target + width).update(from: exponents + first, count: width)
    (target + 2 * width).update(from: needs + first, count: width)
    target[IntegerPanel.facts * width] = (first..<first + width).reduce(0) { max($0, needs[$1]) }
    finish(target)
  }
  guard (0..<each).contains(where: { need($0) > 0 }) else { return }
  // Rows without second digits have zeros there.
  for row in 0..<count where needs[row] == 0 { scales[row] = 0 }
  writeLevels(
    source, stride, count, depth, width, scales, isSecond: true, panels.base + panels.second + head,
    panelStride
  ) { need($0) > 0 }
  for panel in 0..<each where need(panel) > 0 {
    let target = panels.base + panels.second + panel * panelStride
    for row in 0..<width {
      target[width + row] = exponents[panel * width + row] - Float(IntegerPanel.secondBits)
    }
    finish(target)
  }
}
