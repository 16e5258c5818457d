// Everything a run file can say, with Hugging Face's names and TRL 1.16's defaults.

public import Configuration
public import Optimizers
public import TransformerModels

/// The settings of a training run, before paths are opened and expressions resolved.
struct RunSettings: Sendable {
  var model = ""
  var computeType = ComputeType.float32
  var rows: [String] = []
  /// The files' shares of the rows, or one for each of `rows`.
  var rowFractions: [Double]?
  var evaluationRows: [String]?
  var evaluationFraction: Double?
  /// How rows are written: one format for all files, or one for each.
  var formats: [String]?
  var maximumDroppedFraction = 0.05
  /// The day that chat templates see, as `2024-07-06`.
  var templateDay: String?
  var references: [String]?
  var loss: String?
  var outputDirectory = "trainer_output"
  var seed = 42

  var learningRate = 1e-6
  var schedule = Schedule.Kind.linear
  var warmupSteps = 0.0
  var warmupRatio: Double?
  var schedulePower: Double?
  var scheduleEnd: Double?
  var scheduleFloor: Double?
  var scheduleFloorShare: Double?
  var scheduleCycles: Double?
  var scheduleTimescale: Double?
  var epochs = 3.0
  var maximumSteps = -1
  var batchSize = 8
  var evaluationBatchSize: Int?
  var accumulationSteps = 1
  var maximumGradientNorm = 1.0
  var weightDecay = 0.0
  var optimizer = "adamw"
  var beta1 = 0.9
  var beta2 = 0.999
  var epsilon = 1e-8

  var maximumLength: Int? = 1024
  var truncation = TruncationChoice.keepStart
  var shuffles = true
  var loggingSteps = 10
  var evaluationSteps: Int?
  var saveSteps: Int? = 500
  var saveLimit: Int?
  var microBatchTokens: Int?
  var threads: Int?

  var precomputesReferences: Bool?
  var syncsReference = false
  var referenceMixup = 0.6
  var referenceSyncSteps = 512
  var checkpointsActivations = false
  var usesAdapter = false
  var adapterRank = 16
  var adapterAlpha = 32.0
  var adapterDropout = 0.05
  var adapterTargets: [String]?
  var usesRankStabilizedScale = false
  var decomposesWeights = false
  var adapterBiases = BiasChoice.none
  var adapterModules: [String]?
  var adapterExclusions: [String]?
  var adapterBlocks: [Int]?
  var adapterRanks: String?
  var adapterAlphas: String?
  var adapterStart: String?
  var plugins: [String] = []
  var definitionFiles: [String] = []
  /// Names for expressions, which `loss` can use; from the object `losses`.
  var definitions: [String: Literal] = [:]

  var lossType: [String]?
  var lossWeights: [Double]?
  var beta: Double?
  var labelSmoothing: Double?
  var usesWeighting = false
  var lengthAlpha: Double?
  var divergence: String?
  var divergenceAlpha: Double?
  var discopopTau: Double?

  /// The defaults.
  init() {}
}

/// What a run file says of the precision of products.
extension ComputeType: HyperparameterValue {}

/// What a run file says of how the learning rate moves.
extension Schedule.Kind: HyperparameterValue {}

/// Which of the model's biases are trained beside an adapter.
enum BiasChoice: String, CaseIterable, HyperparameterValue {
  case none, all
  case adapted = "lora_only"
}

/// Which end of a sequence that is too long survives.
enum TruncationChoice: String, CaseIterable, HyperparameterValue {
  case keepStart = "keep_start"
  case keepEnd = "keep_end"
}
