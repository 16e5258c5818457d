// The 256 printable characters that stand for bytes in byte-level vocabularies.

/// The alphabet of byte-level byte-pair encoding.
///
/// Printable bytes of Latin-1 stand for themselves; the others take the scalars from U+0100 on, in order.
///
/// - Source: Radford et al., 2019, "Language models are unsupervised multitask learners", Section 2.2.
enum ByteAlphabet {
  /// The scalar of each byte.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (UInt8.min...UInt8.max).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(byte)
      default:
        defer { next += 1 }
        return Unicode.Scalar(next) ?? " "
      }
    }
  }()

  /// The byte of each scalar below U+0144, −1 for those that stand for none.
  private static let bytes: [Int16] = {
    var table = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar.value)] = Int16(byte) }
    return table
  }()

  /// Appends the characters that stand for the bytes of some text.
  static func append(_ text: ArraySlice<Unicode.Scalar>, to output: inout [Unicode.Scalar]) {
    for scalar in text {
      let value = scalar.value
      if value < 0x80 {
        output.append(scalars[Int(value)])
        continue
      }
      if value < 0x800 {
        output.append(scalars[Int(0xC0 | value >> 6)])
      } else {
        if value < 0x10000 {
          output.append(scalars[Int(0xE0 | value >> 12)])
        } else {
          output.append(scalars[Int(0xF0 | value >> 18)])
          output.append(scalars[Int(0x80 | value >> 12 & 0x3F)])
        }
        output.append(scalars[Int(0x80 | value >> 6 & 0x3F)])
      }
      output.append(scalars[Int(0x80 | value & 0x3F)])
    }
  }

  /// The byte that a scalar stands for.
  static func byte(of scalar: Unicode.Scalar) -> UInt8? {
    guard scalar.value < 0x144, case let byte = bytes[Int(scalar.value)], byte >= 0 else { return nil }
    return UInt8(byte)
  }
}
