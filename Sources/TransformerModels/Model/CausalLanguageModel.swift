// A decoder language model: weights, blocks and the head that scores completions.

public import Optimizers
import Safetensors
import VectorKernels

/// The precision of the linear layers' products.
public enum ComputeType: String, Sendable, CaseIterable {
  /// Single precision throughout.
  case float32
  /// Weights and activations rounded to bfloat16 for products, summed in single precision.
  case bfloat16
}

/// A decoder language model that scores, learns and generates.
///
/// Not `Sendable`: it computes in memory of its own that one call after another uses.
public final class CausalLanguageModel {
  /// The architecture.
  public let configuration: ModelConfiguration
  /// Every weight, in the order of transformers' modules. Values may be written to; say so with
  /// ``parametersChanged()`` afterwards.
  public let parameters: Parameters
  /// The precision of the linear layers' products.
  public let computeType: ComputeType
  /// The most memory that activations kept for a backward pass may take, in bytes; blocks whose
  /// activations do not fit are computed twice, with the same results.
  public var activationLimit = 3 << 29
  /// How each weight was stored, for when the model is saved.
  let storage: [ParameterName: SafetensorsScalar]
  /// The contents of `generation_config.json`, where the model came with one.
  let generationConfiguration: JSONValue?

  let embedding: Parameter
  let blocks: [DecoderBlock]
  var head: StatisticsHead
  /// What a position turns each plane of a head by, in radians.
  var frequencies: [Float]
  let workspace = Workspace()

  /// Builds a model from its weights.
  ///
  /// - Precondition: `values` has every weight the configuration asks for, in its shape.
  init(
    _ configuration: ModelConfiguration, values: [ParameterName: FloatBuffer], computeType: ComputeType,
    storage: [ParameterName: SafetensorsScalar] = [:], generationConfiguration: JSONValue? = nil
  ) {
    self.configuration = configuration
    (self.computeType, self.storage) = (computeType, storage)
    self.generationConfiguration = generationConfiguration
    let parameters = Parameters(
      configuration.weights.map { weight in
        guard let buffer = values[weight.name] else {
          preconditionFailure("CausalLanguageModel: no weight '\(weight.name)'")
        }
        return Parameter(weight.name, shape: weight.shape, values: buffer, isDecayed: weight.kind == .matrix)
      })
    self.parameters = parameters
    func parameter(_ name: String) -> Parameter {
      guard let parameter = parameters[ParameterName(name)] else {
        preconditionFailure("CausalLanguageModel: the configuration has no weight '\(name)'")
      }
      return parameter
    }
    let rounding = computeType == .bfloat16
    func map(_ name: String) -> LinearMap {
      LinearMap(
        parameter(name + ".weight"), bias: parameters[ParameterName(name + ".bias")], rounding: rounding)
    }
    let epsilon = Float(configuration.normEpsilon)
    let attention = Attention(
      headCount: configuration.headCount, keyValueHeadCount: configuration.keyValueHeadCount,
      headWidth: configuration.headWidth)
    embedding = parameter(ModelConfiguration.embeddingName)
    blocks = (0..<configuration.layerCount).map { layer in
      let prefix = "model.layers.\(layer)."
      return DecoderBlock(
        firstNorm: parameter(prefix + "input_layernorm.weight"),
        secondNorm: parameter(prefix + "post_attention_layernorm.weight"),
        query: map(prefix + "self_attn.q_proj"), key: map(prefix + "self_attn.k_proj"),
        value: map(prefix + "self_attn.v_proj"), output: map(prefix + "self_attn.o_proj"),
        gate: map(prefix + "mlp.gate_proj"), up: map(prefix + "mlp.up_proj"),
        down: map(prefix + "mlp.down_proj"), attention: attention, epsilon: epsilon)
    }
    let headName =
      configuration.tiesEmbeddings ? ModelConfiguration.embeddingName : ModelConfiguration.headName
    head = StatisticsHead(
      norm: parameter(ModelConfiguration.lastNormName),
      map: LinearMap(parameter(headName), rounding: rounding), epsilon: epsilon)
    frequencies = configuration.rotaryScaling.frequencies(
      base: configuration.rotaryBase, width: configuration.headWidth)
  }

  /// How many scalars the model has.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.values.count } }

  /// A model with weights of its own, equal to this one's now: a reference that training does not move.
  public func copy() -> CausalLanguageModel {
    var values: [ParameterName: FloatBuffer] = [:]
    for parameter in parameters {
      let buffer = FloatBuffer(count: parameter.values.count)
      VectorKernels.copy(parameter.values, into: buffer)
      values[parameter.name] = buffer
    }
    return CausalLanguageModel(
      configuration, values: values, computeType: computeType, storage: storage,
      generationConfiguration: generationConfiguration)
  }

  /// A model with fresh weights: norms 1, biases 0, the rest normal with mean 0.
  ///
  /// - Parameter initializerRange: the standard deviation; the configuration's own unless given.
  public static func random(
    configuration: ModelConfiguration, seed: UInt64, initializerRange: Double? = nil,
    computeType: ComputeType = .float32
  ) -> CausalLanguageModel {
    var values: [ParameterName: FloatBuffer] = [:]
    for (place, weight) in configuration.weights.enumerated() {
      let buffer = FloatBuffer(count: weight.shape.reduce(1, *))
      switch weight.kind {
      case .matrix:
        fillNormal(
          buffer, deviation: initializerRange ?? configuration.initializerRange,
          seed: seed &+ UInt64(place) &* 0xD134_2543_DE82_EF95)
      case .norm: addConstant(1, to: buffer)
      case .bias: break
      }
      values[weight.name] = buffer
    }
    return CausalLanguageModel(configuration, values: values, computeType: computeType)
  }
}
