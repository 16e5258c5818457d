// Tests of GradientsTests.
import Tensors
import Testing

@Suite struct GradientsTests {
  @Test func `what the objective does not depend on has gradient zero`() {
    let x = Tensor([1.0, 2]).tracked()
    let y = Tensor([Float(3)], shape: [1, 1]).tracked()
    let slopes = gradients(of: (2 * x).sum(), at: [x, y])
    #expect(slopes[0].scalars == [2, 2])
    #expect(slopes[1].scalars == [0])
    #expect(slopes[1].shape == [1, 1])
    #expect(slopes[1].scalarType == .float32)
    #expect(gradients(of: .scalar(3), at: [x])[0].scalars == [0, 0])
  }

  @Test func `an inner result can be asked for beside its own input`() {
    let x = Tensor([2.0]).tracked()
    let y = square(x)
    let slopes = gradients(of: (3 * y).sum(), at: [x, y, x])
    #expect(slopes.map(\.item) == [12, 3, 12])
    #expect(slopes.allSatisfy { !$0.isTracked })
  }

  @Test func `asking twice gives the same answer`() {
    let x = numbers([5]).tracked()
    let objective = logSumExp(square(x))
    #expect(gradients(of: objective, at: [x])[0].scalars == gradients(of: objective, at: [x])[0].scalars)
  }

  /// 100 000 steps deep: a recursive walk, or freeing the graph link by link, overflows the stack.
  @Test func `deep graphs are walked and freed without recursion`() {
    let x = Tensor([1.0]).tracked()
    var y = x
    for _ in 0..<100_000 { y = y + 1 }
    #expect(gradients(of: y, at: [x])[0].item == 1)
  }

  /// Every level uses the one below twice, so there are 2^60 paths; only a walk by node can end.
  @Test func `work is linear in the graph, not in its paths`() {
    let x = Tensor([1.0]).tracked()
    var y = x
    for _ in 0..<60 { y = 0.5 * y + 0.5 * y }
    #expect(gradients(of: y, at: [x])[0].item == 1)
  }

  @Test func `stopped quantities are constants`() {
    let x = Tensor([3.0]).tracked()
    #expect(gradients(of: x * stopGradient(x), at: [x])[0].item == 3)
    #expect(stopGradient(x).scalars == [3])
    #expect(!stopGradient(x).isTracked)
  }

  @Test func `replaying holds stopped quantities fixed`() {
    func f(_ x: Tensor) -> Tensor { (x * stopGradient(exp(x))).sum() }
    let x = numbers([4])
    let log = StopGradientLog()
    let leaf = x.tracked()
    let slope = gradients(of: log.recording { f(leaf) }, at: [leaf])[0].scalars
    for i in 0..<4 {
      func nudged(_ distance: Double) -> Double {
        var scalars = x.scalars
        scalars[i] += distance
        return log.replaying { f(Tensor(scalars)) }.item
      }
      let numeric = (nudged(1e-6) - nudged(-1e-6)) / 2e-6
      #expect(Swift.abs(numeric - slope[i]) < 1e-8)
    }
  }

  @Test func `a log is seen by its own task only`() async {
    let log = StopGradientLog()
    _ = log.recording { stopGradient(Tensor([1.0])) }
    let outside = await Task.detached { stopGradient(Tensor([5.0])).item }.value
    #expect(outside == 5)
    #expect(log.replaying { stopGradient(Tensor([7.0])) }.item == 1)
    #expect(stopGradient(Tensor([7.0])).item == 7)
  }

  @Test func `errors pass through a log`() {
    struct Problem: Error {}
    #expect(throws: Problem.self) { try StopGradientLog().recording { throw Problem() } }
  }
}
