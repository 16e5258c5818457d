// Reads tokenizer.json: finds its parts, then builds the vocabulary and merges straight from the bytes.

/// The parts of a `tokenizer.json`, built.
struct TokenizerFile {
  var model: any TokenModel
  var added: AddedTokens
  var normalizer: (any Normalizer)?
  var preTokenizer: (any PreTokenizer)?
  /// Whether the bytes of a piece are written as characters before the model sees it.
  var writesBytes = false
  var postProcessor = PostProcessor()
  var decoder: (any Decoder)?

  /// Whether it matters to the pre-tokenizer where the text starts.
  var asksForStart: Bool { preTokenizer?.asksForStart ?? false }
  /// The largest id of the file plus one.
  var idLimit: Int
  /// The special tokens by role.
  var specialTokens: [String: String]

  /// Reads a whole file and joins the tokens of the settings to its own.
  ///
  /// - Throws: `TokenizerError` with the place inside the file.
  init(_ bytes: [UInt8], settings: TokenizerSettings = TokenizerSettings()) throws(TokenizerError) {
    var reader = try JSONReader(bytes)
    var parts: [String: JSONValue] = [:]
    var model: (any TokenModel)?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key == "model" { model = try ModelReader.model(&reader) } else { parts[key] = try reader.value() }
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
    if let splitter = preTokenizer?.withoutBytes {
      preTokenizer = splitter
      writesBytes = true
    }
    if let value = part("post_processor") {
      postProcessor = try components.postProcessor(value, at: "post_processor")
    }
    decoder = try part("decoder").map { value throws(TokenizerError) in
      try components.decoder(value, at: "decoder")
    }
    let tokens = try Self.addedTokens(part("added_tokens"), model.vocabulary)
    idLimit = max(model.vocabulary.idLimit, tokens.map { Int($0.id) + 1 }.max() ?? 0)
    let settings = settings.padding(with: part("padding")?["pad_token"]?.string)
    specialTokens = try settings.specialTokens()
    added = AddedTokens(
      try AddedTokens.joined(tokens, with: settings, model.vocabulary), normalizer: normalizer,
      skipsSpecials: settings.splitsSpecialTokens)
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
