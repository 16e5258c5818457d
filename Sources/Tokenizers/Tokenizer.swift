// The tokenizer of a model: text to ids and back, as tokenizer.json describes it.

/// A tokenizer in the format of Hugging Face: a model with its normalizers, splitters, added tokens and decoders.
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
  /// The largest id of tokenizer.json plus one; a model's embedding has at least so many rows.
  ///
  /// Tokens that only the settings name, such as a `pad_token` that nobody trained, have ids from here on.
  public let vocabularyCount: Int
  private let cleansUpSpaces: Bool

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
      try self.init(bytes, settings: settings)
    } catch { throw error.file.isEmpty ? error.inFile(path) : error }
  }

  /// The tokenizer that the text of a `tokenizer.json` describes.
  ///
  /// - Throws: `TokenizerError` with the place and the problem.
  public init(
    tokenizerJSON text: String, settings: TokenizerSettings = TokenizerSettings()
  ) throws(TokenizerError) {
    try self.init(Array(text.utf8), settings: settings)
  }

  private init(_ bytes: [UInt8], settings: TokenizerSettings) throws(TokenizerError) {
    let file = TokenizerFileParts(try TokenizerFile(bytes, settings: settings))
    let names = file.parts.specialTokens
    func token(_ role: String) -> SpecialToken? {
      guard let text = names[role], let id = file.id(of: text) else { return nil }
      return SpecialToken(text: text, id: id)
    }
    self.file = file
    self.settings = settings
    specialTokens = names
    bosToken = token("bos_token")
    eosToken = token("eos_token")
    padToken = token("pad_token")
    specialIDs = Set(file.parts.added.tokens.filter(\.isSpecial).map(\.id))
    vocabularyCount = file.parts.idLimit
    cleansUpSpaces =
      settings.cleansUpSpaces && (!file.parts.model.keepsSpaces || settings.cleansUpBytePairs)
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
    let scalars = scalars(of: text)
    file.rooms.withRoom { room in
      for part in parts.added.split(scalars, inNormalized: false) {
        switch part {
        case .token(let id): ids.append(id)
        case .text(let range): encode(scalars, range, room: &room, into: &ids)
        }
      }
    }
    if addingSpecials { ids.append(contentsOf: parts.postProcessor.suffix) }
    return ids
  }

  /// Appends the ids of a stretch of a text without verbatim tokens.
  private func encode(
    _ text: [Unicode.Scalar], _ range: Range<Int>, room: inout EncodingRoom, into ids: inout [Int32]
  ) {
    let parts = file.parts
    var segment = range.count == text.count ? text : Array(text[range])
    var startCount = 1
    if let normalizer = parts.normalizer {
      if range.lowerBound == 0, parts.asksForStart {
        startCount = normalizer.removesStart(of: segment) ? 0 : normalizer.charactersAtStart(of: segment)
      }
      segment = normalizer.normalize(segment)
    }
    for part in parts.added.split(segment, inNormalized: true) {
      switch part {
      case .token(let id): ids.append(id)
      case .text(let inner):
        let piece = inner.count == segment.count ? segment : Array(segment[inner])
        let isFirst = range.lowerBound == 0 && inner.lowerBound == 0
        var pieces = Pieces(piece, startCount: isFirst ? startCount : 0)
        parts.preTokenizer?.apply(to: &pieces)
        room.encode(pieces, by: parts.model, writingBytes: parts.writesBytes, into: &ids)
      }
    }
  }

  // MARK: Decoding

  /// The text of some ids; bytes that form no character become U+FFFD, ids of no token become nothing.
  public func decode(_ ids: [Int32], skippingSpecials: Bool) -> String {
    var pieces: [[UInt8]] = []
    pieces.reserveCapacity(ids.count)
    for id in ids where !skippingSpecials || !file.parts.added.skippedIDs.contains(id) {
      if let bytes = file.bytes(of: id) { pieces.append(Array(bytes)) }
    }
    var text: [UInt8]
    if let decoder = file.parts.decoder {
      text = Array(decoder.decode(pieces).joined())
    } else {
      text = Array(pieces.joined(separator: [0x20]))
    }
    if cleansUpSpaces { text = SpaceCleaning.text.clean(text) }
    return String(decoding: text, as: UTF8.self)
  }
}

/// The parts of a tokenizer behind one reference, so that copies of a tokenizer cost nothing.
final class TokenizerFileParts: Sendable {
  let parts: TokenizerFile
  let rooms = EncodingRooms()

  init(_ parts: TokenizerFile) { self.parts = parts }

  /// The UTF-8 of a token; nil for ids that no token has.
  func bytes(of id: Int32) -> ArraySlice<UInt8>? {
    if let spelling = parts.added.spellings[id] { return spelling[...] }
    return parts.model.vocabulary.bytes(of: id)
  }

  /// The id of a token.
  func id(of piece: String) -> Int32? {
    parts.added.idOfContent[Array(piece.utf8)] ?? parts.model.vocabulary.id(of: piece)
  }
}
