// Learns a small byte-level vocabulary from texts, for models that start from nothing.

/// Trains byte-level byte-pair encoding with the split of GPT-2.
public enum BytePairTrainer {
  /// The text of a `tokenizer.json` learnt from texts.
  ///
  /// Ids go to the special tokens first, then the 256 bytes, then the merges. Of equally frequent pairs the one of
  /// smaller ids merges first, so equal texts give equal tokenizers. Pairs that come once are not merged, so the
  /// vocabulary may stay smaller than asked for.
  ///
  /// - Precondition: `vocabularySize` holds at least the special tokens and the 256 bytes.
  public static func train(
    texts: some Sequence<String>, vocabularySize: Int, specialTokens: [String] = []
  ) -> String {
    precondition(
      vocabularySize >= 256 + specialTokens.count,
      "train: a vocabulary of \(vocabularySize) has no room for 256 bytes and \(specialTokens.count) special tokens"
    )
    var learner = Learner(firstID: specialTokens.count)
    learner.count(texts)
    while learner.pieces.count + specialTokens.count < vocabularySize, learner.mergeMostFrequent() {}
    return json(specialTokens: specialTokens, pieces: learner.pieces, merges: learner.merges)
  }

  private static func json(
    specialTokens: [String], pieces: [String], merges: [(left: String, right: String)]
  ) -> String {
    let added = specialTokens.enumerated().map { id, content in
      #"{"id":\#(id),"content":\#(quoted(content)),"single_word":false,"lstrip":false,"rstrip":false,"#
        + #""normalized":false,"special":true}"#
    }
    let vocabulary = (specialTokens + pieces).enumerated().map { "\(quoted($1)):\($0)" }
    let pairs = merges.map { "[\(quoted($0.left)),\(quoted($0.right))]" }
    let bytes = #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#
    return """
      {"version":"1.0","truncation":null,"padding":null,"added_tokens":[\(added.joined(separator: ","))],
      "normalizer":null,"pre_tokenizer":\(bytes),"post_processor":null,"decoder":\(bytes),
      "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,
      "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,
      "vocab":{\(vocabulary.joined(separator: ","))},
      "merges":[\(pairs.joined(separator: ","))]}}

      """
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// The counts behind the training: words as lists of ids, pairs with how often they come and in which words.
private struct Learner {
  private(set) var pieces: [String]
  private(set) var merges: [(left: String, right: String)] = []
  private let firstID: Int
  private var words: [(ids: [Int], count: Int)] = []
  private var pairCounts: [IDPair: Int] = [:]
  private var pairWords: [IDPair: Set<Int>] = [:]

  struct IDPair: Hashable {
    var left: Int
    var right: Int
  }

  init(firstID: Int) {
    self.firstID = firstID
    pieces = ByteAlphabet.scalars.sorted().map { String(Character($0)) }
  }

  mutating func count(_ texts: some Sequence<String>) {
    var counts: [[Unicode.Scalar]: Int] = [:]
    let splitter = (try? Pattern(ByteLevelPreTokenizer.pattern)).map {
      SplitPreTokenizer(.pattern($0), .isolated)
    }
    let preTokenizer = ByteLevelPreTokenizer(addsPrefixSpace: false, splitter: splitter)
    for text in texts {
      var split = Pieces(Array(text.unicodeScalars))
      preTokenizer.apply(to: &split)
      for range in split.ranges { counts[Array(split.scalars[range]), default: 0] += 1 }
    }
    var idOfScalar: [Unicode.Scalar: Int] = [:]
    for (index, scalar) in ByteAlphabet.scalars.sorted().enumerated() { idOfScalar[scalar] = firstID + index }
    for (word, count) in counts {
      add(pairsOf: words.count, count: count, ids: word.compactMap { idOfScalar[$0] })
    }
  }

  private mutating func add(pairsOf word: Int, count: Int, ids: [Int]) {
    words.append((ids, count))
    adjust(word, by: count)
  }

  private mutating func adjust(_ word: Int, by count: Int) {
    let ids = words[word].ids
    for (left, right) in zip(ids, ids.dropFirst()) {
      let pair = IDPair(left: left, right: right)
      pairCounts[pair, default: 0] += count
      if count > 0 { pairWords[pair, default: []].insert(word) }
    }
  }

  /// Merges the pair that comes most often; false when none comes twice.
  mutating func mergeMostFrequent() -> Bool {
    let best = pairCounts.max { one, other in
      (one.value, other.key.left, other.key.right) < (other.value, one.key.left, one.key.right)
    }
    guard let best, best.value > 1 else { return false }
    let pair = best.key
    let left = pieces[pair.left - firstID]
    let right = pieces[pair.right - firstID]
    // Two ways to the same piece share its id.
    let id = pieces.firstIndex(of: left + right).map { $0 + firstID } ?? pieces.count + firstID
    if id == pieces.count + firstID { pieces.append(left + right) }
    merges.append((left, right))
    for word in pairWords[pair] ?? [] {
      let count = words[word].count
      adjust(word, by: -count)
      words[word].ids = Self.joined(words[word].ids, pair, id)
      adjust(word, by: count)
    }
    pairCounts[pair] = nil
    pairWords[pair] = nil
    return true
  }

  private static func joined(_ ids: [Int], _ pair: IDPair, _ id: Int) -> [Int] {
    var result: [Int] = []
    var index = 0
    while index < ids.count {
      if index + 1 < ids.count, ids[index] == pair.left, ids[index + 1] == pair.right {
        result.append(id)
        index += 2
      } else {
        result.append(ids[index])
        index += 1
      }
    }
    return result
  }
}
