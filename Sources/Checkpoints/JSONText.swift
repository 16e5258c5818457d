// Codable values as JSON files: sorted keys, numbers that read back exactly, infinities by name.

import Foundation

/// Encoding and decoding with one set of conventions.
enum JSONText {
  /// A value as a page of JSON.
  static func of(_ value: some Encodable) throws(CheckpointError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    } catch { throw .notWritten(path: "\(type(of: value))", reason: "\(error)") }
  }

  /// The value in the file at `path`.
  static func read<Value: Decodable>(_ path: String) throws(CheckpointError) -> Value {
    guard let content = FileManager.default.contents(atPath: path) else {
      throw .notRead(path: path, problem: "is missing")
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    do {
      return try decoder.decode(Value.self, from: content)
    } catch { throw .notRead(path: path, problem: "is not a checkpoint's state: \(error)") }
  }
}
