// Checks losses against a file of values and gradients that somebody else computed.

import Foundation

/// A file in the format of `loss_vectors.json`: batches, and what losses make of them.
struct VectorFile: Decodable {
  let cases: [Case]

  /// One loss on one batch of pairs.
  struct Case: Decodable {
    let loss: String
    /// The number of tokens behind the entropies.
    let vocabulary: Int
    let pairs: [Pair]
    /// The loss of each pair, `[P]`; nil for losses that are not a mean over pairs.
    let perPair: [Double]?
    let value: Double
  }

  /// One pair, scored.
  struct Pair: Decodable {
    let chosen: Side
    let rejected: Side
    let scores: [Double]?
  }

  /// One completion's numbers, `[T]` each, in nats.
  struct Side: Decodable {
    let policy: [Double]
    let references: [[Double]]
    let entropies: [Double]
    let logSumSq: [Double]
    /// `d value / d policy`.
    let gradient: [Double]
  }

  /// Reads a file.
  ///
  /// - Throws: `CommandFailure` when it cannot be read.
  init(path: String) throws(CommandFailure) {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw CommandFailure(.failure, "'\(path)' cannot be read; there is no such file of vectors")
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      self = try decoder.decode(VectorFile.self, from: bytes)
    } catch {
      throw CommandFailure(.failure, "'\(path)' is not a file of loss vectors: \(Self.reason(error))")
    }
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, let context):
      "no '\(key.stringValue)' at \(place(context))"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
      DecodingError.dataCorrupted(let context):
      "\(context.debugDescription) at \(place(context))"
    default: "\(error)"
    }
  }

  private static func place(_ context: DecodingError.Context) -> String {
    let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? "." + $0.stringValue }.joined()
    return path.isEmpty ? "the top" : String(path.drop { $0 == "." })
  }
}
