// Shared libraries that are no plugins of this program: each refused with its own sentence, and exit code 7.

import BuiltinLosses
import Foundation
import PluginLoading
import PreferenceCore
import Testing

@testable import prefer

@Suite struct PluginLibraryTests {
  /// A library in C that says what it is told to say; a plugin's own handshake unless told otherwise.
  static func library(_ defines: [String: String], in scratch: Scratch, code: String = handshake) throws
    -> String
  {
    let source = try scratch.write("library.c", code)
    let path = scratch.path("library.so")
    let clang = Process()
    clang.executableURL = URL(filePath: "/usr/bin/env")
    let include = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/CPluginHandshake/include").path
    let host = PluginDescription.host
    let usual = [
      "MAGIC": "PREFER_PLUGIN_MAGIC", "ABI": "PREFER_PLUGIN_ABI", "TOOLCHAIN": "\"\(host.toolchain)\"",
      "CORE": "\"\(host.core)\"", "LAYOUT": "\(host.layout)ull", "PROBE": "$sSiN",
    ]
    clang.arguments =
      ["clang", "-shared", "-fPIC", "-I", include, "-o", path, source]
      + usual.merging(defines) { $1 }.map { "-D\($0)=\($1)" }
    try clang.run()
    clang.waitUntilExit()
    try #require(clang.terminationStatus == 0, "clang could not build the library")
    return path
  }

  /// `$sSiN` is the metadata of `Int`, which brings no losses.
  static let handshake = """
    #include "CPluginHandshake.h"
    #define TEXT(x) TEXT_OF(x)
    #define TEXT_OF(x) #x
    extern const char probed __asm__(TEXT(PROBE));
    prefer_plugin_handshake prefer_plugin_handshake_v1(void) {
      prefer_plugin_handshake said = {MAGIC, ABI, TOOLCHAIN, CORE, "acme", "1.0", LAYOUT, &probed};
      return said;
    }
    """

  static let refusals: [(defines: [String: String], sentence: String)] = [
    (["MAGIC": "1"], "is a shared library but no plugin: it has no prefer_plugin_handshake_v1; "),
    (["ABI": "2"], "introduces itself in version 2 of the handshake, this program reads version 1; "),
    (
      ["TOOLCHAIN": "\"Swift 5\""],
      "was built by another toolchain, Swift 5, and this program by \(PluginDescription.host.toolchain); "
    ),
    (["CORE": "\"0.0.1\""], "was built against PreferenceCore 0.0.1, and this program has 0.1.0; "),
    (
      ["LAYOUT": "7"],
      "was built against another state of PreferenceCore 0.1.0, whose values have other sizes; "
    ),
    ([:], "carries a copy of PreferenceCore, whose losses are none to this program; "),
  ]

  @Test(arguments: refusals)
  func `a library that does not fit is refused`(_ defines: [String: String], _ sentence: String) throws {
    let scratch = try Scratch()
    let path = try Self.library(defines, in: scratch)
    var registry = LossRegistry.builtin
    let error = #expect(throws: PluginLoadingError.self) { try registry.load(library: path) }
    #expect(error?.description.hasPrefix("'\(path)' \(sentence)") == true, "\(error?.description ?? "")")
    #expect(registry.entries.keys == LossRegistry.builtin.entries.keys)
    let outcome = try Shell.prefer("losses", "--plugin", path)
    #expect(outcome.code == 7 && outcome.output.isEmpty)
    #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
  }

  @Test func `a library that is no plugin is refused`() throws {
    let scratch = try Scratch()
    let path = try Self.library([:], in: scratch, code: "int one(void) { return 1; }")
    let outcome = try Shell.prefer("verify", path)
    #expect(outcome.code == 7)
    #expect(outcome.errors.contains("no plugin: it has no prefer_plugin_handshake_v1"), "\(outcome.errors)")
  }

  @Test func `a file that is no library is refused`() throws {
    let scratch = try Scratch()
    let text = try scratch.write(
      "library.so", "not a library, but long enough to be looked at: " + String(repeating: ".", count: 99))
    let outcome = try Shell.prefer("explain", "dpo", "--plugin", text)
    #expect(outcome.code == 7)
    #expect(outcome.errors.contains("cannot be opened as a shared library: "), "\(outcome.errors)")
    let missing = try RefusalTests.train("plugins: ['\(scratch.path("nowhere.so"))']", in: scratch)
    #expect(missing.code == 7)
    #expect(
      missing.errors.contains("nowhere.so'; build it with 'swift build -c release'"), "\(missing.errors)")
  }

  /// The program exports its symbols, so that a library can name one of its own plugins.
  @Test func `names that are taken are refused`() throws {
    let scratch = try Scratch()
    let path = try Self.library(["PROBE": "$s9DPOLosses9DPOPluginON"], in: scratch)
    let outcome = try Shell.prefer("losses", "--plugin", path)
    #expect(outcome.code == 7)
    #expect(
      outcome.errors.contains("' is brought by 'dpo' and again by 'dpo'"),
      "\(outcome.errors)")
  }

  @Test func `the core has one version`() { #expect(PluginDescription.host.core == Prefer.version) }
}
