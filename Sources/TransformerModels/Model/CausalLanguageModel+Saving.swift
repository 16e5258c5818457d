// Writes a model so that transformers loads it.

import Optimizers
public import Safetensors
import VectorKernels

extension CausalLanguageModel {
  /// Writes `config.json`, `generation_config.json` if the model came with one, and the weights.
  ///
  /// Each file appears only when it is complete. Tokenizer files are not the model's to write.
  ///
  /// - Parameters:
  ///   - scalarType: how weights are stored; as they were loaded unless given, F32 for fresh models.
  ///   - shardLimit: the largest file, in bytes; a larger model is split over several.
  /// - Precondition: all weights are kept in single precision, as those of a trained model are.
  /// - Throws: what the file system refused.
  public func save(
    to directory: String, storedAs scalarType: SafetensorsScalar? = nil, shardLimit: Int = 5_000_000_000
  ) throws(ModelError) {
    precondition(
      weights.count == configuration.weights.count,
      "CausalLanguageModel.save: the model is frozen, and its weights are kept in bfloat16 only")
    let place = ModelDirectory(directory)
    let tensors = configuration.weights.compactMap { weight in
      weights[weight.name].map { parameter in
        SafetensorsTensor(
          storage[weight.name]?.name ?? weight.name.description, shape: weight.fileShape,
          floats: Self.asStored(parameter.values, weight),
          storedAs: scalarType ?? storedType(of: weight.name))
      }
    }
    let json = configuration.json(
      dtype: Self.torchName(scalarType ?? storedType(of: ParameterName(configuration.embeddingName))))
    try readingFiles { () throws(SafetensorsError) in
      try JSONFile.makeDirectory(directory)
      try JSONFile.write(json, to: place.location(of: "config.json"))
      if let generationConfiguration {
        try JSONFile.write(generationConfiguration, to: place.location(of: "generation_config.json"))
      }
      let shards = Self.shards(tensors, limit: shardLimit)
      guard shards.count > 1 else {
        return try SafetensorsWriter.write(tensors, to: place.location(of: "model.safetensors"))
      }
      try Self.write(shards, to: place)
    }
  }

  /// The types that ``save(to:storedAs:shardLimit:)`` stores weights as.
  public func storedTypes(storedAs scalarType: SafetensorsScalar? = nil) -> Set<SafetensorsScalar> {
    Set(weights.map { scalarType ?? storedType(of: $0.name) })
  }

  /// A weight's values in the order of its file.
  private static func asStored(_ values: FloatBuffer, _ weight: WeightSpecification) -> FloatBuffer {
    guard weight.isTurned else { return values }
    let turned = FloatBuffer(count: values.count)
    let (rows, columns) = (weight.shape[0], weight.shape[1])
    transpose(
      Matrix(values, rows: rows, columns: columns), into: Matrix(turned, rows: columns, columns: rows))
    return turned
  }

  /// How a weight is stored unless the caller says otherwise. Doubles are not kept.
  private func storedType(of name: ParameterName) -> SafetensorsScalar {
    switch storage[name]?.scalarType {
    case .bfloat16: .bfloat16
    case .float16: .float16
    default: .float32
    }
  }

  private static func torchName(_ scalarType: SafetensorsScalar) -> String {
    switch scalarType {
    case .bfloat16: "bfloat16"
    case .float16: "float16"
    default: "float32"
    }
  }

  /// `tensors` in their order, cut before a file would grow beyond `limit`.
  private static func shards(_ tensors: [SafetensorsTensor], limit: Int) -> [[SafetensorsTensor]] {
    var shards: [[SafetensorsTensor]] = [[]]
    var size = 0
    for tensor in tensors {
      if size + tensor.byteCount > limit, size > 0 {
        shards.append([])
        size = 0
      }
      shards[shards.count - 1].append(tensor)
      size += tensor.byteCount
    }
    return shards
  }

  private static func write(
    _ shards: [[SafetensorsTensor]], to place: ModelDirectory
  ) throws(SafetensorsError) {
    func padded(_ number: Int) -> String {
      let digits = "\(number)"
      return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
    var map: [JSONMember] = []
    for (i, shard) in shards.enumerated() {
      let file = "model-\(padded(i + 1))-of-\(padded(shards.count)).safetensors"
      try SafetensorsWriter.write(shard, to: place.location(of: file))
      map += shard.map { JSONMember($0.name, .text(file)) }
    }
    let total = shards.joined().reduce(0) { $0 + $1.byteCount }
    let index = JSONValue.object([
      JSONMember("metadata", .object([JSONMember("total_size", .number("\(total)"))])),
      JSONMember("weight_map", .object(map.sorted { $0.name < $1.name })),
    ])
    try JSONFile.write(index, to: place.location(of: "model.safetensors.index.json"))
  }
}
