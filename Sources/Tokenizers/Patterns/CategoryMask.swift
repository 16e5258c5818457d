// General categories of scalars, in the editions of Unicode that the reference implementation's parts are built on.

/// An edition of Unicode.
enum UnicodeEdition: Sendable {
  /// What BERT's rules and the class of punctuation are of.
  case eight
  /// What normalization forms and accents are of.
  case nine
  /// What split patterns and words are of.
  case sixteen
  /// What the Swift runtime has.
  case current

  /// Whether a scalar came after this edition.
  func lacks(_ scalar: Unicode.Scalar) -> Bool {
    // Below these, nothing has been added since.
    switch self {
    case .current: return false
    case .sixteen:
      if scalar.value < 0x860 { return false }
      return scalar.properties.age.map { $0 > (major: 16, minor: 0) } ?? false
    case .nine:
      if scalar.value < 0x530 { return false }
      return scalar.properties.age.map { $0 > (major: 9, minor: 0) } ?? false
    case .eight:
      if scalar.value < 0x530 { return false }
      return scalar.properties.age.map { $0 > (major: 8, minor: 0) } ?? false
    }
  }

  /// The scalars that have had other categories than today, with the bits of those.
  var exceptions: [UInt32: UInt32] {
    switch self {
    case .current: [:]
    case .nine: Self.exceptionsOfNine
    case .sixteen: Self.exceptionsOfSixteen
    case .eight: Self.exceptionsOfEight
    }
  }

  private static func table(_ scalars: [String: [UInt32]]) -> [UInt32: UInt32] {
    var table: [UInt32: UInt32] = [:]
    for (category, values) in scalars {
      for value in values { table[value] = CategoryMask.named(category) }
    }
    return table
  }

  private static let exceptionsOfSixteen = table(["Lo": [0x295]])
  private static let exceptionsOfNine = table(["Mc": [0x1CF2, 0x1CF3], "Po": [0x111C9]])
  private static let exceptionsOfEight = table([
    "Lo": [0x1885, 0x1886], "Mc": [0xA9BD, 0x1171E], "Mn": [0x1734], "Po": [0x166D, 0x111C9],
  ])
}

/// General categories as bits.
enum CategoryMask {
  private static let order = [
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf",
    "Po",
    "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn",
  ]

  /// Categories that Unicode counts to words besides letters.
  static let wordParts: UInt32 = (named("M") ?? 0) | (named("Nd") ?? 0) | (named("Pc") ?? 0)
  /// What has no category.
  static let unassigned: UInt32 = named("Cn") ?? 0
  /// All combining marks.
  static let marks: UInt32 = named("M") ?? 0

  /// The bits of a category (`Lu`) or of a group of them (`L`); nil for other names.
  static func named(_ name: String) -> UInt32? {
    var mask: UInt32 = 0
    for (bit, category) in order.enumerated() where category == name || String(category.prefix(1)) == name {
      mask |= 1 << UInt32(bit)
    }
    return mask == 0 ? nil : mask
  }

  /// The bit of the category of one scalar; scalars newer than the edition have none yet.
  static func of(_ scalar: Unicode.Scalar, in edition: UnicodeEdition = .sixteen) -> UInt32 {
    // Nothing below has changed, or come since.
    if scalar.value < 0x295 { return current(scalar) }
    if let category = edition.exceptions[scalar.value] { return category }
    return edition.lacks(scalar) ? unassigned : current(scalar)
  }

  private static func current(_ scalar: Unicode.Scalar) -> UInt32 {
    let bit: UInt32 =
      switch scalar.properties.generalCategory {
      case .uppercaseLetter: 0
      case .lowercaseLetter: 1
      case .titlecaseLetter: 2
      case .modifierLetter: 3
      case .otherLetter: 4
      case .nonspacingMark: 5
      case .spacingMark: 6
      case .enclosingMark: 7
      case .decimalNumber: 8
      case .letterNumber: 9
      case .otherNumber: 10
      case .connectorPunctuation: 11
      case .dashPunctuation: 12
      case .openPunctuation: 13
      case .closePunctuation: 14
      case .initialPunctuation: 15
      case .finalPunctuation: 16
      case .otherPunctuation: 17
      case .mathSymbol: 18
      case .currencySymbol: 19
      case .modifierSymbol: 20
      case .otherSymbol: 21
      case .spaceSeparator: 22
      case .lineSeparator: 23
      case .paragraphSeparator: 24
      case .control: 25
      case .format: 26
      case .surrogate: 27
      case .privateUse: 28
      case .unassigned: 29
      @unknown default: 29
      }
    return 1 << bit
  }
}
