// The tokenizer of a model: text to ids and back, as tokenizer.json describes it.

/// A tokenizer in the format of Hugging Face: byte-pair encoding with its normalizers, splitters and decoders.
///
/// Reading one value from several tasks is safe; nothing in it changes.
public struct Tokenizer: Sendable {
  private let file: TokenizerFileParts
  /// The settings beside the tokenizer, with everything `tokenizer_config.json` says.
  public let settings: TokenizerSettings
  /// The special tokens by role, such as `"eos_token": "</s>"`, as chat templates name them.
  public let specialTokens: [String: String]
  /// The token before a text, if the tokenizer has one.
  public let bosToken: SpecialToken?
  /// The token that ends a text or a reply, if the tokenizer has one.
  public let eosToken: SpecialToken?
  /// The token that fills up rows, if the tokenizer has one.
  public let padToken: SpecialToken?
  /// The ids of special tokens.
  public let specialIDs: Set<Int32>
  /// The largest id plus one; a model's embedding has at least so many rows.
  public let vocabularyCount: Int

  /// A special token: its text and its id.
  public struct SpecialToken: Sendable, Equatable {
    /// How it is written.
    public let text: String
    /// Its id.
    public let id: Int32

    /// The token `text` with this id.
    public init(text: String, id: Int32) {
      self.text = text
      self.id = id
    }
  }

  /// The tokenizer of a model directory: `tokenizer.json`, and the settings beside it when they are there.
  ///
  /// - Throws: `TokenizerError` with the file, the place in it and the problem.
  public init(directory: String) throws(TokenizerError) {
    let path = directory + "/tokenizer.json"
    let bytes = try readBytes(of: path)
    let settings = try TokenizerSettings(directory: directory)
    do throws(TokenizerError) {
      try self.init(bytes, settings: settings, settingsFile: directory + "/tokenizer_config.json")
    } catch { throw error.file.isEmpty ? error.inFile(path) : error }
  }

  /// The tokenizer that the text of a `tokenizer.json` describes.
  ///
  /// - Throws: `TokenizerError` with the place and the problem.
  public init(
    tokenizerJSON text: String, settings: TokenizerSettings = TokenizerSettings()
  ) throws(TokenizerError) {
    try self.init(Array(text.utf8), settings: settings, settingsFile: "tokenizer_config.json")
  }

  private init(
    _ bytes: [UInt8], settings: TokenizerSettings, settingsFile: String
  ) throws(TokenizerError) {
    let file = TokenizerFileParts(try TokenizerFile(bytes))
    let names = try settings.specialTokens()
    var tokens: [String: SpecialToken] = [:]
    for role in TokenizerSettings.roles {
      guard let text = names[role] else { continue }
      guard let id = file.id(of: text) else {
        throw TokenizerError(
          file: settingsFile, field: role,
          problem:
            "'\(text)' is not a token of tokenizer.json; list it there under 'added_tokens' or set null")
      }
      tokens[role] = SpecialToken(text: text, id: id)
    }
    self.file = file
    self.settings = settings
    specialTokens = names
    bosToken = tokens["bos_token"]
    eosToken = tokens["eos_token"]
    padToken = tokens["pad_token"]
    specialIDs = Set(file.parts.added.tokens.filter(\.isSpecial).map(\.id))
    let largestAdded = file.parts.added.tokens.map { Int($0.id) + 1 }.max() ?? 0
    vocabularyCount = max(file.parts.model.vocabulary.idLimit, largestAdded)
  }

  // MARK: Pieces

  /// The text of the token with this id as the vocabulary spells it; empty for ids that no token has.
  public func piece(of id: Int32) -> String {
    file.bytes(of: id).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// The id of the token that the vocabulary spells so.
  public func id(of piece: String) -> Int32? { file.id(of: piece) }

  // MARK: Encoding

  /// The ids of a text.
  ///
  /// Special tokens that stand in the text are always recognised. With `addingSpecials` those that the tokenizer
  /// puts around every text come with them; a rendered chat template has its own and needs none.
  public func encode(_ text: String, addingSpecials: Bool) -> [Int32] {
    let parts = file.parts
    var ids: [Int32] = addingSpecials ? parts.postProcessor.prefix : []
    var scratch = BytePairModel.Scratch()
    let scalars = Array(text.unicodeScalars)
    for part in parts.added.split(scalars, inNormalized: false) {
      switch part {
      case .token(let id): ids.append(id)
      case .text(let range):
        var segment = range.count == scalars.count ? scalars : Array(scalars[range])
        if let normalizer = parts.normalizer { segment = normalizer.normalize(segment) }
        for part in parts.added.split(segment, inNormalized: true) {
          switch part {
          case .token(let id): ids.append(id)
          case .text(let inner):
            let piece = inner.count == segment.count ? segment : Array(segment[inner])
            var pieces = Pieces(piece, startsText: range.lowerBound == 0 && inner.lowerBound == 0)
            parts.preTokenizer?.apply(to: &pieces)
            for range in pieces.ranges {
              parts.model.encode(pieces.scalars, range, scratch: &scratch, into: &ids)
            }
          }
        }
      }
    }
    if addingSpecials { ids.append(contentsOf: parts.postProcessor.suffix) }
    return ids
  }

  // MARK: Decoding

  /// The text of some ids; bytes that form no character become U+FFFD, ids of no token become nothing.
  public func decode(_ ids: [Int32], skippingSpecials: Bool) -> String {
    var pieces: [[UInt8]] = []
    pieces.reserveCapacity(ids.count)
    for id in ids where !skippingSpecials || !specialIDs.contains(id) {
      if let bytes = file.bytes(of: id) { pieces.append(Array(bytes)) }
    }
    guard let decoder = file.parts.decoder else {
      return pieces.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }
    return String(decoding: decoder.decode(pieces).joined(), as: UTF8.self)
  }
}

/// The parts of a tokenizer behind one reference, so that copies of a tokenizer cost nothing.
final class TokenizerFileParts: Sendable {
  let parts: TokenizerFile

  init(_ parts: TokenizerFile) { self.parts = parts }

  /// The UTF-8 of a token; nil for ids that no token has.
  func bytes(of id: Int32) -> ArraySlice<UInt8>? {
    if let token = parts.added.byID[id] { return Array(token.content.utf8)[...] }
    return parts.model.vocabulary.bytes(of: id)
  }

  /// The id of a token.
  func id(of piece: String) -> Int32? {
    parts.added.idOfContent[Array(piece.utf8)] ?? parts.model.vocabulary.id(of: piece)
  }
}
