// SentencePiece's compiled normalization: a double array of replacements, base64 in the file.

/// Replaces what a compiled map of characters lists, grapheme by grapheme.
///
/// The map is a little-endian `UInt32` with the size of the array in bytes, the array, and the replacements, each
/// ended by a zero byte. A grapheme of at most five bytes is looked up as a whole, of which the shortest prefix in
/// the map decides for all of it; longer ones, and those without an entry, are looked up character by character.
///
/// - Source: Aoe, 1989, "An efficient digital search algorithm by using a double-array structure", and the format
///   of SentencePiece's `precompiled_charsmap`.
struct CharsmapNormalizer: Normalizer {
  private let units: [UInt32]
  private let replacements: [UInt8]
  /// The replacements of ASCII; nil for what stays.
  private var ascii: [String.UnicodeScalarView?] = []

  /// The map in these bytes; nil when they are none.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 4 else { return nil }
    func word(_ place: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
    }
    let size = Int(word(0))
    guard size <= bytes.count - 4, size % 4 == 0 else { return nil }
    units = (0..<(size / 4)).map { word(4 + 4 * $0) }
    replacements = Array(bytes[(4 + size)...])
    guard String(validating: replacements, as: UTF8.self) != nil else { return nil }
    ascii = (0..<128).map { replacement(of: [$0]) }
  }

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    var start = 0
    while start < text.count {
      // Nothing joins a character of ASCII but a scalar beyond it, and a line feed behind a carriage return.
      let isAlone =
        text[start].isASCII && text[start] != "\r" && (start + 1 == text.count || text[start + 1].isASCII)
      if isAlone {
        if let replacement = ascii[Int(text[start].value)] {
          result.append(contentsOf: replacement)
        } else {
          result.append(text[start])
        }
        start += 1
        continue
      }
      var end = start + 1
      while end < text.count, !(text[end].isASCII && text[end - 1].isASCII && text[end - 1] != "\r") {
        end += 1
      }
      appendGraphemes(of: text[start..<end], to: &result)
      start = end
    }
    return result
  }

  private func appendGraphemes(of text: ArraySlice<Unicode.Scalar>, to result: inout [Unicode.Scalar]) {
    var bytes: [UInt8] = []
    for scalar in text { appendUTF8(of: scalar, to: &bytes) }
    for grapheme in String(decoding: bytes, as: UTF8.self) {
      if grapheme.utf8.count < 6 {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: grapheme.utf8)
        if let replacement = replacement(of: bytes) {
          result.append(contentsOf: replacement)
          continue
        }
      }
      for scalar in grapheme.unicodeScalars {
        bytes.removeAll(keepingCapacity: true)
        appendUTF8(of: scalar, to: &bytes)
        if let replacement = replacement(of: bytes) {
          result.append(contentsOf: replacement)
        } else {
          result.append(scalar)
        }
      }
    }
  }

  func removesStart(of text: [Unicode.Scalar]) -> Bool {
    guard let first = text.first else { return false }
    var bytes: [UInt8] = []
    appendUTF8(of: first, to: &bytes)
    return replacement(of: bytes)?.isEmpty ?? false
  }

  /// The replacement of the shortest entry that `key` begins with.
  private func replacement(of key: [UInt8]) -> String.UnicodeScalarView? {
    guard let root = units.first else { return nil }
    var place = Self.offset(root)
    for byte in key {
      if byte == 0 { return nil }
      place ^= Int(byte)
      guard place < units.count, units[place] & 0x8000_00FF == UInt32(byte) else { return nil }
      let unit = units[place]
      place ^= Self.offset(unit)
      if unit >> 8 & 1 == 1 {
        guard place < units.count else { return nil }
        let start = Int(units[place] & 0x7FFF_FFFF)
        guard start <= replacements.count else { return nil }
        let entry = replacements[start...].prefix { $0 != 0 }
        return String(decoding: entry, as: UTF8.self).unicodeScalars
      }
    }
    return nil
  }

  private static func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & 0x200) >> 6)) }
}
