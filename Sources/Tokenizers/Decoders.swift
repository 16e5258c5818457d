// From pieces back to text. Pieces are UTF-8, because a piece may end inside a character.

/// A rewriting of the pieces of decoded ids.
protocol Decoder: Sendable {
  /// The rewritten pieces.
  func decode(_ pieces: [[UInt8]]) -> [[UInt8]]
}

/// Reads pieces as characters of the byte alphabet and joins them; broken UTF-8 becomes U+FFFD.
struct ByteLevelDecoder: Decoder {
  func decode(_ pieces: [[UInt8]]) -> [[UInt8]] {
    var bytes: [UInt8] = []
    for piece in pieces {
      let start = bytes.count
      for scalar in String(decoding: piece, as: UTF8.self).unicodeScalars {
        guard let byte = ByteAlphabet.byte(of: scalar) else {
          // A piece with any other character, such as an added token, stands for itself.
          bytes.removeSubrange(start...)
          bytes.append(contentsOf: piece)
          break
        }
        bytes.append(byte)
      }
    }
    return [Array(String(decoding: bytes, as: UTF8.self).utf8)]
  }
}

/// Joins pieces such as `<0x0A>` into the characters of their bytes; bytes of no character become U+FFFD each.
struct ByteFallbackDecoder: Decoder {
  func decode(_ pieces: [[UInt8]]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var pending: [UInt8] = []
    func flush() {
      if String(validating: pending, as: UTF8.self) != nil {
        if !pending.isEmpty { result.append(pending) }
      } else {
        for _ in pending { result.append(Array("\u{FFFD}".utf8)) }
      }
      pending.removeAll()
    }
    for piece in pieces {
      if let byte = Self.byte(of: piece) {
        pending.append(byte)
      } else {
        flush()
        result.append(piece)
      }
    }
    flush()
    return result
  }

  private static func byte(of piece: [UInt8]) -> UInt8? {
    guard piece.count == 6, piece.starts(with: "<0x".utf8), piece.last == UInt8(ascii: ">") else {
      return nil
    }
    return UInt8(String(decoding: piece[3..<5], as: UTF8.self), radix: 16)
  }
}

/// Joins all pieces into one.
struct FuseDecoder: Decoder {
  func decode(_ pieces: [[UInt8]]) -> [[UInt8]] { [Array(pieces.joined())] }
}

/// Removes up to so many of a character at the ends of each piece.
struct StripDecoder: Decoder {
  let content: Unicode.Scalar
  let start: Int
  let stop: Int

  func decode(_ pieces: [[UInt8]]) -> [[UInt8]] {
    let content = Array(String(content).utf8)
    return pieces.map { piece in
      var rest = piece[...]
      for _ in 0..<start where rest.starts(with: content) { rest = rest.dropFirst(content.count) }
      for _ in 0..<stop where rest.suffix(content.count).elementsEqual(content) {
        rest = rest.dropLast(content.count)
      }
      return Array(rest)
    }
  }
}

/// Replaces the matches of a pattern in each piece.
struct ReplaceDecoder: Decoder {
  let replacement: Replacement

  func decode(_ pieces: [[UInt8]]) -> [[UInt8]] {
    pieces.map { piece in
      let text = Array(String(decoding: piece, as: UTF8.self).unicodeScalars)
      var bytes: [UInt8] = []
      for scalar in replacement.apply(to: text) { appendUTF8(of: scalar, to: &bytes) }
      return bytes
    }
  }
}

/// Writes marks as spaces, and drops those of the first piece when one was put before the text.
struct MetaspaceDecoder: Decoder {
  let mark: Unicode.Scalar
  let scheme: MetaspaceScheme

  func decode(_ pieces: [[UInt8]]) -> [[UInt8]] {
    pieces.enumerated().map { index, piece in
      var bytes: [UInt8] = []
      for scalar in String(decoding: piece, as: UTF8.self).unicodeScalars {
        if scalar != mark {
          appendUTF8(of: scalar, to: &bytes)
        } else if index > 0 || scheme == .never {
          bytes.append(0x20)
        }
      }
      return bytes
    }
  }
}

/// Several decoders, one behind the other.
struct SequenceDecoder: Decoder {
  let parts: [any Decoder]

  func decode(_ pieces: [[UInt8]]) -> [[UInt8]] { parts.reduce(pieces) { $1.decode($0) } }
}

/// Joins continuations to the words before them and puts a space before the other pieces but the first.
struct WordPieceDecoder: Decoder {
  let prefix: [UInt8]
  let cleansUp: Bool

  func decode(_ pieces: [[UInt8]]) -> [[UInt8]] {
    pieces.enumerated().map { index, piece in
      let word =
        index == 0
        ? piece
        : piece.starts(with: prefix) ? Array(piece[prefix.count...]) : [0x20] + piece
      return cleansUp ? SpaceCleaning.pieces.clean(word) : word
    }
  }
}

/// Writes the mark that ends words as a space, and as nothing in the last piece.
struct WordEndDecoder: Decoder {
  let suffix: [UInt8]

  func decode(_ pieces: [[UInt8]]) -> [[UInt8]] {
    pieces.enumerated().map { index, piece in
      if index == pieces.count - 1 { return replacing(suffix, in: piece, with: []) }
      // A mark of nothing stands around every character.
      let characters = String(decoding: piece, as: UTF8.self).unicodeScalars
      return suffix.isEmpty
        ? [0x20] + characters.flatMap { Array(String($0).utf8) + [0x20] }
        : replacing(suffix, in: piece, with: [0x20])
    }
  }
}

/// The spaces that English text does not have before its punctuation and short forms.
struct SpaceCleaning: Sendable {
  private let rules: [(text: [UInt8], replacement: [UInt8])]

  private init(_ rules: [(String, String)]) {
    self.rules = rules.map { (Array($0.utf8), Array($1.utf8)) }
  }

  private static let punctuation = [(" .", "."), (" ?", "?"), (" !", "!"), (" ,", ",")]
  /// What the decoder of WordPiece does to each piece.
  static let pieces = SpaceCleaning(
    punctuation + [
      (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"),
      (" 're", "'re"),
    ])
  /// What `clean_up_tokenization_spaces` does to a whole text.
  static let text = SpaceCleaning(
    punctuation + [
      (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ])

  /// The text with every rule applied, one behind the other.
  func clean(_ text: [UInt8]) -> [UInt8] {
    rules.reduce(text) { replacing($1.text, in: $0, with: $1.replacement) }
  }
}

/// The text with every `part` replaced, first to last.
func replacing(_ part: [UInt8], in text: [UInt8], with replacement: [UInt8]) -> [UInt8] {
  guard let first = part.first else { return text }
  var result: [UInt8] = []
  var start = 0
  while start < text.count {
    if text[start] == first, text[start...].starts(with: part) {
      result.append(contentsOf: replacement)
      start += part.count
    } else {
      result.append(text[start])
      start += 1
    }
  }
  return result
}
