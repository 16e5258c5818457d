// Reads tokenizer.json: finds its parts, then builds the vocabulary and merges straight from the bytes.

/// The parts of a `tokenizer.json`, built.
struct TokenizerFile {
  var model: BytePairModel
  var added: AddedTokens
  var normalizer: (any Normalizer)?
  var preTokenizer: (any PreTokenizer)?
  var postProcessor = PostProcessor()
  var decoder: (any Decoder)?

  /// Reads a whole file.
  ///
  /// - Throws: `TokenizerError` with the place inside the file.
  init(_ bytes: [UInt8]) throws(TokenizerError) {
    var reader = try JSONReader(bytes)
    var parts: [String: JSONValue] = [:]
    var model: BytePairModel?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key == "model" { model = try Self.model(&reader) } else { parts[key] = try reader.value() }
    }
    try reader.end()
    guard let model else {
      throw TokenizerError(field: "model", problem: "there is no model; this is not a tokenizer.json")
    }
    self.model = model
    func part(_ name: String) -> JSONValue? { parts[name].flatMap { $0.isNull ? nil : $0 } }
    let components = Components()
    normalizer = try part("normalizer").map { value throws(TokenizerError) in
      try components.normalizer(value, at: "normalizer")
    }
    preTokenizer = try part("pre_tokenizer").map { value throws(TokenizerError) in
      try components.preTokenizer(value, at: "pre_tokenizer")
    }
    if let value = part("post_processor") {
      postProcessor = try components.postProcessor(value, at: "post_processor")
    }
    decoder = try part("decoder").map { value throws(TokenizerError) in
      try components.decoder(value, at: "decoder")
    }
    added = AddedTokens(try Self.addedTokens(part("added_tokens"), model.vocabulary), normalizer: normalizer)
  }

  private static func model(_ reader: inout JSONReader) throws(TokenizerError) -> BytePairModel {
    var options: [String: JSONValue] = [:]
    var vocabulary: Vocabulary?
    var merges: MergeTable?
    // Files tell the type first and the vocabulary before the merges; what comes too early is read at the end.
    var vocabularyRange: Range<Int>?
    var mergesRange: Range<Int>?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key == "vocab" {
        if options["type"] == .string("BPE") {
          vocabulary = try Vocabulary(reading: &reader)
        } else {
          vocabularyRange = try reader.skip()
        }
      } else if key == "merges" {
        if let vocabulary {
          merges = try self.merges(&reader, vocabulary)
        } else {
          mergesRange = try reader.skip()
        }
      } else {
        options[key] = try reader.value()
      }
    }
    try check(options)
    if let vocabularyRange {
      var later = JSONReader(reader, range: vocabularyRange)
      vocabulary = try Vocabulary(reading: &later)
    }
    guard let vocabulary else { throw TokenizerError(field: "model", problem: "there is no 'vocab'") }
    if let mergesRange {
      var later = JSONReader(reader, range: mergesRange)
      merges = try self.merges(&later, vocabulary)
    }
    guard let merges else { throw TokenizerError(field: "model", problem: "there is no 'merges'") }
    var unknown: Int32?
    if let text = options["unk_token"]?.string {
      unknown = vocabulary.id(of: text)
      if unknown == nil {
        throw TokenizerError(field: "model.unk_token", problem: "'\(text)' is not in the vocabulary")
      }
    }
    return BytePairModel(
      vocabulary: vocabulary, merges: merges, unknown: unknown,
      fusesUnknowns: options["fuse_unk"]?.boolean ?? false,
      ignoresMerges: options["ignore_merges"]?.boolean ?? false,
      fallsBackToBytes: options["byte_fallback"]?.boolean ?? false)
  }

  /// Refuses options that would change ids without being understood.
  private static func check(_ options: [String: JSONValue]) throws(TokenizerError) {
    // Old files of byte-pair models leave the type out.
    let type = options["type"]?.string ?? "BPE"
    guard type == "BPE" else { throw unknownKind(type, of: "model", known: ["BPE"], at: "model.type") }
    for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let text = options[name]?.string, !text.isEmpty {
        throw TokenizerError(
          field: "model.\(name)", problem: "'\(text)' is not supported; only null or \"\" is")
      }
    }
    if let dropout = options["dropout"], !dropout.isNull, dropout != .number(0) {
      throw TokenizerError(
        field: "model.dropout", problem: "dropout makes tokens random and is not supported; set it to null")
    }
  }

  /// Reads merges in both spellings, `"a b"` and `["a", "b"]`.
  private static func merges(
    _ reader: inout JSONReader, _ vocabulary: Vocabulary
  ) throws(TokenizerError) -> MergeTable {
    var table = MergeTable(count: vocabulary.count)
    var text: [UInt8] = []
    var rank: UInt32 = 0
    try reader.beginArray()
    while try reader.nextElement() {
      text.removeAll(keepingCapacity: true)
      let middle = try mergeSides(&reader, into: &text, rank: rank)
      func id(_ range: Range<Int>) throws(TokenizerError) -> Int32 {
        if let id = vocabulary.id(of: text, range) { return id }
        let piece = String(decoding: text[range], as: UTF8.self)
        throw TokenizerError(
          field: "model.merges[\(rank)]", problem: "piece '\(piece)' is not in the vocabulary")
      }
      let left = try id(0..<middle)
      let right = try id(middle..<text.count)
      table.insert(left, right, rank: rank, result: try id(0..<text.count))
      rank += 1
    }
    return table
  }

  /// Appends both sides of a merge to `text` and returns where the right one starts.
  private static func mergeSides(
    _ reader: inout JSONReader, into text: inout [UInt8], rank: UInt32
  ) throws(TokenizerError) -> Int {
    let problem = TokenizerError(
      field: "model.merges[\(rank)]", problem: "expected two pieces, as \"a b\" or [\"a\", \"b\"]")
    if reader.peek() == UInt8(ascii: "[") {
      var middle = 0
      var sides = 0
      try reader.beginArray()
      while try reader.nextElement() {
        if sides == 1 { middle = text.count }
        try reader.string(into: &text)
        sides += 1
      }
      guard sides == 2 else { throw problem }
      return middle
    }
    try reader.string(into: &text)
    guard let space = text.firstIndex(of: 0x20), space == text.lastIndex(of: 0x20) else { throw problem }
    text.remove(at: space)
    return space
  }

  private static func addedTokens(
    _ value: JSONValue?, _ vocabulary: Vocabulary
  ) throws(TokenizerError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    var contentOfID: [Int32: String] = [:]
    for (index, entry) in (value?.array ?? []).enumerated() {
      let field = "added_tokens[\(index)]"
      guard let id = entry["id"]?.integer, let content = entry["content"]?.string else {
        throw TokenizerError(field: field, problem: "expected an object with 'id' and 'content'")
      }
      guard id >= 0, id < Vocabulary.largestID else {
        throw TokenizerError(
          field: field, problem: "token '\(content)' has the id \(id), which is out of range")
      }
      let token = AddedToken(
        id: Int32(id), content: content, isSpecial: entry["special"]?.boolean ?? false,
        isSingleWord: entry["single_word"]?.boolean ?? false, stripsLeft: entry["lstrip"]?.boolean ?? false,
        stripsRight: entry["rstrip"]?.boolean ?? false, isNormalized: entry["normalized"]?.boolean ?? false)
      let model = vocabulary.bytes(of: token.id).map { String(decoding: $0, as: UTF8.self) }
      if let other = contentOfID[token.id] ?? model, !other.utf8.elementsEqual(content.utf8) {
        throw TokenizerError(field: field, problem: "tokens '\(other)' and '\(content)' share the id \(id)")
      }
      if let modelID = vocabulary.id(of: content), modelID != token.id {
        throw TokenizerError(
          field: field, problem: "token '\(content)' has the id \(id) here and \(modelID) in model.vocab")
      }
      contentOfID[token.id] = content
      tokens.append(token)
    }
    return tokens
  }
}
