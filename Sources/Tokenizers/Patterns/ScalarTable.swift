// What split patterns ask of a scalar, looked up once for the two planes that texts are made of.

/// One byte for each scalar below U+20000: its category, and whether it is white space or part of a word.
enum ScalarTable {
  private static let size: UInt32 = 0x20000
  private static let space: UInt8 = 0x20
  private static let word: UInt8 = 0x40

  private static let entries: [UInt8] = (0..<size).map { Unicode.Scalar($0).map(entry(of:)) ?? 0 }

  private static func entry(of scalar: Unicode.Scalar) -> UInt8 {
    let category = CategoryMask.of(scalar)
    var entry = UInt8(category.trailingZeroBitCount)
    if scalar.properties.isWhitespace { entry |= space }
    // Nothing without a category is a word, whatever later editions say.
    if category & CategoryMask.wordParts != 0
      || category & CategoryMask.unassigned == 0 && scalar.properties.isAlphabetic
    {
      entry |= word
    }
    return entry
  }

  /// What the table says of a scalar.
  struct Facts {
    fileprivate let entry: UInt8

    /// The bit of its category, in the edition of split patterns.
    var category: UInt32 { 1 << UInt32(entry & 0x1F) }
    /// Whether it is white space.
    var isSpace: Bool { entry & ScalarTable.space != 0 }
    /// Whether it is part of a word: a letter, mark, decimal digit or connector.
    var isWord: Bool { entry & ScalarTable.word != 0 }
  }

  /// The facts about a scalar.
  static func facts(of scalar: Unicode.Scalar) -> Facts {
    Facts(entry: scalar.value < size ? entries[Int(scalar.value)] : entry(of: scalar))
  }
}
