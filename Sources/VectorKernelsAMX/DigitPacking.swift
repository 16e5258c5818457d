// Lays out single precision as digits: each row or column is measured first, then written below its scale.

import ProcessorFeatures
import VectorKernelsInterface

/// Four lines of a tile, one of each digit.
typealias DigitLines = (Words, Words, Words, Words)

/// Writes a line of the first three digits or of all four, whose tiles lie so many bytes apart.
@inline(__always)
func putDigits(_ lines: DigitLines, _ line: UnsafeMutableRawPointer, _ digitBytes: Int, count: Int = 4) {
  line.storeBytes(of: lines.0, as: Words.self)
  (line + digitBytes).storeBytes(of: lines.1, as: Words.self)
  (line + 2 * digitBytes).storeBytes(of: lines.2, as: Words.self)
  if count == 4 { (line + 3 * digitBytes).storeBytes(of: lines.3, as: Words.self) }
}

/// What makes digits of sixteen numbers.
typealias DigitRule = (factor: Numbers, mask: Words)

/// For sixteen numbers of the first row.
@inline(__always)
func oneRule(_ rules: DigitRules) -> DigitRule {
  (Numbers(repeating: rules.factors[0]), Words(repeating: rules.masks[0]))
}

/// For one number of each of the first sixteen rows.
@inline(__always)
func sixteenRules(_ rules: DigitRules) -> DigitRule {
  (
    UnsafeRawPointer(rules.factors).loadUnaligned(as: Numbers.self),
    UnsafeRawPointer(rules.masks).loadUnaligned(as: Words.self)
  )
}

@inline(__always)
private func digits(_ source: UnsafePointer<Float>, _ rule: DigitRule) -> Words {
  processor_digits(UnsafeRawPointer(source).loadUnaligned(as: Numbers.self) * rule.factor) & rule.mask
}

/// Digits of 64 numbers that follow each other in depth.
@inline(__always)
func deepLines(_ source: UnsafePointer<Float>, _ rule: DigitRule) -> DigitLines {
  @inline(__always)
  func bytes(_ offset: Int) -> Words { processor_bytes_apart(digits(source + offset, rule)) }
  let (a, b, c, d) = (bytes(0), bytes(16), bytes(32), bytes(48))
  let (early, late) = (processor_first_halves(a, b), processor_first_halves(c, d))
  let (earlyLast, lateLast) = (processor_second_halves(a, b), processor_second_halves(c, d))
  return (
    processor_even_quarters(early, late), processor_odd_quarters(early, late),
    processor_even_quarters(earlyLast, lateLast), processor_odd_quarters(earlyLast, lateLast)
  )
}

/// Digits of 16 times four numbers, of which the four follow each other in depth.
@inline(__always)
func quadLines(_ source: UnsafePointer<Float>, _ depthStride: Int, _ rule: DigitRule) -> DigitLines {
  let (a, b) = (digits(source, rule), digits(source + depthStride, rule))
  let (c, d) = (digits(source + 2 * depthStride, rule), digits(source + 3 * depthStride, rule))
  let (early, late) = (processor_pair_first_bytes(a, b), processor_pair_first_bytes(c, d))
  let (earlyLast, lateLast) = (processor_pair_last_bytes(a, b), processor_pair_last_bytes(c, d))
  return (
    early & 0xffff | late &<< 16, early &>> 16 | late & 0xffff_0000,
    earlyLast & 0xffff | lateLast &<< 16, earlyLast &>> 16 | lateLast & 0xffff_0000
  )
}

/// Where tiles of digits go: the first digit's, how far apart the digits' are, and how many are written.
private typealias DigitTarget = (tile: UnsafeMutableRawPointer, digitBytes: Int, digits: Int)

@inline(__always)
private func put(_ lines: DigitLines, _ line: Int, _ target: DigitTarget) {
  putDigits(lines, target.tile + 64 * line, target.digitBytes, count: target.digits)
}

/// One whole tile of each digit: 64 levels of 16 rows or columns.
@inline(__always)
private func packTile(
  _ source: UnsafePointer<Float>, _ outerStride: Int, _ depthStride: Int, _ isRight: Bool,
  _ rules: DigitRules, _ target: DigitTarget
) {
  if depthStride == 1 {
    for line in 0..<16 {
      put(deepLines(source + line * outerStride, oneRule(digitRules(rules, from: line))), line, target)
    }
  } else {
    let rule = sixteenRules(rules)
    for line in 0..<16 {
      put(quadLines(source + 4 * line * depthStride, depthStride, rule), line, target)
    }
  }
  if (depthStride == 1) == isRight {
    for digit in 0..<target.digits { turn(target.tile + digit * target.digitBytes) }
  }
}

