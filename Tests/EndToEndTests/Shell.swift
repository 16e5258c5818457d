// Runs the built `prefer` as a process, the way people do.

import Foundation
import Testing

/// What a process left behind.
struct Outcome: Sendable {
  let code: Int32
  let output: String
  let errors: String
}

/// The built command line, found next to the tests.
enum Shell {
  /// The executable, in the folder where the tests were built.
  static let executable: URL? = {
    let own = [Bundle.main.executableURL, URL(filePath: CommandLine.arguments[0])].compactMap { $0 }
    let bundles = Bundle.allBundles.map(\.bundleURL).filter { $0.pathExtension == "xctest" }
    return (own + bundles).map { $0.deletingLastPathComponent().appending(path: "prefer") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }()

  /// Runs `prefer` and waits for it.
  @discardableResult
  static func prefer(_ arguments: String..., input: String? = nil, environment: [String: String] = [:]) throws
    -> Outcome
  {
    try prefer(arguments, input: input, environment: environment)
  }

  /// Runs `prefer` and waits for it.
  static func prefer(_ arguments: [String], input: String? = nil, environment: [String: String] = [:]) throws
    -> Outcome
  {
    let running = try Running(arguments, input: input, environment: environment)
    return try running.wait()
  }
}

/// A `prefer` that is still at work; its output goes to files, so that no pipe fills up.
final class Running {
  let process = Process()
  private let folder: Scratch
  private let (outputPath, errorPath): (String, String)

  init(_ arguments: [String], input: String? = nil, environment: [String: String] = [:]) throws {
    folder = try Scratch()
    (outputPath, errorPath) = (folder.path("out"), folder.path("err"))
    let executable: URL = try #require(Shell.executable, "prefer is not built next to the tests")
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      // A cache of its own for each, unless a test shares one.
      ["NO_COLOR": "1", "PREFER_CACHE": folder.path("cache")].merging(environment) { $1 }
    ) { $1 }
    let inputPath = folder.path("in")
    for path in [outputPath, errorPath] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    _ = FileManager.default.createFile(atPath: inputPath, contents: Data((input ?? "").utf8))
    process.standardInput = FileHandle(forReadingAtPath: inputPath)
    process.standardOutput = FileHandle(forWritingAtPath: outputPath)
    process.standardError = FileHandle(forWritingAtPath: errorPath)
    try process.run()
  }

  /// Everything on standard error so far.
  var errors: String { (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "" }

  /// Waits for the end.
  func wait() throws -> Outcome {
    process.waitUntilExit()
    let signal = process.terminationReason == .uncaughtSignal
    return Outcome(
      code: signal ? 128 + process.terminationStatus : process.terminationStatus,
      output: try String(contentsOfFile: outputPath, encoding: .utf8), errors: errors)
  }
}

/// A folder that goes away with its owner.
final class Scratch {
  let root: URL

  init() throws {
    root = FileManager.default.temporaryDirectory.appending(path: "prefer-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  /// A path inside.
  func path(_ name: String) -> String { root.appending(path: name).path }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    let place = root.appending(path: name)
    try FileManager.default.createDirectory(
      at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: place)
    return place.path
  }

  /// Copies a fixture in and returns its path.
  func copy(_ fixture: String, as name: String) throws -> String {
    try FileManager.default.copyItem(atPath: Fixtures.path(fixture), toPath: path(name))
    return path(name)
  }
}

/// The files that tests read.
enum Fixtures {
  /// Keeps what runs within the tests' own process cache out of the user's folder.
  static let cache: String = {
    let path = FileManager.default.temporaryDirectory.appending(path: "prefer-cache-\(getpid())").path
    setenv("PREFER_CACHE", path, 1)
    return path
  }()

  /// Where `name` stands in `Tests/Fixtures`.
  static func path(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures").appending(path: name).path
  }
}
