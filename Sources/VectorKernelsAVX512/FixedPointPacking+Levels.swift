// Panels of integers from rows that lie beside each other, level by level of depth.

import ProcessorFeatures
import VectorKernelsInterface

/// The numbers of up to 32 rows at one level.
@inline(__always)
private func load(_ source: BrainFloats, _ count: Int) -> ShortPairs {
  if count >= 32 { return UnsafeRawPointer(source).loadUnaligned(as: ShortPairs.self) }
  return unsafeBitCast(processor_load_halves(source, count), to: ShortPairs.self)
}

/// Single precision's numbers of the first and the last sixteen.
@inline(__always)
private func widened(_ x: Shorts32) -> (Lanes, Lanes) {
  (
    unsafeBitCast(processor_widen_words(x.lowHalf) &<< 16, to: Lanes.self),
    unsafeBitCast(processor_widen_words(x.highHalf) &<< 16, to: Lanes.self)
  )
}

/// Rows that are measured side by side: of each level three lines, which lie together.
let rowsMeasured = 96

/// Measures up to `rowsMeasured` rows; writes their scales, exponents and needs.
private func measureLevels(
  _ source: BrainFloats, _ stride: Int, _ count: Int, _ depth: Int,
  _ scales: MutableFloats, _ exponents: MutableFloats, _ needs: MutableFloats
) {
  typealias Group = (Shorts32, Shorts32, Shorts32)
  @inline(__always) func sizes(_ line: BrainFloats) -> Group {
    (
      magnitudes(load(line, count)), magnitudes(load(line + 32, count - 32)),
      magnitudes(load(line + 64, count - 64))
    )
  }
  var largest: Group = (.zero, .zero, .zero)
  var line = source
  for _ in 0..<depth {
    let next = line + 8 * stride
    processor_prefetch(next)
    processor_prefetch(next + 32)
    processor_prefetch(next + 64)
    let sizes = sizes(line)
    largest.0 = processor_larger_halves(largest.0, sizes.0)
    largest.1 = processor_larger_halves(largest.1, sizes.1)
    largest.2 = processor_larger_halves(largest.2, sizes.2)
    line += stride
  }
  @inline(__always) func bits(_ row: Int) -> UInt32 {
    let group = row < 32 ? largest.0 : row < 64 ? largest.1 : largest.2
    return UInt32(group[row % 32]) << 16
  }
  for row in 0..<rowsMeasured { scales[row] = measuringScale(bits(row)) }
  @inline(__always) func scale(_ part: Int) -> Lanes { (scales + 16 * part).load() }
  let factors = (scale(0), scale(1), scale(2), scale(3), scale(4), scale(5))
  let none = ShortPairs.zero
  var sums = (none, none, none, none, none, none)
  line = source
  for _ in 0..<depth {
    let sizes = sizes(line)
    let (first, second, third) = (widened(sizes.0), widened(sizes.1), widened(sizes.2))
    sums.0 = sums.0 &+ integerBits(first.0, factors.0)
    sums.1 = sums.1 &+ integerBits(first.1, factors.1)
    sums.2 = sums.2 &+ integerBits(second.0, factors.2)
    sums.3 = sums.3 &+ integerBits(second.1, factors.3)
    sums.4 = sums.4 &+ integerBits(third.0, factors.4)
    sums.5 = sums.5 &+ integerBits(third.1, factors.5)
    line += stride
  }
  let zeros = UInt32(truncatingIfNeeded: depth) &* integerRounder.bitPattern
  let all = [sums.0, sums.1, sums.2, sums.3, sums.4, sums.5]
  for row in 0..<count {
    let sum = all[row / 16][row % 16] &- zeros
    let unit = IntegerUnit(largest: bits(row), sum: Int32(bitPattern: sum), depth: depth)
    (scales[row], exponents[row], needs[row]) = (unit.scale, unit.exponent, unit.need)
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
let levelRoom = rowsMeasured + 16

/// Up to `rowsMeasured` rows in panels side by side; `room` holds three facts of each row.
func packIntegerLevels(
  _ source: BrainFloats, _ stride: Int, _ count: Int, _ depth: Int, _ words: Int, _ width: Int,
  _ panels: IntegerPanels, _ panelStride: Int, _ room: MutableFloats
) {
  let (scales, exponents, needs) = (room, room + levelRoom, room + 2 * levelRoom)
  room.update(repeating: 0, count: 3 * levelRoom)
  measureLevels(source, stride, count, depth, scales, exponents, needs)
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
