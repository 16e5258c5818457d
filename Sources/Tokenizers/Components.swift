// Builds the components that tokenizer.json names by type; a new one is one more line in a table.

/// The tables from type names to components.
struct Components {
  // MARK: Normalizers

  private static let normalizers: Set<String> =
    Set(UnicodeNormalizer.allCases.map(\.rawValue))
    .union([
      "BertNormalizer", "ByteLevel", "Lowercase", "Nmt", "Precompiled", "Prepend", "Replace", "Sequence",
      "Strip",
      "StripAccents",
    ])

  /// The normalizer a value describes.
  func normalizer(_ value: JSONValue, at field: String) throws(TokenizerError) -> any Normalizer {
    let type = try text("type", of: value, at: field)
    if let form = UnicodeNormalizer(rawValue: type) { return form }
    switch type {
    case "ByteLevel": return ByteLevelNormalizer()
    case "BertNormalizer":
      let lowercases = value["lowercase"]?.boolean ?? true
      return BertNormalizer(
        cleansText: value["clean_text"]?.boolean ?? true,
        spacesChinese: value["handle_chinese_chars"]?.boolean ?? true,
        stripsAccents: value["strip_accents"]?.boolean ?? lowercases, lowercases: lowercases)
    case "Lowercase": return LowercaseNormalizer()
    case "Nmt": return NmtNormalizer()
    case "Precompiled": return try charsmap(value, at: field)
    case "StripAccents": return AccentNormalizer()
    case "Prepend":
      return PrependNormalizer(prefix: Array(try text("prepend", of: value, at: field).unicodeScalars))
    case "Replace": return ReplaceNormalizer(replacement: try replacement(value, at: field))
    case "Strip":
      return StripNormalizer(
        left: value["strip_left"]?.boolean ?? true, right: value["strip_right"]?.boolean ?? true)
    case "Sequence":
      var parts: [any Normalizer] = []
      for (place, part) in try elements(of: value, "normalizers", at: field) {
        parts.append(try normalizer(part, at: place))
      }
      return SequenceNormalizer(parts: parts)
    default: throw unknownKind(type, of: "normalizer", known: Self.normalizers, at: field + ".type")
    }
  }

  // MARK: Pre-tokenizers

  private static let preTokenizers: Set<String> = [
    "BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "FixedLength", "Metaspace",
    "Punctuation",
    "Sequence", "Split", "Whitespace", "WhitespaceSplit",
  ]

  /// The pre-tokenizer a value describes.
  func preTokenizer(_ value: JSONValue, at field: String) throws(TokenizerError) -> any PreTokenizer {
    let type = try text("type", of: value, at: field)
    switch type {
    case "ByteLevel":
      var splitter: SplitPreTokenizer?
      if value["use_regex"]?.boolean ?? true {
        splitter = SplitPreTokenizer(.pattern(try Pattern(ByteLevelPreTokenizer.pattern)), .isolated)
      }
      return ByteLevelPreTokenizer(
        addsPrefixSpace: value["add_prefix_space"]?.boolean ?? true, splitter: splitter)
    case "Split":
      return SplitPreTokenizer(
        try matcher(value, at: field), try behavior(value, at: field) ?? .removed,
        isInverted: value["invert"]?.boolean ?? false)
    case "Digits":
      let isIndividual = value["individual_digits"]?.boolean ?? false
      return SplitPreTokenizer(
        .pattern(Pattern(single: .numbers)), isIndividual ? .isolated : .contiguous)
    case "Punctuation":
      let behavior = try behavior(value, at: field) ?? .isolated
      return SplitPreTokenizer(.pattern(Pattern(single: .punctuation)), behavior)
    case "Whitespace":
      return SplitPreTokenizer(.pattern(.wordsAndSigns), .removed, isInverted: true)
    case "WhitespaceSplit": return SplitPreTokenizer(.pattern(Pattern(single: .space)), .removed)
    case "BertPreTokenizer":
      return SequencePreTokenizer(parts: [
        SplitPreTokenizer(.pattern(Pattern(single: .space)), .removed),
        SplitPreTokenizer(.pattern(Pattern(single: .punctuation)), .isolated),
      ])
    case "CharDelimiterSplit":
      let delimiter = Array(try text("delimiter", of: value, at: field).unicodeScalars)
      return SplitPreTokenizer(.literal(delimiter), .removed)
    case "FixedLength":
      guard let length = value["length"]?.integer, length > 0 else {
        throw TokenizerError(field: field + ".length", problem: "expected a number of characters, at least 1")
      }
      return FixedLengthPreTokenizer(length: length)
    case "Metaspace":
      return MetaspacePreTokenizer(
        mark: try mark(value, at: field), scheme: try scheme(value, at: field),
        splits: value["split"]?.boolean ?? true)
    case "Sequence":
      var parts: [any PreTokenizer] = []
      for (place, part) in try elements(of: value, "pretokenizers", at: field) {
        parts.append(try preTokenizer(part, at: place))
      }
      return SequencePreTokenizer(parts: parts)
    default: throw unknownKind(type, of: "pre-tokenizer", known: Self.preTokenizers, at: field + ".type")
    }
  }

