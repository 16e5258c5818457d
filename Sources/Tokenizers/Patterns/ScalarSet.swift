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
  /// What `\w` outside brackets means to Oniguruma: words, and by its table of Latin-1 the superscripts and fractions.
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
    if !isNegated, !other.isNegated, edition == other.edition {
      ranges += other.ranges
      categories |= other.categories
      hasSpace = hasSpace || other.hasSpace
      hasWord = hasWord || other.hasWord
      nested += other.nested
    } else {
      nested.append(other)
    }
    settle()
  }

  /// Whether the scalar is in the set.
  @inline(__always) func contains(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 64 { return lowASCII >> UInt64(scalar.value) & 1 == 1 }
    if scalar.value < 128 { return highASCII >> UInt64(scalar.value - 64) & 1 == 1 }
    return evaluate(scalar)
  }

  /// The members below U+0080, as bits.
  var asciiMembers: (low: UInt64, high: UInt64) { (lowASCII, highASCII) }

  /// Whether the scalar is in the set, without the table of ASCII.
  func evaluate(_ scalar: Unicode.Scalar) -> Bool {
    if categories != 0 || hasSpace || hasWord {
      let facts = ScalarTable.facts(of: scalar)
      let category = edition == .sixteen ? facts.category : CategoryMask.of(scalar, in: edition)
      if categories & category != 0 || hasSpace && facts.isSpace || hasWord && facts.isWord {
        return !isNegated
      }
    }
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
}
