// Numbers as bytes, lowest first, and a checksum over them.

extension [UInt8] {
  /// Appends a number, its lowest byte first.
  mutating func append(_ number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }

  /// The 64-bit number whose lowest byte is at `offset`.
  ///
  /// - Precondition: there are eight bytes.
  func word(at offset: Int) -> UInt64 {
    precondition(offset >= 0 && offset + 8 <= count, "no eight bytes at \(offset) of \(count)")
    return withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
  }

  /// A sum over `range` that torn, shifted or changed bytes do not keep.
  ///
  /// - Precondition: the range holds whole 64-bit words.
  func checksum(_ range: Range<Int>) -> UInt64 {
    var sum = 0x9E37_79B9_7F4A_7C15 ^ UInt64(range.count)
    for offset in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
      sum = (sum ^ word(at: offset)) &* 0xFF51_AFD7_ED55_8CCD
      sum ^= sum >> 32
    }
    return sum
  }
}
