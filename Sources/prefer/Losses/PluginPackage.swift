// The files of a package that brings a loss: what `prefer plugin new` writes.

import CommandLineTool
import Foundation
import PreferenceCore

/// A package of losses, as text.
struct PluginPackage: Sendable {
  /// Where the package gets Prefer from.
  enum Origin: Sendable {
    case path(String)
    case url(String, branch: String)
  }

  /// The name as given: `acme`, `our-losses`.
  let name: String
  private let origin: Origin

  /// A package called `name`.
  ///
  /// - Throws: `UsageError` where no loss could begin with that name.
  init(named name: String, from origin: Origin) throws(UsageError) {
    guard LossRegistry.isName(name), name.last != "-" else {
      throw UsageError("'\(name)' is not a name: use lower-case letters, digits and hyphens")
    }
    (self.name, self.origin) = (name, origin)
  }

  /// The name as types begin: `Acme`, `OurLosses`.
  private var type: String {
    name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  private var module: String { type.hasSuffix("Losses") ? type + "Module" : type + "Losses" }
  private var loss: String { name + "-cauchy" }

  /// Every file with its place in the package.
  var files: [(path: String, text: String)] {
    [
      ("Package.swift", manifest), ("Sources/\(module)/\(type)Cauchy.swift", lossFile),
      ("Sources/\(module)/\(type)Plugin.swift", pluginFile),
      ("Tests/\(module)Tests/\(type)CauchyTests.swift", testFile), ("README.md", readme),
      (".gitignore", ".build/\nPackage.resolved\n"),
    ]
  }

  private var dependency: (line: String, identity: String) {
    switch origin {
    case .path(let path):
      (".package(path: \"\(path)\")", URL(filePath: path).lastPathComponent)
    case .url(let url, let branch):
      (
        ".package(url: \"\(url)\", branch: \"\(branch)\")",
        URL(filePath: url).deletingPathExtension().lastPathComponent
      )
    }
  }

  private var manifest: String {
    """
    // swift-tools-version:6.2
    import PackageDescription

    // One dynamic product with all that a loss and its tests need. It must stay dynamic: a library that carries a copy
    // of the core is refused when it is loaded.
    let prefer = Target.Dependency.product(name: "PreferencePlugin", package: "\(dependency.identity)")

    let package = Package(
      name: "\(name)",
      platforms: [.macOS(.v26)],
      products: [.library(name: "\(type)", type: .dynamic, targets: ["\(module)"])],
      dependencies: [\(dependency.line)],
      targets: [
        .target(name: "\(module)", dependencies: [prefer]),
        .testTarget(name: "\(module)Tests", dependencies: ["\(module)", prefer]),
      ])

    """
  }

  private var lossFile: String {
    """
    // \(loss): an example to start from. Margins are drawn to a target; those far from it hardly pull.

    import PreferenceCore

    /// A logarithm of the squared distance between the scaled margin and 1.
    ///
    ///     ℓ(h) = log(1 + (1 − βh)²)
    ///
    /// - Shapes: margins `h` and losses `ℓ` are `[P]`, one scalar for each pair; `h` in nats.
    public struct \(type)Cauchy: MarginLoss {
      public static let card = LossCard(
        "\(loss)", "Draws the margin to 1/β, and forgives pairs that are far from it.",
        formula: "log(1 + (1 − βh)²)", source: "an example of 'prefer plugin new'")

      public static let hyperparameters: Schema<Self> = [
        Field("beta", \\.beta, .positive, "Inverse temperature β; the margin is drawn to 1/β nats.")
      ]

      public var beta = 0.1
      public init() {}

      public var rewardScale: Double { beta }
      public var startingValue: Double? { Elementary.log(2) }

      public func loss(margin: Tensor) -> Tensor { log1p(square(1 - beta * margin)) }
    }

    """
  }

  private var pluginFile: String {
    """
    // What this library brings, and how it introduces itself.

    import PluginInterface
    import PreferenceCore

    /// The losses of this package: register each one here.
    public enum \(type)Plugin: LossPlugin {
      public static let name = "\(name)"

      public static func register(in registry: inout LossRegistry) throws(RegistryError) {
        try registry.register(\(type)Cauchy.self)
      }
    }

    /// Called when the library is loaded.
    @c(prefer_plugin_handshake_v1)
    public func handshake() -> prefer_plugin_handshake { .current(for: \(type)Plugin.self, version: "0.1.0") }

    """
  }

  private var testFile: String {
    """
    // \(loss): the laws of preference losses, alone and inside others.

    import BuiltinLosses
    import LossConformance
    import PreferenceCore
    import Testing
    import \(module)

    @Suite struct \(type)CauchyTests {
      @Test func `obeys every law`() throws { try LossConformance.verify(\(type)Cauchy.self) }

      @Test func `obeys every law inside others`() throws {
        var registry = LossRegistry.builtin
        try registry.load(\(type)Plugin.self)
        try LossConformance.verify("mallows(\(loss)) + 0.1*sft", in: registry)
      }

      @Test func `a margin of 10 nats at β 0.1 costs nothing`() {
        #expect(\(type)Cauchy().loss(margin: Tensor([10])).scalars[0] == 0)
      }
    }

    """
  }

  private var readme: String {
    """
    # \(name)

    Losses for [Prefer](\(place)). `Sources/\(module)` has one loss to start from and the list of what the library brings.

        swift test
        swift build -c release
        prefer verify .build/release/lib\(type).so
        prefer explain "\(loss)(beta=0.2)" --plugin .build/release/lib\(type).so
        prefer quickstart --loss "mallows(\(loss))" --plugin .build/release/lib\(type).so

    In a run file:

    ```json5
    plugins: [".build/release/lib\(type).so"],
    loss: "0.9*\(loss) + 0.1*sft",
    ```

    The library and `libPreferencePlugin.so` beside it belong together: keep both in one folder. It loads into a `prefer` of the same
    toolchain and the same version of Prefer; anything else is refused with a sentence that says what to rebuild. What you may rely
    on stands in Prefer's `Docs/PluginABI.md`, how to write a loss in `Docs/WritingALoss.md`.

    """
  }

  private var place: String {
    switch origin {
    case .path(let path): path
    case .url(let url, _): url
    }
  }
}
