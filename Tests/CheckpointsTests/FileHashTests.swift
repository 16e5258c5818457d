// Hashes of files on disk.

import Checkpoints
import Digests
import Foundation
import Testing

@Suite struct FileHashTests {
  @Test(arguments: [0, 3, 1 << 20, 1 << 20 + 17]) func `a file hashes as its bytes do`(_ count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let folder = try TemporaryFolder()
    try Data(bytes).write(to: URL(fileURLWithPath: folder.path + "/file"))
    #expect(try SHA256.ofFile(folder.path + "/file") == SHA256.hexadecimal(bytes))
  }

  @Test func `a missing file is said to be missing`() {
    var message = ""
    do { _ = try SHA256.ofFile("/nowhere/file") } catch { message = "\(error)" }
    #expect(message == "'/nowhere/file' cannot be read; check that it is there and what its permissions are")
  }
}
