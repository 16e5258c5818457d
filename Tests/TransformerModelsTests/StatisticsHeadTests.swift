// The head in chunks of the vocabulary against the head all at once.

import Optimizers
import PreferenceCore
import Tensors
import Testing

@testable import TransformerModels

@Suite struct StatisticsHeadTests {
  /// Chunks that divide the 768 columns, that leave a rest, and that are a single column's width from it.
  @Test(arguments: [256, 100, 767, 7])
  func `chunks change statistics and gradients by rounding only`(_ columns: Int) throws {
    let golden = try Golden("llama")
    let model = try CausalLanguageModel.load(golden.directory, trainable: true)
    let statistics = model.statistics.subtracting([.argmaxHit])
    let whole = try model.score(golden.batch, model.statistics)
    let count = golden.expected(.logProbability).count
    let objective = MixedObjective(statistics, count: count)
    let slopes = try gradient(of: objective, model, golden.batch)

    model.layers.cutHead(into: columns)
    let chunked = try model.score(golden.batch, model.statistics)
    for statistic in statistics {
      // Sums of 768 single-precision terms in another order: a few last places of values up to 10.
      #expect(distance(chunked[statistic].scalars, whole[statistic].scalars) < 5e-6, "\(statistic)")
    }
    #expect(chunked[.argmaxHit].scalars == whole[.argmaxHit].scalars)
    for (place, computed) in try gradient(of: objective, model, golden.batch).enumerated() {
      let size = slopes[place].reduce(0) { max($0, abs($1)) }
      let error = zip(computed, slopes[place]).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(error <= 2e-5 * max(size, 1), "\(model.parameters[place].name): \(error) of \(size)")
    }
  }
}
