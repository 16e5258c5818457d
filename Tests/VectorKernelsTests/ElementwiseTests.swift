// Every instruction set's element-wise kernels against the scalar twin.

import Testing
import VectorKernelsInterface

@testable import VectorKernels

private let lengths = [1, 7, 16, 31, 576, 1000]

@Suite struct ElementwiseTests {
  @Test(arguments: InstructionSet.supported, lengths)
  func `sums have the twin's bits`(_ set: InstructionSet, _ n: Int) {
    var noise = Noise(UInt64(n))
    let (x, y) = (noise.buffer(n), noise.buffer(n))
    let sums = (set.kernels.sum(x.base, n), set.kernels.dot(x.base, y.base, n))
    #expect(sums == (ScalarKernels.sum(x.base, n), ScalarKernels.dot(x.base, y.base, n)))
  }

  @Test(arguments: InstructionSet.supported, lengths)
  func `updates agree with the twin to a rounding`(_ set: InstructionSet, _ n: Int) {
    var noise = Noise(UInt64(n))
    let (x, start) = (noise.buffer(n), noise.buffer(n))
    func compare(_ update: (any ElementKernels.Type, UnsafeMutablePointer<Float>) -> Void) {
      let (fast, twin) = (FloatBuffer(start.scalars), FloatBuffer(start.scalars))
      update(set.kernels, fast.base)
      update(ScalarKernels.self, twin.base)
      // A fused product differs from a rounded one by half a unit of a product below 1.
      #expect(zip(fast.scalars, twin.scalars).allSatisfy { ($0 - $1).magnitude <= 0x1p-23 })
    }
    compare { $0.add(x.base, $1, n) }
    compare { $0.addScaled(x.base, 0.37, $1, n) }
    compare { $0.scale($1, -1.7, n) }
    compare { $0.multiply(x.base, $1, $1, n) }
    compare { $0.blend(x.base, $1, 0.1, n) }
  }

  @Test(arguments: InstructionSet.supported, lengths)
  func `finds what is not finite`(_ set: InstructionSet, _ n: Int) {
    var noise = Noise(1)
    let x = noise.buffer(n)
    x[0] = .greatestFiniteMagnitude
    let wasFinite = set.kernels.isFinite(x.base, n)
    #expect(wasFinite)
    for bad in [Float.infinity, -.infinity, .nan] {
      x[n - 1] = bad
      let isStillFinite = set.kernels.isFinite(x.base, n)
      #expect(!isStillFinite)
    }
  }

  @Test func `long sums do not depend on the number of threads`() {
    var noise = Noise(9)
    let x = noise.buffer(3 * blockLength + 5)
    let serial = FloatBuffer(count: 1)
    let parallel = Float(sum(x))
    KernelPool.shared.parallel(2) { if $0 == 0 { serial[0] = Float(sum(x)) } }
    #expect(serial[0] == parallel)
    let exact = x.scalars.reduce(0.0) { $0 + Double($1) }
    #expect((sum(x) - exact).magnitude < 1e-9)
  }

  /// PyTorch 2's AdamW, two steps on three parameters, worked out in double precision.
  @Test(arguments: InstructionSet.supported)
  func `adamw follows its formula`(_ set: InstructionSet) {
    let n = 37
    var noise = Noise(4)
    let (values, first, second) = (noise.buffer(n), FloatBuffer(count: n), FloatBuffer(count: n))
    let twin = (FloatBuffer(values.scalars), FloatBuffer(count: n), FloatBuffer(count: n))
    var exact = values.scalars.map { (Double($0), 0.0, 0.0) }
    for step in 1...3 {
      let gradient = noise.buffer(n)
      let factors = AdamWFactors(
        learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1, step: step)
      set.kernels.adamw(values.base, gradient.base, first.base, second.base, factors, n)
      ScalarKernels.adamw(twin.0.base, gradient.base, twin.1.base, twin.2.base, factors, n)
      var (power1, power2) = (1.0, 1.0)
      for _ in 0..<step { (power1, power2) = (power1 * 0.9, power2 * 0.95) }
      for i in 0..<n {
        let g = Double(gradient[i])
        exact[i].0 *= 1 - 0.01 * 0.1
        exact[i].1 = 0.9 * exact[i].1 + 0.1 * g
        exact[i].2 = 0.95 * exact[i].2 + 0.05 * g * g
        let denominator = (exact[i].2 / (1 - power2)).squareRoot() + 1e-8
        exact[i].0 -= 0.01 * exact[i].1 / (1 - power1) / denominator
      }
    }
    for i in 0..<n {
      #expect((Double(values[i]) - exact[i].0).magnitude < 5e-7)
      #expect((values[i] - twin.0[i]).magnitude <= 0x1p-22)
    }
  }
}

