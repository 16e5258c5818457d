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
  /// The edition of Unicode that the categories are of.
  private(set) var edition = UnicodeEdition.sixteen
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
  /// Letters, marks, decimal digits and connectors.
  static var word: ScalarSet { ScalarSet { $0.hasWord = true } }
  /// What `\w` means to Oniguruma: words, and by its table of Latin-1 the superscripts and fractions there.
  static var patternWord: ScalarSet {
    var set = word
    for range: ClosedRange<Unicode.Scalar> in ["\u{B2}"..."\u{B3}", "\u{B9}"..."\u{B9}", "\u{BC}"..."\u{BE}"]
    {
      set.insert(range)
    }
    return set
  }
  /// Everything.
  static var all: ScalarSet { ScalarSet().negated }

  /// The scalars of a general category such as `L` or `Nd`; nil when there is no such category.
  init?(category name: String, in edition: UnicodeEdition = .sixteen) {
    guard let mask = CategoryMask.named(name) else { return nil }
    self.init {
      $0.categories = mask
      $0.edition = edition
    }
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
    if categories != 0, categories & CategoryMask.of(scalar, in: edition) != 0 { return !isNegated }
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
    let category = CategoryMask.of(scalar)
    if category & CategoryMask.unassigned != 0 { return false }
    return category & CategoryMask.wordParts != 0 || scalar.properties.isAlphabetic
  }
}
