// A decoder language model: weights, blocks and the head that scores completions.

public import Optimizers
import Safetensors
import VectorKernels

/// The precision of products.
public enum ComputeType: String, Sendable, CaseIterable {
  /// Single precision throughout.
  case float32
  /// Single precision of which products take 16 bits, as two bfloat16 numbers, where the processor multiplies those
  /// in tiles; ``float32`` elsewhere. PyTorch calls this precision `high`.
  case bfloat16x2
  /// Weights and activations rounded to bfloat16 for products, summed in single precision.
  case bfloat16

  /// What products take of single precision.
  var precision: ProductPrecision { self == .bfloat16x2 ? .sixteenBits : .scaled }
}

/// A decoder language model that scores, learns and generates.
///
/// Not `Sendable`: it computes in memory of its own that one call after another uses.
public final class CausalLanguageModel {
  /// The architecture.
  public let configuration: ModelConfiguration
  /// The model's own weights that are kept in single precision, in the order of transformers' modules: all of
  /// them, but for frozen models that compute in bfloat16.
  let weights: Parameters
  /// What training moves: the adapter's weights where there is one, else the model's own, and scalar heads. Values
  /// may be written to; say so with ``parametersChanged()`` afterwards.
  public var parameters: Parameters {
    let own = adapter?.parameters ?? weights
    return scalarHeads.isEmpty ? own : Parameters(own + scalarHeads.flatMap(\.parameters))
  }
  /// Numbers that are read off the last state, beside the scores of tokens.
  var scalarHeads: [ScalarHead] = []
  /// What divergences are measured from; whoever trains or evaluates holds it.
  weak var comparedModel: (any ComparedModel)?
  /// The precision of products.
  public let computeType: ComputeType
  /// What the weights are for.
  public let use: WeightUse
  /// The most memory that activations kept for a backward pass may take, in bytes; blocks whose
  /// activations do not fit are computed twice, with the same results.
  public var activationLimit = 3 << 29
  /// The most memory that scores kept for a backward pass may take, in bytes; those of a pass that take more are
  /// computed twice, with the same results.
  public var scoreLimit = 0
  /// Whether every block is computed twice, whatever ``activationLimit`` allows: gradient checkpointing.
  public var recomputesActivations = false
  /// What identifies weights that are not kept in single precision.
  private let frozenFingerprint: UInt64?
  /// How each weight was stored, for when the model is saved.
  let storage: [ParameterName: StoredWeight]
  /// The contents of `generation_config.json`, where the model came with one.
  let generationConfiguration: JSONValue?

  /// Embedding, blocks and head.
  var layers: any Decoder
  /// What a position turns each plane of a head by, in radians, in texts of usual length.
  private let frequencies: [Float]
  let workspace = Workspace()
  /// Pairs of matrices beside the weights, which score and learn with them.
  public internal(set) var adapter: LowRankAdapter?
  /// The adapter, where it is merged into the weights.
  var merged: MergedAdapter?
  /// The adapter as products take it.
  var adapterLayout: (any AdapterLayout)?
  /// What dropout draws by, and the step in progress, if one is.
  var dropoutSeed: UInt64 = 0
  var stepInProgress: Int?

  /// Builds a model from its weights, which `fill` writes one after the other.
  init<Failure: Error>(
    _ configuration: ModelConfiguration, use: WeightUse, computeType: ComputeType,
    storage: [ParameterName: StoredWeight] = [:], generationConfiguration: JSONValue? = nil,
    fill: @escaping (WeightSpecification, FloatBuffer) throws(Failure) -> Void
  ) throws(Failure) {
    self.configuration = configuration
    (self.computeType, self.use, self.storage) = (computeType, use, storage)
    self.generationConfiguration = generationConfiguration
    var digest: UInt64 = 0
    let isKept = use.keepsValues(computeType)
    var weights = WeightBuilder(configuration, use: use, computeType: computeType) {
      weight, values throws(Failure) in
      try fill(weight, values)
      if !isKept { digest ^= Self.digest(of: weight, values) }
    }
    switch computeType {
    case .float32, .bfloat16x2: layers = try DecoderStack<Float>(&weights)
    case .bfloat16: layers = try DecoderStack<UInt16>(&weights)
    }
    self.weights = weights.parameters
    frozenFingerprint = isKept ? nil : digest
    frequencies = configuration.frequencies(regime: 0)
  }

