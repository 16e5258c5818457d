// Attention and its gradients against plain loops in double precision, and against itself cut differently.

import Foundation
import PreferenceCore
import Testing
import VectorKernels

@testable import TransformerModels

/// Random operands of one attention, in single precision and rounded to bfloat16.
private struct Operands {
  let attention: Attention
  let layout: RaggedLayout
  let queries: Matrix<Float>, keys: Matrix<Float>, values: Matrix<Float>, upstream: Matrix<Float>

  init(_ attention: Attention, _ layout: RaggedLayout, seed: UInt64 = 1) {
    (self.attention, self.layout) = (attention, layout)
    func noise(_ columns: Int, _ place: UInt64, _ deviation: Double) -> Matrix<Float> {
      let matrix = Matrix<Float>(rows: layout.rows, columns: columns)
      fillNormal(matrix.buffer, deviation: deviation, seed: seed &* 8 &+ place)
      // What bfloat16 holds exactly, so that both precisions see the same operands.
      let rounded = BrainFloatBuffer(count: matrix.buffer.count)
      convert(matrix.buffer, into: rounded)
      convert(rounded, into: matrix.buffer)
      return matrix
    }
    let (wide, narrow) = (
      attention.headCount * attention.headWidth, attention.keyValueHeadCount * attention.headWidth
    )
    queries = noise(wide, 0, 1.5)
    keys = noise(narrow, 1, 1.5)
    values = noise(narrow, 2, 1)
    upstream = noise(wide, 3, 1)
  }
}

/// What attention computes: its mixture, and the gradients by queries, keys and values.
private struct Results {
  var mixed: [Double], queries: [Double], keys: [Double], values: [Double]
  var all: [[Double]] { [mixed, queries, keys, values] }
}

private func computed<Scalar: ActivationScalar>(_ o: Operands, as type: Scalar.Type) -> Results {
  func stored(_ x: Matrix<Float>) -> Matrix<Scalar> {
    let y = Matrix<Scalar>(rows: x.rows, columns: x.columns)
    storeRows(x, into: y)
    return y
  }
  func numbers(_ x: Matrix<Scalar>) -> [Double] {
    if let x = x as? Matrix<UInt16> {
      return x.buffer.scalars.map { Double(Float(bitPattern: UInt32($0) << 16)) }
    }
    return (x as? Matrix<Float>)?.buffer.scalars.map(Double.init) ?? []
  }
  func like(_ x: Matrix<Float>) -> Matrix<Scalar> { Matrix(rows: x.rows, columns: x.columns) }
  let (q, k, v) = (stored(o.queries), stored(o.keys), stored(o.values))
  let (mixed, dq, dk, dv) = (like(o.queries), like(o.queries), like(o.keys), like(o.values))
  let workspace = Workspace()
  func heads(_ x: Matrix<Scalar>) -> Heads<Scalar> { Heads(x, width: o.attention.headWidth) }
  o.attention.apply(
    queries: heads(q), keys: heads(k), values: heads(v), into: mixed, o.layout, workspace)
  o.attention.pullBack(
    upstream: heads(stored(o.upstream)), queries: heads(q), keys: heads(k), values: heads(v),
    queryGradient: heads(dq), keyGradient: heads(dk), valueGradient: heads(dv), o.layout, workspace)
  return Results(mixed: numbers(mixed), queries: numbers(dq), keys: numbers(dk), values: numbers(dv))
}

/// The same by the definition, in double precision.
private func naive(_ o: Operands) -> Results {
  let (a, w) = (o.attention, o.attention.headWidth)
  let (wide, narrow) = (o.queries.columns, o.keys.columns)
  func zeros(_ columns: Int) -> [Double] { [Double](repeating: 0, count: o.layout.rows * columns) }
  var r = Results(mixed: zeros(wide), queries: zeros(wide), keys: zeros(narrow), values: zeros(narrow))
  for segment in o.layout.groups.joined() {
    for (place, row) in segment.queries.enumerated() {
      let all = Array(segment.prefix) + Array(segment.own.prefix(place + 1))
      let seen = all.suffix(a.window ?? all.count)
      let (scale, cap) = (Double(a.scale), a.cap.map { Double($0) })
      for head in 0..<a.headCount {
        let (at, kv) = (row * wide + head * w, head / a.share * w)
        func dot(_ x: Matrix<Float>, _ j: Int, _ y: Matrix<Float>) -> Double {
          (0..<w).reduce(0) { $0 + Double(y[row, head * w + $1]) * Double(x[j, kv + $1]) }
        }
        let plain = seen.map { dot(o.keys, $0, o.queries) * scale }
        let scores = plain.map { s in cap.map { $0 * tanh(s / $0) } ?? s }
        // What the cap takes of each slope.
        let shares = plain.map { s in cap.map { 1 - tanh(s / $0) * tanh(s / $0) } ?? 1 }
        let largest = scores.max() ?? 0
        let e = scores.map { exponential($0 - largest) }
        let p = e.map { $0 / e.reduce(0, +) }
        let dp = seen.map { dot(o.values, $0, o.upstream) }
        let projection = zip(p, dp).reduce(0) { $0 + $1.0 * $1.1 }
        for (i, j) in seen.enumerated() {
          let ds = p[i] * (dp[i] - projection) * scale * shares[i]
          for c in 0..<w {
            r.mixed[at + c] += p[i] * Double(o.values[j, kv + c])
            r.queries[at + c] += ds * Double(o.keys[j, kv + c])
            r.keys[j * narrow + kv + c] += ds * Double(o.queries[row, head * w + c])
            r.values[j * narrow + kv + c] += p[i] * Double(o.upstream[row, head * w + c])
          }
        }
      }
    }
  }
  return r
}

