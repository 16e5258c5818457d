// `prefer plugin new`: a package of losses that lives outside this one.

import CommandLineTool
import Foundation

/// Writes packages whose libraries bring losses.
enum PluginCommand {
  static let command = Command(
    "plugin", "Writes a package with a loss of your own, its test and how to load it: plugin new NAME.",
    arguments: [
      Operand("new", .required, "What to do; there is only 'new'."),
      Operand("NAME", .required, "Lower-case letters, digits and hyphens, such as acme."),
    ],
    options: [
      Option("output", "DIR", "The folder to write; NAME unless given."),
      Option(
        "path", "DIR", "A checkout of Prefer to build against; the one this program is from, unless given."),
      Option("url", "URL", "Where to fetch Prefer from instead."),
      Option("branch", "NAME", "With --url: the branch; main unless given."),
    ],
    discussion: "Build and load it:\n\n"
      + "  cd acme && swift test && swift build -c release\n"
      + "  prefer verify .build/release/libAcme.so\n"
      + "  prefer quickstart --plugin .build/release/libAcme.so --loss acme-cauchy")

  static func run(_ call: Invocation) throws -> ExitCode {
    guard call.word("new") == "new" else {
      throw UsageError("'plugin' does not know '\(call.word("new") ?? "")'; it is 'plugin new NAME'")
    }
    let package = try PluginPackage(named: call.word("NAME") ?? "", from: try requirement(call))
    let folder = call.value("output") ?? package.name
    if let there = try? FileManager.default.contentsOfDirectory(atPath: folder), !there.isEmpty {
      throw CommandFailure(.usage, "'\(folder)' is not empty; name another folder with --output")
    }
    for (path, text) in package.files {
      let file = URL(filePath: folder).appending(path: path)
      do {
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      } catch {
        throw CommandFailure(.failure, "'\(folder)' cannot be made: \(error.localizedDescription)")
      }
      try OutputFile.write(text, to: file.path)
    }
    Console.output(package.files.map { folder + "/" + $0.path }.joined(separator: "\n"))
    Console.note("next: cd \(folder) && swift test, then swift build -c release; README.md says more")
    return .success
  }

  /// Where the package gets Prefer from.
  private static func requirement(_ call: Invocation) throws -> PluginPackage.Origin {
    if let url = call.value("url") {
      guard call.value("path") == nil else {
        throw UsageError("--path and --url exclude each other; keep one")
      }
      return .url(url, branch: call.value("branch") ?? "main")
    }
    guard call.value("branch") == nil else { throw UsageError("--branch is read only with --url URL") }
    let path = URL(filePath: call.value("path") ?? Self.checkout).standardizedFileURL.path
    guard FileManager.default.fileExists(atPath: path + "/Sources/PluginInterface") else {
      throw CommandFailure(
        .usage, "'\(path)' is no checkout of Prefer; name one with --path, or a repository with --url")
    }
    return .path(path)
  }

  /// The package that this program was built from.
  private static let checkout = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
}
