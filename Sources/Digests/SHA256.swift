// SHA-256: names the content of files, rows and runs in a form anybody can check with `sha256sum`.

import ProcessorFeatures

/// SHA-256, fed piece by piece.
///
/// - Source: FIPS 180-4, sections 4.1.2, 4.2.2, 5.3.3 and 6.2.2.
public struct SHA256: Sendable {
  private var state: [UInt32] = [
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
  ]
  private var schedule = [UInt32](repeating: 0, count: 64)
  private var pending: [UInt8] = []
  private var byteCount: UInt64 = 0
  private let usesInstructions: Bool

  /// Of nothing yet.
  ///
  /// - Parameter usesInstructions: whether the processor's own instructions may be used; the hash is the same.
  public init(usesInstructions: Bool = true) {
    self.usesInstructions = usesInstructions && Self.hasInstructions
  }

  /// Whether the processor computes SHA-256 itself, about ten times as fast as loops do.
  public static let hasInstructions = processor_has_sha256() != 0

  /// The hash of `bytes`, in hexadecimal.
  public static func hexadecimal(_ bytes: [UInt8]) -> String {
    var hash = SHA256()
    hash.add(bytes)
    return hash.finish()
  }

  /// The hash of a text's UTF-8 bytes, in hexadecimal.
  public static func hexadecimal(_ text: String) -> String { hexadecimal(Array(text.utf8)) }

  /// Takes in more bytes.
  public mutating func add(_ bytes: [UInt8]) { add(bytes[...]) }

  /// Takes in more bytes.
  public mutating func add(_ bytes: ArraySlice<UInt8>) {
    byteCount += UInt64(bytes.count)
    var rest = bytes
    if !pending.isEmpty {
      let taken = rest.prefix(64 - pending.count)
      pending += taken
      rest = rest.dropFirst(taken.count)
      guard pending.count == 64 else { return }
      mix(pending[...])
      pending = []
    }
    let whole = rest.prefix(rest.count / 64 * 64)
    mix(whole)
    pending += rest.dropFirst(whole.count)
  }

  /// Ends the message: 64 hexadecimal digits.
  public consuming func finish() -> String {
    finishWords().map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  /// Ends the message: the eight words of the hash, the first digits first.
  public consuming func finishWords() -> [UInt32] {
    let bits = byteCount * 8
    var tail: [UInt8] = [0x80]
    tail += [UInt8](repeating: 0, count: (119 - pending.count) % 64)
    tail += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) }
    add(tail)
    return state
  }

  /// Mixes whole blocks in.
  private mutating func mix(_ blocks: ArraySlice<UInt8>) {
    guard !blocks.isEmpty else { return }
    if usesInstructions {
      blocks.withUnsafeBufferPointer { blocks in
        processor_mix_sha256(&state, blocks.baseAddress, blocks.count / 64, Self.constants)
      }
    } else {
      for start in stride(from: blocks.startIndex, to: blocks.endIndex, by: 64) { mix(blocks, start) }
    }
  }

  private mutating func mix(_ bytes: ArraySlice<UInt8>, _ start: Int) {
    func turn(_ x: UInt32, _ n: UInt32) -> UInt32 { (x >> n) | (x << (32 - n)) }
    for t in 0..<16 {
      let at = start + 4 * t
      let high = UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16
      schedule[t] = high | UInt32(bytes[at + 2]) << 8 | UInt32(bytes[at + 3])
    }
    for t in 16..<64 {
      let (x, y) = (schedule[t - 15], schedule[t - 2])
      let a = turn(x, 7) ^ turn(x, 18) ^ (x >> 3)
      let b = turn(y, 17) ^ turn(y, 19) ^ (y >> 10)
      schedule[t] = schedule[t - 16] &+ a &+ schedule[t - 7] &+ b
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for t in 0..<64 {
      let choice = (e & f) ^ (~e & g)
      let s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)
      let first = h &+ s1 &+ choice &+ Self.constants[t] &+ schedule[t]
      let majority = (a & b) ^ (a & c) ^ (b & c)
      let s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)
      (h, g, f, e) = (g, f, e, d &+ first)
      (d, c, b, a) = (c, b, a, first &+ s0 &+ majority)
    }
    for (i, word) in [a, b, c, d, e, f, g, h].enumerated() { state[i] &+= word }
  }

  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}
