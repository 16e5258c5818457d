// Unicode's normalization forms, and how to see that a text is in one already.

import Foundation

/// One of Unicode's normalization forms.
enum UnicodeNormalizer: String, Normalizer, CaseIterable {
  case composed = "NFC"
  case decomposed = "NFD"
  case compatibilityComposed = "NFKC"
  case compatibilityDecomposed = "NFKD"

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    guard text.contains(where: mayChange) else { return text }
    // Scalars that came after the tables of the reference implementation are left as they are, and stop marks from
    // moving across them.
    guard text.contains(where: UnicodeEdition.nine.lacks) else { return form(of: text[...]) }
    var result: [Unicode.Scalar] = []
    var start = 0
    for (place, scalar) in text.enumerated() where UnicodeEdition.nine.lacks(scalar) {
      result += form(of: text[start..<place])
      result.append(scalar)
      start = place + 1
    }
    return result + form(of: text[start...])
  }

  /// Blocks in which no scalar decomposes for good, moves, or joins the one before it: what is most common first.
  private static let composedBlocks: [ClosedRange<UInt32>] = [
    0x0388...0x0482, 0x048A...0x0590, 0x2002...0x20CF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0x3000...0x3029,
    0x3030...0x3098, 0x309B...0x4DFF, 0xFE30...0xFFFF, 0x05D0...0x05EA, 0x0620...0x064A, 0x1F000...0x1FAFF,
    0xFE00...0xFE0F, 0x2100...0x2125, 0x212C...0x2328, 0x232B...0x2ADB, 0x0E01...0x0E30, 0x1E00...0x1EFF,
    0xA000...0xA66E, 0xE000...0xF8FF,
  ]

  /// Whether a scalar may make the form of a text another than the text.
  private func mayChange(_ scalar: Unicode.Scalar) -> Bool {
    let value = scalar.value
    switch self {
    case .composed:
      // The first mark that composes is U+0300.
      return value >= 0x300 && !Self.composedBlocks.contains { $0.contains(value) }
    case .decomposed: return value >= 0xC0
    case .compatibilityComposed, .compatibilityDecomposed: return value >= 0xA0
    }
  }

  private func form(of text: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 3)
    for scalar in text { appendUTF8(of: scalar, to: &bytes) }
    let string = String(decoding: bytes, as: UTF8.self)
    let result =
      switch self {
      case .composed: string.precomposedStringWithCanonicalMapping
      case .decomposed: string.decomposedStringWithCanonicalMapping
      case .compatibilityComposed:
        // In two steps: Foundation's one step leaves marks out of order behind U+01C5 and its like.
        string.decomposedStringWithCompatibilityMapping.precomposedStringWithCanonicalMapping
      case .compatibilityDecomposed: string.decomposedStringWithCompatibilityMapping
      }
    return scalars(of: result)
  }
}

/// The scalars of a text.
func scalars(of text: String) -> [Unicode.Scalar] {
  let decoded = text.utf8.withContiguousStorageIfAvailable { bytes in
    var scalars: [Unicode.Scalar] = []
    scalars.reserveCapacity(bytes.count)
    var place = 0
    while place < bytes.count {
      let first = UInt32(bytes[place])
      func tail(_ offset: Int) -> UInt32 { UInt32(bytes[place + offset] & 0x3F) }
      let (value, length) =
        first < 0x80
        ? (first, 1)
        : first < 0xE0
          ? ((first & 0x1F) << 6 | tail(1), 2)
          : first < 0xF0
            ? ((first & 0xF) << 12 | tail(1) << 6 | tail(2), 3)
            : ((first & 0x7) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4)
      scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
      place += length
    }
    return scalars
  }
  return decoded ?? Array(text.unicodeScalars)
}
