// Builds the components that tokenizer.json names by type; a new one is one more line in a table.

/// The tables from type names to components.
struct Components {
  // MARK: Normalizers

  private static let normalizers: Set<String> =
    Set(UnicodeNormalizer.allCases.map(\.rawValue))
    .union(["ByteLevel", "Lowercase", "Prepend", "Replace", "Sequence", "Strip", "StripAccents"])

  /// The normalizer a value describes.
  func normalizer(_ value: JSONValue, at field: String) throws(TokenizerError) -> any Normalizer {
    let type = try text("type", of: value, at: field)
    if let form = UnicodeNormalizer(rawValue: type) { return form }
    switch type {
    case "ByteLevel": return ByteLevelNormalizer()
    case "Lowercase": return LowercaseNormalizer()
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
    "BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "Metaspace", "Punctuation", "Sequence",
    "Split", "Whitespace", "WhitespaceSplit",
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
      // Words here hold joiners too, unlike `\w` of split patterns.
      let words = #"[\w\x{200C}\x{200D}]+|[^\w\s\x{200C}\x{200D}]+"#
      return SplitPreTokenizer(.pattern(try Pattern(words)), .removed, isInverted: true)
    case "WhitespaceSplit": return SplitPreTokenizer(.pattern(Pattern(single: .space)), .removed)
    case "BertPreTokenizer":
      return SequencePreTokenizer(parts: [
        SplitPreTokenizer(.pattern(Pattern(single: .space)), .removed),
        SplitPreTokenizer(.pattern(Pattern(single: .punctuation)), .isolated),
      ])
    case "CharDelimiterSplit":
      let delimiter = Array(try text("delimiter", of: value, at: field).unicodeScalars)
      return SplitPreTokenizer(.literal(delimiter), .removed)
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

  /// The post-processor a value describes, for single texts.
  func postProcessor(_ value: JSONValue, at field: String) throws(TokenizerError) -> PostProcessor {
    let type = try text("type", of: value, at: field)
    switch type {
    case "ByteLevel": return PostProcessor()
    case "BertProcessing", "RobertaProcessing":
      return PostProcessor(
        prefix: [try pairID("cls", of: value, at: field)], suffix: [try pairID("sep", of: value, at: field)])
    case "TemplateProcessing": return try template(value, at: field)
    case "Sequence":
      var result = PostProcessor()
      for (place, part) in try elements(of: value, "processors", at: field) {
        result = try postProcessor(part, at: place).around(result)
      }
      return result
    default: throw unknownKind(type, of: "post-processor", known: Self.postProcessors, at: field + ".type")
    }
  }

  private func pairID(_ name: String, of value: JSONValue, at field: String) throws(TokenizerError) -> Int32 {
    guard let pair = value[name]?.array, pair.count == 2,
      let id = pair[1].integer.flatMap(Int32.init(exactly:))
    else { throw TokenizerError(field: "\(field).\(name)", problem: "expected a token and its id") }
    return id
  }

  private func template(_ value: JSONValue, at field: String) throws(TokenizerError) -> PostProcessor {
    var result = PostProcessor()
    var isBehindText = false
    for (place, part) in try elements(of: value, "single", at: field) {
      if part["Sequence"] != nil {
        isBehindText = true
        continue
      }
      guard let name = part["SpecialToken"]?["id"]?.string else {
        throw TokenizerError(field: place, problem: "expected 'Sequence' or 'SpecialToken'")
      }
      guard let ids = value["special_tokens"]?[name]?["ids"]?.array else {
        throw TokenizerError(
          field: field + ".special_tokens", problem: "there is no entry '\(name)' with 'ids'")
      }
      for id in ids.compactMap({ $0.integer.flatMap(Int32.init(exactly:)) }) {
        if isBehindText { result.suffix.append(id) } else { result.prefix.append(id) }
      }
    }
    return result
  }

  // MARK: Decoders

  private static let decoders = [
    "ByteFallback", "ByteLevel", "Fuse", "Metaspace", "Replace", "Sequence", "Strip",
  ]

  /// The decoder a value describes.
  func decoder(_ value: JSONValue, at field: String) throws(TokenizerError) -> any Decoder {
    let type = try text("type", of: value, at: field)
    switch type {
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
