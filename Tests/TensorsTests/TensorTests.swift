// Tests of TensorTests.
import Tensors
import Testing

@Suite struct TensorTests {
  @Test func `scalars keep their order and shape`() {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(x.scalars == [1, 2, 3, 4, 5, 6])
    #expect(x.scalarType == .float64)
    #expect(x.count == 6)
    #expect(Tensor([1.5]).item == 1.5)
    #expect(Tensor.scalar(2).shape == [])
    #expect(Tensor.ones([2], .float32).floats == [1, 1])
    #expect(Tensor.filled([3], with: -2).scalars == [-2, -2, -2])
    #expect(Tensor.zeros([2, 0]).scalars == [])
  }

  @Test func `rows of different lengths, and what they add up to`() {
    let doubles = Tensor.ragged([2, 0, 1], width: 2, as: .float64) { Double($0) + 0.1 * Double($1) }
    #expect(doubles.scalars == [0, 0.1, 0, 0, 2, 0] && doubles.shape == [3, 2])
    #expect(doubles.total == 0.1 + 2)
    let floats = Tensor.ragged([3], width: 4, as: .float32) { _, place in place == 1 ? 1 : 1e8 }
    // In single precision the 1 would be lost.
    #expect(floats.scalarType == .float32 && floats.floats[3] == 0 && floats.total == 200_000_001)
  }

  @Test func `describes itself`() {
    #expect("\(Tensor([1, 2.5], shape: [2, 1]))" == "Tensor[2, 1] float64 (1.0, 2.5)")
    let long = Tensor([Float](repeating: 0, count: 9)).tracked()
    #expect("\(long)" == "Tensor[9] float32 tracked (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, …)")
  }

  @Test func `the generator is SplitMix64`() {
    // The first numbers of seed 1234567, as published with the reference implementation in C.
    var generator = SplitMix(seed: 1_234_567)
    let first = (0..<5).map { _ in generator.next() }
    #expect(
      first == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }

  @Test func `uniform and normal numbers have their moments`() {
    var generator = SplitMix(seed: 5)
    let count = 20_000
    let uniform = Tensor((0..<count).map { _ in generator.uniform() })
    let normal = Tensor((0..<count).map { _ in generator.normal() })
    // Five standard errors of each estimate.
    #expect(Swift.abs(uniform.mean().item - 0.5) < 5 * 0.2887 / 141)
    #expect(Swift.abs(normal.mean().item) < 5.0 / 141)
    #expect(Swift.abs(square(normal).mean().item - 1) < 5 * 1.4142 / 141)
  }
}

/// Programmer errors stop the process and name the operation and both sides.
@Suite struct TensorTrapTests {
  private static func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func `reading a tracked tensor traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1.0]).tracked().scalars
    }
    #expect(
      Self.message(result).contains(
        "Tensor.scalars: the tensor is tracked; write stopGradient(x).scalars"))
  }

  @Test func `shapes that do not broadcast trap`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]) * Tensor.ones([2])
    }
    #expect(Self.message(result).contains("*: shapes [2, 3] and [2] do not broadcast"))
  }

  @Test func `a shape that does not hold the scalars traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1.0, 2], shape: [3])
    }
    #expect(Self.message(result).contains("Tensor: shape [3] holds 3 scalars, got 2"))
  }

  @Test func `an index outside the tensor traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).rows([0, 2])
    }
    #expect(Self.message(result).contains("rows: index 2 is outside 0..<2 of shape [2, 3]"))
  }

  @Test func `a gradient of many scalars traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tensor([1.0, 2]).tracked()
      _ = gradients(of: x, at: [x])
    }
    #expect(Self.message(result).contains("gradients: the objective must be one scalar, but has shape [2]"))
  }

  @Test func `a replay that stops more than was recorded traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let log = StopGradientLog()
      _ = log.recording { Tensor([1.0]) }
      _ = log.replaying { stopGradient(Tensor([1.0])) }
    }
    #expect(
      Self.message(result).contains(
        "stopGradient: the replay stops more than the 0 tensors that were recorded"))
  }
}
