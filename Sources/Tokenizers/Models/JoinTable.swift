// Between which characters no merge reaches, so that a long text falls into short stretches.

/// The pairs of characters that some merge brings together, as bits under a hash.
///
/// A merge joins two entries where the last character of the left one stands before the first of the right one.
/// Characters that no merge has so stay apart whatever happens around them: a text can be cut there, and each
/// stretch encoded on its own gives the same ids. Pairs that share a bit with others are joined needlessly.
struct JoinTable: Sendable {
  private var bits = [UInt64](repeating: 0, count: 1 << 14)

  /// Lets two characters come together.
  mutating func insert(_ left: Unicode.Scalar, _ right: Unicode.Scalar) {
    let place = Self.place(left, right)
    bits[place >> 6] |= 1 << UInt64(place & 63)
  }

  /// Whether two characters may come together.
  @inline(__always) func joins(_ left: Unicode.Scalar, _ right: Unicode.Scalar) -> Bool {
    let place = Self.place(left, right)
    return bits[place >> 6] >> UInt64(place & 63) & 1 == 1
  }

  private static func place(_ left: Unicode.Scalar, _ right: Unicode.Scalar) -> Int {
    let mixed = (UInt64(left.value) << 21 | UInt64(right.value)) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed >> 44)
  }
}