@Suite struct ConversionTests {
  private static let bits = AlignedBuffer<UInt16>(Array(0...UInt16.max))

  @Test(arguments: InstructionSet.supported)
  func `every half and every bfloat16 widens as in the twin`(_ set: InstructionSet) {
    let n = Self.bits.count
    let (fast, twin) = (FloatBuffer(count: n), FloatBuffer(count: n))
    set.kernels.fromHalf(Self.bits.base, fast.base, n)
    ScalarKernels.fromHalf(Self.bits.base, twin.base, n)
    #expect(fast.scalars.map(\.bitPattern) == twin.scalars.map(\.bitPattern))
    #expect(
      twin[0x3c00] == 1 && twin[0x0001] == 0x1p-24 && twin[0xfbff] == -65504 && twin[0x7c00] == .infinity)
    set.kernels.fromBrainFloat(Self.bits.base, fast.base, n)
    ScalarKernels.fromBrainFloat(Self.bits.base, twin.base, n)
    #expect(fast.scalars.map(\.bitPattern) == twin.scalars.map(\.bitPattern))
  }

  @Test(arguments: InstructionSet.supported)
  func `narrowing rounds to the nearest, ties to even`(_ set: InstructionSet) {
    var x = stride(from: UInt32(0), to: UInt32.max - 70_000, by: 65_521).map { Float(bitPattern: $0) }
    // Midpoints between neighbours, where ties are.
    x += (0..<0x7f80).map { Float(bitPattern: UInt32($0) << 16 | 0x8000) }
    x += (0x3800..<0x4780).map { Float(bitPattern: UInt32($0) << 16 | 0x1000) }
    let (source, n) = (FloatBuffer(x), x.count)
    let (fast, twin) = (BrainFloatBuffer(count: n), BrainFloatBuffer(count: n))
    set.kernels.toBrainFloat(source.base, fast.base, n)
    ScalarKernels.toBrainFloat(source.base, twin.base, n)
    #expect(fast.scalars == twin.scalars)
    set.kernels.toHalf(source.base, fast.base, n)
    ScalarKernels.toHalf(source.base, twin.base, n)
    #expect(fast.scalars == twin.scalars)
  }

  @Test func `known numbers narrow as they should`() {
    let x = FloatBuffer([1, 1.00390625, 1.01171875, 65519, 65520, 0x1p-25, 0x1.8p-24, .nan])
    let y = BrainFloatBuffer(count: 8)
    convert(x, into: y)
    // 1 + 2⁻⁸ lies between 1 and 1 + 2⁻⁷ and goes to the even 1; 1 + 3·2⁻⁸ goes up.
    #expect(y[0] == 0x3f80 && y[1] == 0x3f80 && y[2] == 0x3f82 && y[7] & 0x7f80 == 0x7f80 && y[7] & 0x7f != 0)
    convertToHalf(x, into: y)
    #expect(y[3] == 0x7bff && y[4] == 0x7c00 && y[5] == 0 && y[6] == 2 && y[7] & 0x3ff != 0)
  }
}
