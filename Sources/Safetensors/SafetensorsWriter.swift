// Writes safetensors files tensor by tensor, under a temporary name until every byte is on disk.

public import VectorKernels

/// One tensor to be written.
public struct SafetensorsTensor: Sendable {
  enum Source: Sendable {
    case floats(FloatBuffer)
    case bytes(AlignedBuffer<UInt8>)
  }

  /// Its name in the file.
  public let name: String
  /// Its shape; the product is the number of scalars.
  public let shape: [Int]
  /// How its scalars are stored.
  public let scalarType: SafetensorsScalar
  let source: Source

  /// Single-precision scalars, stored as F32, BF16 or F16 (rounded to nearest even).
  ///
  /// - Precondition: `shape` holds as many scalars as `floats`.
  public init(
    _ name: String, shape: [Int], floats: FloatBuffer, storedAs scalarType: SafetensorsScalar = .float32
  ) {
    precondition(
      shape.reduce(1, *) == floats.count,
      "SafetensorsTensor '\(name)': shape \(shape), but \(floats.count) scalars")
    precondition(
      [.float32, .bfloat16, .float16].contains(scalarType),
      "SafetensorsTensor '\(name)': floats cannot be stored as \(scalarType.rawValue)")
    (self.name, self.shape, self.scalarType, source) = (name, shape, scalarType, .floats(floats))
  }

  /// Scalars that are written as they are.
  ///
  /// - Precondition: `bytes` has the size that `shape` and `scalarType` ask for.
  public init(_ name: String, shape: [Int], scalarType: SafetensorsScalar, bytes: AlignedBuffer<UInt8>) {
    precondition(
      shape.reduce(scalarType.byteCount, *) == bytes.count,
      "SafetensorsTensor '\(name)': shape \(shape) of \(scalarType.rawValue), but \(bytes.count) bytes")
    (self.name, self.shape, self.scalarType, source) = (name, shape, scalarType, .bytes(bytes))
  }

  /// Its size in the file, in bytes.
  public var byteCount: Int { shape.reduce(scalarType.byteCount, *) }
}

/// Writes whole files.
public enum SafetensorsWriter {
  /// Writes `tensors` to `path`: wide scalars first, then by name, so that every tensor is aligned.
  ///
  /// The file appears under its name only when it is complete and on disk.
  ///
  /// - Precondition: names differ from each other.
  /// - Throws: what the file system refused.
  public static func write(
    _ tensors: [SafetensorsTensor], metadata: [String: String] = ["format": "pt"], to path: String
  ) throws(SafetensorsError) {
    precondition(
      Set(tensors.map(\.name)).count == tensors.count,
      "SafetensorsWriter: two tensors share a name in '\(path)'")
    let ordered = tensors.sorted {
      ($1.scalarType.byteCount, $0.name) < ($0.scalarType.byteCount, $1.name)
    }
    try AtomicFile.write(to: path) { file throws(SafetensorsError) in
      try file.append(AlignedBuffer<UInt8>(headerBytes(ordered, metadata)))
      for tensor in ordered { try write(tensor, to: file) }
    }
  }

  /// The eight length bytes and the header's text, padded with spaces to a multiple of eight.
  static func headerBytes(_ tensors: [SafetensorsTensor], _ metadata: [String: String]) -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let notes = metadata.sorted { $0.key < $1.key }.map {
        "\(JSONValue.quoted($0.key)):\(JSONValue.quoted($0.value))"
      }
      members.append("\"__metadata__\":{\(notes.joined(separator: ","))}")
    }
    var offset = 0
    for tensor in tensors {
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let end = offset + tensor.byteCount
      members.append(
        "\(JSONValue.quoted(tensor.name)):{\"dtype\":\"\(tensor.scalarType.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var text = Array("{\(members.joined(separator: ","))}".utf8)
    text += [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8)
    let length = UInt64(text.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + text
  }

  private static func write(_ tensor: SafetensorsTensor, to file: AtomicFile) throws(SafetensorsError) {
    switch (tensor.source, tensor.scalarType) {
    case (.bytes(let bytes), _): try file.append(bytes)
    case (.floats(let floats), .float32): try file.append(floats)
    case (.floats(let floats), let type):
      // Converted a megabyte at a time, so that writing needs no second copy of the weights.
      let piece = 1 << 19
      let rounded = AlignedBuffer<UInt16>(count: min(piece, floats.count))
      for start in stride(from: 0, to: floats.count, by: piece) {
        let part = floats.window(start..<min(start + piece, floats.count))
        let target = rounded.window(0..<part.count)
        if type == .bfloat16 { convert(part, into: target) } else { convertToHalf(part, into: target) }
        try file.append(target)
      }
    }
  }
}
