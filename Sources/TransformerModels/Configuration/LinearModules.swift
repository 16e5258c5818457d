// A block's linear layers, in one list for weights, adapters and the file's layout.

/// One linear layer as the file has it.
struct LinearModule: Sendable, Hashable {
  /// Layers that multiply the same activations.
  enum Input: Int, Sendable, CaseIterable {
    case attentionInputs, output, gateAndUp, down
  }

  /// Its name within the block: `self_attn.q_proj`.
  let name: String
  let input: Input
  /// How wide what it multiplies is, and what it makes.
  let inputs: Int, outputs: Int
  let hasBias: Bool
}

extension ModelConfiguration {
  /// The linear layers of every block, in the order of transformers' modules; those with one input are neighbours.
  var linearModules: [LinearModule] {
    let parts = architecture
    var modules: [LinearModule] = []
    func add(_ names: [String], _ input: LinearModule.Input, _ inputs: Int, _ outputs: [Int], _ hasBias: Bool)
    {
      // What the file has as one matrix is one layer.
      let widths = names.count == 1 ? [outputs.reduce(0, +)] : outputs
      for (name, width) in zip(names, widths) {
        modules.append(
          LinearModule(name: name, input: input, inputs: inputs, outputs: width, hasBias: hasBias))
      }
    }
    add(parts.attentionInputs, .attentionInputs, width, [queryWidth, keyWidth, keyWidth], hasQueryBias)
    add([parts.output], .output, queryWidth, [width], hasAttentionOutputBias)
    let inner = [Int](repeating: feedForwardWidth, count: parts.isGated ? 2 : 1)
    add(parts.feedForwardInputs, .gateAndUp, width, inner, hasFeedForwardBias)
    add([parts.down], .down, feedForwardWidth, [width], hasFeedForwardBias)
    return modules
  }
}
