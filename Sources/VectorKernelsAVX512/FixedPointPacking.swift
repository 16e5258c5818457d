// Panels of integers: each row's unit is found, its numbers become multiples of it, and what exchanging adds is summed up.

import ProcessorFeatures
public import VectorKernelsInterface

/// A row's words one vector after the other, the last one filled up with zeros.
@inline(__always)
private func forEachVector(
  _ row: BrainFloats, _ depth: Int, _ body: (_ word: Int, _ words: ShortPairs) -> Void
) {
  var level = 0
  while level + 32 <= depth {
    body(level / 2, UnsafeRawPointer(row + level).loadUnaligned(as: ShortPairs.self))
    level += 32
  }
  if level < depth {
    var rest = Shorts32.zero
    for index in 0..<depth - level { rest[index] = row[level + index] }
    body(level / 2, unsafeBitCast(rest, to: ShortPairs.self))
  }
}

/// Measures a row; asks for the line `ahead` of each meanwhile.
@inline(__always)
private func measure(_ row: BrainFloats, _ depth: Int, ahead: Int) -> IntegerUnit {
  var largest = Shorts32.zero
  forEachVector(row, depth) { word, words in
    processor_prefetch(row + 2 * word + ahead)
    largest = processor_larger_halves(largest, magnitudes(words))
  }
  let bits = UInt32(largest.max()) << 16
  let scale = Lanes(repeating: measuringScale(bits))
  var sums = ShortPairs.zero
  forEachVector(row, depth) { _, words in
    let sizes = words & 0x7fff_7fff
    sums = sums &+ integerBits(lowerNumbers(sizes), scale) &+ integerBits(upperNumbers(sizes), scale)
  }
  // The bits of as many zeros as there are numbers, filled up.
  let zeros = UInt32(truncatingIfNeeded: (depth + 31) / 32 * 32) &* integerRounder.bitPattern
  return IntegerUnit(largest: bits, sum: Int32(bitPattern: sums.wrappedSum() &- zeros), depth: depth)
}

/// Writes a row's integers, filled up to `words` with zeros, and up to 16 words more.
@inline(__always)
private func writeDigits(
  _ row: BrainFloats, _ depth: Int, _ scale: Float, isSecond: Bool, _ words: Int, _ target: MutableFloats
) {
  let scale = Lanes(repeating: scale)
  var end = 0
  forEachVector(row, depth) { word, words in
    let integers = integerWords(lowerNumbers(words), upperNumbers(words), scale, isSecond: isSecond)
    (target + word).store(unsafeBitCast(integers, to: Lanes.self))
    end = word + 16
  }
  while end < words {
    (target + end).store(Lanes.zero)
    end += 16
  }
}

/// One panel of rows.
private func packRows(
  _ source: BrainFloats, _ stride: Int, _ count: Int, _ depth: Int, _ words: Int, _ width: Int,
  _ panel: IntegerPanels, _ room: MutableFloats
) {
  let (length, head) = (words + 16, IntegerPanel.headCount(width))
  let second = panel.base + panel.second
  var greatest: Float = 0
  for row in 0..<count {
    let line = source + row * stride
    let unit = measure(line, depth, ahead: width * stride)
    panel.base[width + row] = unit.exponent
    panel.base[2 * width + row] = unit.need
    if unit.need > 0 {
      // Kept where second digits' exponents will be; 0 for rows that have none.
      if greatest == 0 { (second + width).update(repeating: 0, count: width) }
      second[width + row] = unit.scale
      greatest = max(greatest, unit.need)
    }
    writeDigits(line, depth, unit.scale, isSecond: false, words, room + row * length)
  }
  panel.base[IntegerPanel.facts * width] = greatest
  turnPanel(WordRows.self, room, 4 * length, 0, count, words, width, panel.base + head)
  settlePanel(panel.base, words, width)
  guard greatest > 0 else { return }
  for row in 0..<count {
    writeDigits(
      source + row * stride, depth, second[width + row], isSecond: true, words, room + row * length)
    second[width + row] = panel.base[width + row] - Float(IntegerPanel.secondBits)
  }
  turnPanel(WordRows.self, room, 4 * length, 0, count, words, width, second + head)
  settlePanel(second, words, width)
}

extension Kernels {
  /// Packs panels of integers.
  public static func pack(
    _ source: UnsafePointer<UInt16>, outerStride: Int, depthStride: Int, outer: Int, depth: Int, levels: Int,
    width: Int, into panels: IntegerPanels, panelStride: Int
  ) {
    let words = levels / 2
    let isTurned = depthStride == 1
    let together = isTurned ? width : rowsMeasured / width * width
    let bytes = 4 * (isTurned ? width * (words + 16) : 3 * levelRoom)
    withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) { raw in
      guard let room = raw.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
      var (first, part) = (0, panels)
      while first < outer {
        let count = min(together, outer - first)
        if isTurned {
          packRows(source + first * outerStride, outerStride, count, depth, words, width, part, room)
        } else {
          packIntegerLevels(
            source + first, depthStride, count, depth, words, width, part, panelStride, room)
        }
        part.base += (count + width - 1) / width * panelStride
        first += together
      }
    }
  }
}
