// Reads the `model` of tokenizer.json: its tables straight from the bytes, its other fields as values.

/// The types of models, by the names that files give them.
enum ModelKind: String, CaseIterable {
  case bytePair = "BPE"
  case unigram = "Unigram"
  case wordPiece = "WordPiece"
  case wordLevel = "WordLevel"
}

/// The fields of a model, with the places of its tables until they can be read.
struct ModelReader {
  private var options: [String: JSONValue] = [:]
  private var vocabulary: Vocabulary?
  private var merges: MergeTable?
  private var vocabularyRange: Range<Int>?
  private var mergesRange: Range<Int>?
  private let reader: JSONReader

  /// Reads the object that `reader` stands before.
  ///
  /// - Throws: `TokenizerError` with the place inside the file.
  static func model(_ reader: inout JSONReader) throws(TokenizerError) -> any TokenModel {
    try ModelReader(&reader).model()
  }

  private init(_ reader: inout JSONReader) throws(TokenizerError) {
    self.reader = reader
    // Files tell the type first and the vocabulary before the merges; what comes too early is read at the end.
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key == "vocab" {
        if options["type"] == .string(ModelKind.bytePair.rawValue) {
          vocabulary = try Vocabulary(reading: &reader)
        } else {
          vocabularyRange = try reader.skip()
        }
      } else if key == "merges" {
        if let vocabulary, options["continuing_subword_prefix"] != nil {
          merges = try MergeTable(reading: &reader, vocabulary, prefix: text("continuing_subword_prefix"))
        } else {
          mergesRange = try reader.skip()
        }
      } else {
        options[key] = try reader.value()
      }
    }
  }

  private func model() throws(TokenizerError) -> any TokenModel {
    switch try kind() {
    case .bytePair: return try bytePair()
    case .unigram: return try unigram()
    case .wordPiece:
      let vocabulary = try namedVocabulary()
      return WordPieceModel(
        vocabulary: vocabulary, unknown: try unknown(in: vocabulary, default: "[UNK]"),
        continuingPrefix: Array((options["continuing_subword_prefix"]?.string ?? "##").utf8),
        longest: options["max_input_chars_per_word"]?.integer ?? 100)
    case .wordLevel:
      let vocabulary = try namedVocabulary()
      return WordLevelModel(vocabulary: vocabulary, unknown: try unknown(in: vocabulary, default: "<unk>"))
    }
  }

  /// What the file says, or, for old files that leave the type out, what its fields tell.
  private func kind() throws(TokenizerError) -> ModelKind {
    if let name = options["type"]?.string {
      guard let kind = ModelKind(rawValue: name) else {
        throw unknownKind(name, of: "model", known: ModelKind.allCases.map(\.rawValue), at: "model.type")
      }
      return kind
    }
    if merges != nil || mergesRange != nil { return .bytePair }
    if let vocabularyRange {
      var later = JSONReader(reader, range: vocabularyRange)
      if later.peek() == UInt8(ascii: "[") { return .unigram }
    }
    return options["max_input_chars_per_word"] == nil ? .wordLevel : .wordPiece
  }

  // MARK: Models

  private func bytePair() throws(TokenizerError) -> BytePairModel {
    if let dropout = options["dropout"], !dropout.isNull, dropout != .number(0) {
      throw TokenizerError(
        field: "model.dropout", problem: "dropout makes tokens random and is not supported; set it to null")
    }
    let prefix = text("continuing_subword_prefix")
    let vocabulary = try namedVocabulary()
    var merges = merges
    if let mergesRange {
      var later = JSONReader(reader, range: mergesRange)
      merges = try MergeTable(reading: &later, vocabulary, prefix: prefix)
    }
    guard let merges else { throw TokenizerError(field: "model", problem: "there is no 'merges'") }
    var options = BytePairModel.Options()
    options.fusesUnknowns = self.options["fuse_unk"]?.boolean ?? false
    options.ignoresMerges = self.options["ignore_merges"]?.boolean ?? false
    options.fallsBackToBytes = self.options["byte_fallback"]?.boolean ?? false
    options.continuingPrefix = prefix
    options.endSuffix = text("end_of_word_suffix")
    options.unknown = try bytePairUnknown(vocabulary, fallsBackToBytes: options.fallsBackToBytes)
    return BytePairModel(vocabulary: vocabulary, merges: merges, options: options)
  }

  private func unigram() throws(TokenizerError) -> UnigramModel {
    guard let vocabularyRange else { throw TokenizerError(field: "model", problem: "there is no 'vocab'") }
    var later = JSONReader(reader, range: vocabularyRange)
    var scores: [Double] = []
    let vocabulary = try Vocabulary(readingScored: &later, into: &scores)
    var unknown: Int32?
    if let value = options["unk_id"], !value.isNull {
      guard let id = value.integer, scores.indices.contains(id) else {
        throw TokenizerError(
          field: "model.unk_id",
          problem: "expected null or the place of a piece in the vocabulary, which has \(scores.count)")
      }
      unknown = Int32(id)
    }
    return UnigramModel(
      vocabulary: vocabulary, scores: scores, unknown: unknown,
      fallsBackToBytes: options["byte_fallback"]?.boolean ?? false)
  }

  // MARK: Fields

  private func text(_ name: String) -> String { options[name]?.string ?? "" }

  private func namedVocabulary() throws(TokenizerError) -> Vocabulary {
    if let vocabulary { return vocabulary }
    guard let vocabularyRange else { throw TokenizerError(field: "model", problem: "there is no 'vocab'") }
    var later = JSONReader(reader, range: vocabularyRange)
    return try Vocabulary(reading: &later)
  }

  private func unknown(
    in vocabulary: Vocabulary, default name: String
  ) throws(TokenizerError) -> Int32 {
    let text = options["unk_token"]?.string ?? name
    guard let id = vocabulary.id(of: text) else {
      throw TokenizerError(field: "model.unk_token", problem: "'\(text)' is not in the vocabulary")
    }
    return id
  }

  /// The unknown token of byte-pair encoding.
  ///
  /// Published files of byte-level models name one that they do not have; no text can need it.
  private func bytePairUnknown(
    _ vocabulary: Vocabulary, fallsBackToBytes: Bool
  ) throws(TokenizerError) -> Int32? {
    guard let text = options["unk_token"]?.string else { return nil }
    if let id = vocabulary.id(of: text) { return id }
    let hasAllBytes =
      fallsBackToBytes && ByteEntries(of: vocabulary).isComplete
      || ByteAlphabet.scalars.allSatisfy { vocabulary.id(of: String(Character($0))) != nil }
    if text.isEmpty || hasAllBytes { return nil }
    throw TokenizerError(field: "model.unk_token", problem: "'\(text)' is not in the vocabulary")
  }
}