/// A tile of which only `outer × depth` numbers exist: the same from a copy filled up with zeros.
@inline(never)
private func packPartialTile(
  _ source: UnsafePointer<Float>, _ outerStride: Int, _ depthStride: Int, _ outer: Int, _ depth: Int,
  _ isRight: Bool, _ rules: DigitRules, _ target: DigitTarget
) {
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 1024) { copy in
    copy.initialize(repeating: 0)
    guard let base = copy.baseAddress else { return }
    for index in 0..<outer {
      for level in 0..<depth { base[64 * index + level] = source[index * outerStride + level * depthStride] }
    }
    packTile(UnsafePointer(base), 64, 1, isRight, rules, target)
  }
}

/// Measures rows or columns of a panel, writes its head, and gives what makes digits of them.
private func measure(_ job: TilePacking, _ first: Int, _ panel: UnsafeMutableRawPointer, _ rules: DigitRules)
{
  let source = job.source.assumingMemoryBound(to: Float.self) + first * job.outerStride
  let head = panel.assumingMemoryBound(to: Float.self)
  let outer = min(32, job.outer - first)
  let allowance = DigitTiles.allowance(terms: job.terms)
  head.update(repeating: 0, count: DigitTiles.headBytes / 4)
  rules.factors.update(repeating: 0, count: 32)
  rules.masks.update(repeating: 0, count: 32)
  if job.depthStride == 1 {
    for index in 0..<outer {
      let census = census(source + index * job.outerStride, job.depth, job.outerStride)
      note(index, census, allowance, head, rules)
    }
    return
  }
  // Both halves of a panel at once, since what lies beside each other arrives together.
  var halves = (noNumbers, noNumbers)
  let isWhole = outer == 32
  if outer >= 16 {
    for level in 0..<job.depth {
      let line = source + level * job.depthStride
      // Too far apart for the processor to foresee.
      processor_prefetch(line + 8 * job.depthStride)
      count(UnsafeRawPointer(line).loadUnaligned(as: Numbers.self), &halves.0)
      if isWhole {
        processor_prefetch(line + 8 * job.depthStride + 16)
        count(UnsafeRawPointer(line + 16).loadUnaligned(as: Numbers.self), &halves.1)
      }
    }
    for index in 0..<16 { note(index, place(index, of: halves.0), allowance, head, rules) }
    if isWhole {
      for index in 0..<16 { note(16 + index, place(index, of: halves.1), allowance, head, rules) }
    }
  }
  for index in outer & ~15..<outer {
    var all: DigitCensus<UInt32> = (0, 0, 0)
    for level in 0..<job.depth { count(source[index + level * job.depthStride], &all) }
    note(index, all, allowance, head, rules)
  }
}

/// Packs part of an operand as digits.
func packDigits(_ job: TilePacking) {
  let source = job.source.assumingMemoryBound(to: Float.self)
  let digitBytes = DigitTiles.digitBytes(job.panelBytes)
  // Lines that are far apart in memory are read twice while the second-level cache holds them, for four panels at a time.
  let perPass = job.depthStride == 1 ? 1 : 4
  let panelCount = (job.outer + 31) / 32
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 64 * perPass) { memory in
    guard let room = memory.baseAddress else { return }
    for pass in stride(from: 0, to: panelCount, by: perPass) {
      let panels = pass..<min(panelCount, pass + perPass)
      for panel in panels {
        measure(job, 32 * panel, job.panels + panel * job.panelBytes, digitRules(room + 64 * (panel - pass)))
      }
      for level in stride(from: 0, to: job.depth, by: 64) {
        for half in 2 * panels.lowerBound..<2 * panels.upperBound {
          let first = 16 * half
          let (rows, levels) = (min(16, max(0, job.outer - first)), min(64, job.depth - level))
          let from = source + min(first, job.outer - 1) * job.outerStride + level * job.depthStride
          let panel = job.panels + (half >> 1) * job.panelBytes
          let target: DigitTarget = (
            panel + DigitTiles.headBytes + level / 64 * 2048 + 1024 * (half & 1), digitBytes,
            digitCount(panel.assumingMemoryBound(to: Float.self))
          )
          let rules = digitRules(digitRules(room + 64 * (half / 2 - pass)), from: 16 * (half & 1))
          if rows == 16 && levels == 64 {
            packTile(from, job.outerStride, job.depthStride, job.isRight, rules, target)
          } else {
            packPartialTile(
              from, job.outerStride, job.depthStride, rows, levels, job.isRight, rules, target)
          }
        }
      }
    }
  }
}
