// Normalizers that clean text as BERT and neural machine translation do.

/// Cleans text as BERT does: control characters, spaces around Chinese characters, accents, case.
struct BertNormalizer: Normalizer {
  let cleansText: Bool
  let spacesChinese: Bool
  let stripsAccents: Bool
  let lowercases: Bool

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var text = text
    if cleansText {
      text = text.compactMap { scalar in
        Self.isRemoved(scalar) ? nil : scalar.properties.isWhitespace ? " " : scalar
      }
    }
    if spacesChinese { text = text.flatMap { Self.isChinese($0) ? [" ", $0, " "] : [$0] } }
    if stripsAccents {
      text = UnicodeNormalizer.decomposed.normalize(text).filter {
        CategoryMask.of($0, in: .eight) & Self.nonspacing == 0
      }
    }
    return lowercases ? LowercaseNormalizer().normalize(text) : text
  }

  func removesStart(of text: [Unicode.Scalar]) -> Bool {
    guard let first = text.first else { return false }
    return cleansText && Self.isRemoved(first)
      || stripsAccents && CategoryMask.of(first, in: .eight) & Self.nonspacing != 0
  }

  private static let nonspacing = CategoryMask.named("Mn") ?? 0
  private static let controls = (CategoryMask.named("C") ?? 0) & ~CategoryMask.unassigned

  private static func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\t", "\n", "\r": false
    case "\u{0}", "\u{FFFD}": true
    default:
      CategoryMask.of(scalar, in: .eight) & Self.controls != 0
    }
  }

  private static let chinese: [ClosedRange<UInt32>] = [
    0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
    0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0x2F800...0x2FA1F,
  ]

  private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= 0x3400 && chinese.contains { $0.contains(scalar.value) }
  }
}

/// Removes control characters and writes other white space, joiners and marks of direction as spaces.
///
/// - Source: the rules that SentencePiece names `nmt`.
struct NmtNormalizer: Normalizer {
  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    text.compactMap { Self.isRemoved($0) ? nil : Self.isSpace($0) ? " " : $0 }
  }

  func removesStart(of text: [Unicode.Scalar]) -> Bool { text.first.map(Self.isRemoved) ?? false }

  private static func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: true
    default: false
    }
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: true
    default: false
    }
  }
}
