// The name of one statistic of one completion: a digest of everything a model reads to compute it.

import Digests
public import PreferenceCore

/// 128 bits of SHA-256 over prompt, completion and statistic.
///
/// Tokenizer, template and truncation enter through the token identifiers, which are all a model ever sees.
public struct ScoreKey: Hashable, Sendable {
  let high: UInt64, low: UInt64

  init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

  /// The keys of `statistics` of one completion, in their order.
  public static func keys(
    of statistics: [TokenStatistic], prompt: [Int32], completion: [Int32]
  ) -> [ScoreKey] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * (prompt.count + completion.count) + 8)
    // The prompt's length comes first, or the boundary could move without changing the name.
    bytes.append(UInt64(prompt.count))
    for id in prompt { bytes.append(UInt32(bitPattern: id)) }
    for id in completion { bytes.append(UInt32(bitPattern: id)) }
    var sequence = SHA256()
    sequence.add(bytes)
    return statistics.map { statistic in
      var hash = sequence
      hash.add(Array(statistic.name.utf8))
      let words = hash.finishWords().map(UInt64.init)
      return ScoreKey(high: words[0] << 32 | words[1], low: words[2] << 32 | words[3])
    }
  }
}