  // MARK: Post-processors

  private static let postProcessors = [
    "BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing",
  ]

  /// The post-processor a value describes, for single texts, behind those before it.
  func postProcessor(
    _ value: JSONValue, behind earlier: PostProcessor = PostProcessor(), at field: String
  ) throws(TokenizerError) -> PostProcessor {
    let type = try text("type", of: value, at: field)
    var result = earlier
    switch type {
    case "ByteLevel": break
    case "BertProcessing", "RobertaProcessing":
      let start = try pairID("cls", of: value, at: field)
      let end = try pairID("sep", of: value, at: field)
      result.surround(first: [start], next: type == "BertProcessing" ? [] : [end], last: [end])
    case "TemplateProcessing": result.parts = try template(value, around: earlier.parts, at: field)
    case "Sequence":
      for (place, part) in try elements(of: value, "processors", at: field) {
        result = try postProcessor(part, behind: result, at: place)
      }
    default: throw unknownKind(type, of: "post-processor", known: Self.postProcessors, at: field + ".type")
    }
    return result
  }

  private func pairID(_ name: String, of value: JSONValue, at field: String) throws(TokenizerError) -> Int32 {
    guard let pair = value[name]?.array, pair.count == 2,
      let id = pair[1].integer.flatMap(Int32.init(exactly:))
    else { throw TokenizerError(field: "\(field).\(name)", problem: "expected a token and its id") }
    return id
  }

  /// The parts that a template makes of one part, or of two.
  private func template(
    _ value: JSONValue, around parts: [PostProcessor.Part], at field: String
  ) throws(TokenizerError) -> [PostProcessor.Part] {
    guard parts.count <= 2 else {
      throw TokenizerError(
        field: field, problem: "a template behind other templates is not supported; join them into one")
    }
    var result: [PostProcessor.Part] = []
    for (place, part) in try elements(of: value, parts.count == 1 ? "single" : "pair", at: field) {
      if let sequence = part["Sequence"]?["id"]?.string {
        guard let inner = sequence == "A" ? parts.first : parts.dropFirst().first else {
          throw TokenizerError(field: place, problem: "there is no second text '\(sequence)' here")
        }
        result.append(inner)
        continue
      }
      guard let name = part["SpecialToken"]?["id"]?.string else {
        throw TokenizerError(field: place, problem: "expected 'Sequence' or 'SpecialToken'")
      }
      guard let ids = value["special_tokens"]?[name]?["ids"]?.array else {
        throw TokenizerError(
          field: field + ".special_tokens", problem: "there is no entry '\(name)' with 'ids'")
      }
      let known = ids.compactMap { $0.integer.flatMap(Int32.init(exactly:)) }
      result.append(PostProcessor.Part(prefix: known, isText: false))
    }
    guard result.count(where: \.isText) == 1 else {
      throw TokenizerError(field: field + ".single", problem: "the text must come once, as 'A'")
    }
    return result
  }

  // MARK: Decoders

  private static let decoders = [
    "BPEDecoder", "ByteFallback", "ByteLevel", "Fuse", "Metaspace", "Replace", "Sequence", "Strip",
    "WordPiece",
  ]

  /// The decoder a value describes.
  func decoder(_ value: JSONValue, at field: String) throws(TokenizerError) -> any Decoder {
    let type = try text("type", of: value, at: field)
    switch type {
    case "BPEDecoder": return WordEndDecoder(suffix: Array((value["suffix"]?.string ?? "</w>").utf8))
    case "ByteLevel": return ByteLevelDecoder()
    case "ByteFallback": return ByteFallbackDecoder()
    case "Fuse": return FuseDecoder()
    case "Replace": return ReplaceDecoder(replacement: try replacement(value, at: field))
    case "Metaspace":
      return MetaspaceDecoder(mark: try mark(value, at: field), scheme: try scheme(value, at: field))
    case "Strip":
      return StripDecoder(
        content: try scalar("content", of: value, at: field), start: value["start"]?.integer ?? 0,
        stop: value["stop"]?.integer ?? 0)
    case "WordPiece":
      return WordPieceDecoder(
        prefix: Array((value["prefix"]?.string ?? "##").utf8), cleansUp: value["cleanup"]?.boolean ?? true)
    case "Sequence":
      var parts: [any Decoder] = []
      for (place, part) in try elements(of: value, "decoders", at: field) {
        parts.append(try decoder(part, at: place))
      }
      return SequenceDecoder(parts: parts)
    default: throw unknownKind(type, of: "decoder", known: Self.decoders, at: field + ".type")
    }
  }
}
