// Sets of Unicode scalars, as the character classes of split patterns name them.

/// A set of scalars: ranges, general categories, white space and other sets, perhaps negated.
///
/// Membership of ASCII is a bit; the rest is asked of the Unicode tables of the Swift runtime.
struct ScalarSet: Sendable, Equatable {
  private(set) var ranges: [ClosedRange<UInt32>] = []
  private(set) var categories: UInt32 = 0
  private(set) var hasSpace = false
  private(set) var hasWord = false
  private(set) var nested: [ScalarSet] = []
  private(set) var isNegated = false
  private var lowASCII: UInt64 = 0
  private var highASCII: UInt64 = 0

  /// The empty set.
  init() {}

  /// A set of single scalars.
  init(_ scalars: Unicode.Scalar...) {
    for scalar in scalars { insert(scalar...scalar) }
  }

  /// White space as Unicode defines it, which is what `\s` means to Oniguruma.
  static var space: ScalarSet { ScalarSet { $0.hasSpace = true } }
  /// Letters, marks, decimal digits and connectors: `\w`.
  static var word: ScalarSet { ScalarSet { $0.hasWord = true } }
  /// Everything.
  static var all: ScalarSet { ScalarSet().negated }

  /// The scalars of a general category such as `L` or `Nd`; nil when there is no such category.
  init?(category name: String) {
    guard let mask = CategoryMask.named(name) else { return nil }
    self.init { $0.categories = mask }
  }

  private init(_ build: (inout ScalarSet) -> Void) {
    build(&self)
    settle()
  }

  /// Everything else.
  var negated: ScalarSet {
    ScalarSet { result in
      if isNegated || nested.isEmpty {
        result = self
        result.isNegated.toggle()
      } else {
        result.nested = [self]
        result.isNegated = true
      }
    }
  }

  /// Adds a range of scalars.
  mutating func insert(_ range: ClosedRange<Unicode.Scalar>) {
    ranges.append(range.lowerBound.value...range.upperBound.value)
    settle()
  }

  /// Adds a whole set.
  mutating func insert(_ other: ScalarSet) {
    nested.append(other)
    settle()
  }

  /// Whether the scalar is in the set.
  @inline(__always) func contains(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 64 { return lowASCII >> UInt64(scalar.value) & 1 == 1 }
    if scalar.value < 128 { return highASCII >> UInt64(scalar.value - 64) & 1 == 1 }
    return evaluate(scalar)
  }

  private func evaluate(_ scalar: Unicode.Scalar) -> Bool {
    if categories != 0, categories & CategoryMask.of(scalar) != 0 { return !isNegated }
    if hasSpace, scalar.properties.isWhitespace { return !isNegated }
    if hasWord, Self.isWord(scalar) { return !isNegated }
    for range in ranges where range.contains(scalar.value) { return !isNegated }
    for set in nested where set.contains(scalar) { return !isNegated }
    return isNegated
  }

  private mutating func settle() {
    lowASCII = 0
    highASCII = 0
    for value in UInt8(0)..<128 where evaluate(Unicode.Scalar(value)) {
      if value < 64 { lowASCII |= 1 << UInt64(value) } else { highASCII |= 1 << UInt64(value - 64) }
    }
  }

  /// Whether a scalar belongs to a word: letters, marks, decimal digits, connectors.
  static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || CategoryMask.of(scalar) & CategoryMask.wordParts != 0
  }
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

  /// The version of Unicode that the reference implementation's Oniguruma knows.
  private static let newest: Unicode.Version = (major: 16, minor: 0)

  /// The bit of the category of one scalar; scalars newer than the reference implementation have none yet.
  static func of(_ scalar: Unicode.Scalar) -> UInt32 {
    // Nothing below has been added since Unicode 14.
    if scalar.value >= 0x860, let age = scalar.properties.age, age > newest { return 1 << 29 }
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
