// Hashes of files are remembered only for as long as nobody touched them.

import Digests
import Foundation
import Testing

@testable import ReferenceCache

@Suite struct RememberedHashesTests {
  @Test func `a file is hashed once and again when it was touched`() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/weights"
    let hashes = RememberedHashes(in: scratch.path, settlingSeconds: -1)
    try Data("first".utf8).write(to: URL(filePath: path))
    let date = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    #expect(try hashes.hash(of: path) == SHA256.hexadecimal("first"))
    // What is remembered is what is answered: a note that was changed is believed.
    let note = try #require(FileManager.default.contentsOfDirectory(atPath: scratch.path + "/hashes").first)
    let notePath = scratch.path + "/hashes/" + note
    let text = try String(contentsOfFile: notePath, encoding: .utf8)
    let believed = String(repeating: "5", count: 64)
    try text.replacing(SHA256.hexadecimal("first"), with: believed).write(
      toFile: notePath, atomically: true, encoding: .utf8)
    #expect(try hashes.hash(of: path) == believed)
    // Same size, same inode, same time of modification: the time of change tells.
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.write(contentsOf: Data("other".utf8))
    try file.close()
    try FileManager.default.setAttributes([.modificationDate: try #require(date)], ofItemAtPath: path)
    #expect(try hashes.hash(of: path) == SHA256.hexadecimal("other"))
  }

  @Test func `a file that was just written is not remembered`() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/weights"
    try Data("first".utf8).write(to: URL(filePath: path))
    #expect(try RememberedHashes(in: scratch.path).hash(of: path) == SHA256.hexadecimal("first"))
    #expect(!FileManager.default.fileExists(atPath: scratch.path + "/hashes"))
  }

  @Test(arguments: ["", "garbage", "1\n2\n3\n4\n"]) func `a damaged note is written anew`(_ text: String)
    throws
  {
    let scratch = try Scratch()
    let path = scratch.path + "/weights"
    try Data("first".utf8).write(to: URL(filePath: path))
    let hashes = RememberedHashes(in: scratch.path, settlingSeconds: -1)
    _ = try hashes.hash(of: path)
    let note = try #require(FileManager.default.contentsOfDirectory(atPath: scratch.path + "/hashes").first)
    try Data(text.utf8).write(to: URL(filePath: scratch.path + "/hashes/" + note))
    #expect(try hashes.hash(of: path) == SHA256.hexadecimal("first"))
    #expect(try Data(contentsOf: URL(filePath: scratch.path + "/hashes/" + note)) != Data(text.utf8))
  }

  @Test func `where nothing can be kept, files are hashed`() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/weights"
    try Data("first".utf8).write(to: URL(filePath: path))
    for root in [nil, path, "/proc/nowhere"] {
      #expect(
        try RememberedHashes(in: root, settlingSeconds: -1).hash(of: path) == SHA256.hexadecimal("first"))
    }
  }

  @Test(arguments: [
    (["PREFER_CACHE": "/a/"], "/a"), (["PREFER_CACHE": "b", "HOME": "/h"], "b"),
    (["XDG_CACHE_HOME": "/x", "HOME": "/h"], "/x/prefer"),
    (["XDG_CACHE_HOME": "relative", "HOME": "/h"], "/h/.cache/prefer"), (["HOME": "/h"], "/h/.cache/prefer"),
  ])
  func `the folder is where the environment says`(_ environment: [String: String], _ path: String) {
    #expect(CacheFolder.path(environment) == path)
    #expect(CacheFolder.path([:]) == nil)
  }
}