  /// Equal for equal weights; where they are not kept in single precision, for what they were loaded from.
  public var fingerprint: UInt64 {
    adapter == nil ? frozenFingerprint ?? parameters.fingerprint : parameters.fingerprint
  }

  /// A hash of a weight's name and of two sums that any change of its scalars moves; quick, and the same in every
  /// process.
  private static func digest(of weight: WeightSpecification, _ values: FloatBuffer) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func take(_ word: UInt64) { hash = (hash ^ word) &* 0x100_0000_01B3 }
    for byte in weight.name.description.utf8 { take(UInt64(byte)) }
    take(sum(values).bitPattern)
    take(sumOfSquares(values).bitPattern)
    return hash
  }

  /// How many scalars the model has.
  public var parameterCount: Int { configuration.weights.reduce(0) { $0 + $1.shape.reduce(1, *) } }

  /// A model with weights of its own, equal to this one's now: a reference that training does not move.
  ///
  /// - Parameter use: ``WeightUse/following`` for a reference that follows the policy now and then.
  /// - Precondition: this model's weights are kept in single precision.
  public func copy(for use: WeightUse = .following) -> CausalLanguageModel {
    CausalLanguageModel(
      configuration, use: use, computeType: computeType, storage: storage,
      generationConfiguration: generationConfiguration
    ) { [weights] weight, values in
      guard let mine = weights[weight.name] else {
        preconditionFailure("CausalLanguageModel.copy: '\(weight.name)' is kept in bfloat16 only")
      }
      VectorKernels.copy(mine.values, into: values)
    }
  }

  /// A model with fresh weights: norms that change nothing, biases 0, the rest normal with mean 0.
  ///
  /// - Parameter initializerRange: the standard deviation; the configuration's own unless given.
  public static func random(
    configuration: ModelConfiguration, seed: UInt64, initializerRange: Double? = nil,
    computeType: ComputeType = .float32
  ) -> CausalLanguageModel {
    let places = Dictionary(
      uniqueKeysWithValues: configuration.weights.enumerated().map { ($1.name, UInt64($0)) })
    return CausalLanguageModel(configuration, use: .trained, computeType: computeType) { weight, values in
      switch weight.kind {
      case .matrix, .table:
        fillNormal(
          values, deviation: initializerRange ?? configuration.initializerRange,
          seed: seed &+ (places[weight.name] ?? 0) &* 0xD134_2543_DE82_EF95)
      case .norm where configuration.architecture.norm != .rootMeanSquarePlusOne: addConstant(1, to: values)
      case .norm, .bias: break
      }
    }
  }

  /// What the blocks of a pass over `layout` share; `adapter` takes part, with dropout while a step is in progress.
  func context(_ layout: RaggedLayout, adapter: (any AdapterLayout)?, isTraining: Bool = false) -> PassContext
  {
    let planes = configuration.planeCount
    let cosines: Matrix<Float> = workspace.matrix(layout.rows, planes)
    let sines: Matrix<Float> = workspace.matrix(layout.rows, planes)
    for (rows, regime) in layout.regimes where planes > 0 {
      rotaryAngles(
        positions: layout.positions[rows],
        frequencies: regime == 0 ? frequencies : configuration.frequencies(regime: regime),
        times: configuration.rotaryScaling.attentionFactor, cosines: cosines.rows(rows),
        sines: sines.rows(rows))
    }
    var pass = PassContext(
      configuration: configuration, layout: layout, cosines: cosines, sines: sines, workspace: workspace,
      activationLimit: keptActivations, scoreLimit: scoreLimit)
    pass.adapter = adapter
    if let options = self.adapter?.options, options.dropout > 0, isTraining, let stepInProgress {
      pass.dropout = DropoutPass(
        probability: options.dropout, seed: dropoutSeed, step: stepInProgress, layout)
    }
    return pass
  }
}
