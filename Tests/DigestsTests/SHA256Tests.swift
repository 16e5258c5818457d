// SHA-256 against the standard's examples and `sha256sum`.

import Digests
import Testing

@Suite struct SHA256Tests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (String(repeating: "a", count: 1000), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"),
    (String(repeating: "x", count: 55), "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072"),
    (String(repeating: "x", count: 56), "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e"),
    (String(repeating: "x", count: 63), "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2"),
    (String(repeating: "x", count: 64), "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c"),
    (String(repeating: "x", count: 119), "000b48d4edf0fa7bee3c6236ecd2785baa5db4eeb8bb54341b029e0d9fa5fb0c"),
    (String(repeating: "x", count: 120), "13f05a0b594787f5ecd315edc96141bd3243203d1b7d4f0836f37308b276ba98"),
  ])
  func `hashes`(_ text: String, _ digits: String) throws {
    #expect(SHA256.hexadecimal(text) == digits)
    var pieces = SHA256()
    for byte in text.utf8 { pieces.add([byte]) }
    #expect(pieces.finish() == digits)
  }

  @Test(arguments: [0, 1, 63, 64, 65, 128, 1000, 4096, 4099])
  func `the processor's instructions give what loops give`(_ count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 131 ^ ($0 >> 3)) }
    for piece in [count + 1, 7, 64, 100] {
      var (fast, slow) = (SHA256(), SHA256(usesInstructions: false))
      for start in stride(from: 0, to: count, by: piece) {
        fast.add(bytes[start..<min(start + piece, count)])
        slow.add(bytes[start..<min(start + piece, count)])
      }
      #expect(fast.finishWords() == slow.finishWords())
    }
  }
}