private func exponential(_ x: Double) -> Double {
  // The series of e^(x/1024), squared ten times.
  var (term, sum) = (1.0, 1.0)
  for k in 1..<12 {
    term *= x / 1024 / Double(k)
    sum += term
  }
  for _ in 0..<10 { sum *= sum }
  return sum
}

/// The largest difference, in units of the second list's root mean square.
private func relativeDistance(_ a: [Double], _ b: [Double]) -> Double {
  let size = (b.reduce(0) { $0 + $1 * $1 } / Double(max(1, b.count))).squareRoot()
  return distance(a, b) / max(size, 1e-30)
}

/// Prompts and completions of the given lengths; a completion's last token is not computed.
private func layout(_ groups: [(prompt: Int, completions: [Int])]) throws -> RaggedLayout {
  let configuration = ModelConfiguration(
    vocabularyCount: 8, width: 4, feedForwardWidth: 4, layerCount: 1, headCount: 1, keyValueHeadCount: 1,
    headWidth: 4)
  let prompts = groups.enumerated().flatMap { place, group in group.completions.map { _ in place } }
  return try RaggedLayout(
    TokenBatch(
      prompts: groups.map { [Int32](repeating: 1, count: $0.prompt) },
      completions: groups.flatMap { $0.completions.map { [Int32](repeating: 2, count: $0 + 1) } },
      layout: FeedbackLayout(
        prompts: prompts, ranks: prompts.map { _ in 0 }, isDesirable: prompts.map { _ in true })),
    configuration)
}

@Suite struct AttentionTests {
  static let measures = [(4, 2, 6), (6, 2, 16), (2, 2, 32), (5, 1, 8)]
  private static let lengths: [(prompt: Int, completions: [Int])] = [
    (37, [40, 5]), (1, [1, 0, 33]), (70, [20]),
  ]

  private func attention(_ measures: (Int, Int, Int), rows: Int = 64) -> Attention {
    var attention = Attention(
      headCount: measures.0, keyValueHeadCount: measures.1, headWidth: measures.2)
    attention.blockRows = rows
    return attention
  }

  @Test(arguments: measures)
  func `agrees with the definition, gradients included`(_ measures: (Int, Int, Int)) throws {
    let operands = Operands(attention(measures), try layout(Self.lengths))
    let expected = naive(operands).all
    for (ours, exact) in zip(computed(operands, as: Float.self).all, expected) {
      // Scores of up to 50 are rounded at 4e-6; sums of a hundred terms.
      #expect(relativeDistance(ours, exact) < 5e-5)
    }
    for (ours, exact) in zip(computed(operands, as: UInt16.self).all, expected) {
      // Weights, gradients by scores and results are rounded to 8 bits, the largest elements being five to ten
      // times the root mean square: 2⁻⁹ of them.
      #expect(relativeDistance(ours, exact) < 0.06)
    }
  }

  @Test(arguments: [(1, nil), (7, nil), (40, nil), (nil, 3), (50, 9)] as [(Int?, Float?)])
  func `windows and caps agree with the definition, gradients included`(_ limits: (Int?, Float?)) throws {
    var attention = attention((6, 2, 16), rows: 32)
    (attention.window, attention.cap, attention.scale) = (limits.0, limits.1, 0.31)
    let operands = Operands(attention, try layout(Self.lengths))
    let expected = naive(operands).all
    for (ours, exact) in zip(computed(operands, as: Float.self).all, expected) {
      #expect(relativeDistance(ours, exact) < 5e-5)
    }
    for (ours, exact) in zip(computed(operands, as: UInt16.self).all, expected) {
      #expect(relativeDistance(ours, exact) < 0.06)
    }
  }

  @Test func `bfloat16 errs by its rounding, not more`() throws {
    let operands = Operands(attention((3, 1, 32)), try layout(Self.lengths))
    for (ours, exact) in zip(computed(operands, as: UInt16.self).all, naive(operands).all) {
      let error = zip(ours, exact).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      let size = exact.reduce(0) { $0 + $1 * $1 }
      // Two roundings to 8 bits, 2⁻⁹/√3 each, and the cancellation in p·(dp − Σ p·dp).
      #expect((error / size).squareRoot() < 4e-3)
    }
  }

  @Test(arguments: measures)
  func `gradients are those of differences`(_ measures: (Int, Int, Int)) throws {
    let operands = Operands(attention(measures), try layout([(5, [9, 3])]), seed: 4)
    let slopes = computed(operands, as: Float.self)
    func objective() -> Double {
      zip(naive(operands).mixed, operands.upstream.buffer.scalars).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
    for (matrix, slope) in [
      (operands.queries, slopes.queries), (operands.keys, slopes.keys), (operands.values, slopes.values),
    ] {
      for i in stride(from: 0, to: slope.count, by: max(1, slope.count / 5)) {
        let kept = matrix.buffer[i]
        matrix.buffer[i] = kept + 0x1p-7
        let up = objective()
        matrix.buffer[i] = kept - 0x1p-7
        let down = objective()
        matrix.buffer[i] = kept
        #expect(abs((up - down) * 0x1p6 - slope[i]) < 2e-3 * max(1, abs(slope[i])))
      }
    }
  }

  @Test func `a batch mate changes no bit`() throws {
    let alone = Operands(attention((6, 2, 64)), try layout([Self.lengths[0]]))
    let together = Operands(attention((6, 2, 64)), try layout(Self.lengths))
    for (x, y) in [
      (alone.queries, together.queries), (alone.keys, together.keys), (alone.values, together.values),
      (alone.upstream, together.upstream),
    ] {
      copyRows(x, into: y.rows(0..<x.rows))
    }
    func check<Scalar: ActivationScalar>(_ type: Scalar.Type) {
      for (x, y) in zip(computed(alone, as: type).all, computed(together, as: type).all) {
        #expect(x == Array(y[..<x.count]))
      }
    }
    check(Float.self)
    check(UInt16.self)
  }

  @Test func `threads change no bit`() throws {
    let operands = Operands(attention((6, 2, 64)), try layout(Self.lengths))
    defer { KernelPool.configure(threads: 2) }
    func check<Scalar: ActivationScalar>(_ type: Scalar.Type) {
      KernelPool.configure(threads: 1)
      let one = computed(operands, as: type).all
      for threads in [2, 5] {
        KernelPool.configure(threads: threads)
        #expect(computed(operands, as: type).all == one)
      }
    }
    check(Float.self)
    check(UInt16.self)
  }

  @Test func `the height of blocks changes no mixture`() throws {
    let layout = try layout(Self.lengths)
    func mixed<Scalar: ActivationScalar>(_ rows: Int, _ type: Scalar.Type) -> Results {
      computed(Operands(attention((6, 2, 64), rows: rows), layout), as: type)
    }
    for rows in [16, 32, 128] {
      #expect(mixed(rows, Float.self).mixed == mixed(64, Float.self).mixed)
      #expect(mixed(rows, UInt16.self).mixed == mixed(64, UInt16.self).mixed)
      #expect(mixed(rows, Float.self).queries == mixed(64, Float.self).queries)
      // Sums over rows are cut elsewhere.
      #expect(relativeDistance(mixed(rows, Float.self).keys, mixed(64, Float.self).keys) < 1e-5)
    }
  }

  @Test func `a shared prefix is attended to as if each segment had its own`() throws {
    let attention = attention((6, 2, 64))
    let shared = Operands(attention, try layout([(37, [70, 5])]))
    let separate = Operands(attention, try layout([(37, [70]), (37, [5])]))
    let sources = [0..<107, 0..<37, 107..<112]
    let targets = [0..<107, 107..<144, 144..<149]
    for (x, y) in [
      (shared.queries, separate.queries), (shared.keys, separate.keys), (shared.values, separate.values),
      (shared.upstream, separate.upstream),
    ] {
      for (source, target) in zip(sources, targets) { copyRows(x.rows(source), into: y.rows(target)) }
    }
    // The prompt's own rows ask once in one layout and twice in the other: only completions may pull at it.
    for row in 0..<37 {
      for column in 0..<shared.upstream.columns { shared.upstream[row, column] = 0 }
    }
    for rows in [0..<37, 107..<144] {
      for row in rows { for c in 0..<separate.upstream.columns { separate.upstream[row, c] = 0 } }
    }
    let (one, two) = (computed(shared, as: Float.self), computed(separate, as: Float.self))
    let (wide, narrow) = (shared.queries.columns, shared.keys.columns)
    func rows(_ list: [Double], _ range: Range<Int>, _ width: Int) -> [Double] {
      Array(list[range.lowerBound * width..<range.upperBound * width])
    }
    for (source, target) in zip(sources, targets) {
      #expect(rows(one.mixed, source, wide) == rows(two.mixed, target, wide))
      #expect(rows(one.queries, source, wide) == rows(two.queries, target, wide))
    }
    #expect(
      rows(one.keys, 37..<112, narrow) == rows(two.keys, 37..<107, narrow) + rows(two.keys, 144..<149, narrow)
    )
    let sum = zip(rows(two.keys, 0..<37, narrow), rows(two.keys, 107..<144, narrow)).map { $0 + $1 }
    #expect(relativeDistance(rows(one.keys, 0..<37, narrow), sum) < 1e-6)
  }
}
