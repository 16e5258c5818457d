// What `prefer plugin new` writes. Building it takes a minute: Tests/plugin-package does.

import Foundation
import PreferenceCore
import Testing

@testable import prefer

@Suite struct PluginPackageTests {
  @Test func `names follow from one`() throws {
    let package = try PluginPackage(named: "our-losses", from: .path("/somewhere/Prefer"))
    #expect(
      package.files.map(\.path) == [
        "Package.swift", "Sources/OurLossesModule/OurLossesCauchy.swift",
        "Sources/OurLossesModule/OurLossesPlugin.swift",
        "Tests/OurLossesModuleTests/OurLossesCauchyTests.swift", "README.md", ".gitignore",
      ])
    let manifest = try #require(package.files.first?.text)
    #expect(manifest.contains("dependencies: [.package(path: \"/somewhere/Prefer\")],"))
    #expect(manifest.contains("package: \"Prefer\")"))
    #expect(package.files.contains { $0.text.contains("\"our-losses-cauchy\"") })
  }

  @Test func `a repository may stand for the checkout`() throws {
    let url = PluginPackage.Origin.url("https://example.org/prefer.git", branch: "main")
    let manifest = try #require(try PluginPackage(named: "acme", from: url).files.first?.text)
    #expect(manifest.contains(".package(url: \"https://example.org/prefer.git\", branch: \"main\")"))
    #expect(manifest.contains("package: \"prefer\")"))
  }

  @Test func `writes a package that says where the checkout is`() throws {
    let scratch = try Scratch()
    let outcome = try Shell.prefer("plugin", "new", "acme", "--output", scratch.path("acme"))
    #expect(outcome.code == 0, "\(outcome.errors)")
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().standardizedFileURL.path
    #expect(try OutputFile.read(scratch.path("acme/Package.swift")).contains(".package(path: \"\(root)\")"))
    let again = try Shell.prefer("plugin", "new", "acme", "--output", scratch.path("acme"))
    #expect(again.code == 2 && again.errors.contains("is not empty; name another folder with --output"))
  }

  @Test(arguments: [
    (["new", "Acme"], "'Acme' is not a name: use lower-case letters, digits and hyphens"),
    (["old", "acme"], "'plugin' does not know 'old'; it is 'plugin new NAME'"),
    (
      ["new", "acme", "--path", "/"],
      "'/' is no checkout of Prefer; name one with --path, or a repository with --url"
    ),
    (["new", "acme", "--branch", "main"], "--branch is read only with --url URL"),
  ])
  func `refuses`(_ arguments: [String], _ sentence: String) throws {
    let outcome = try Shell.prefer(["plugin"] + arguments)
    #expect(outcome.code == 2 && outcome.errors.contains(sentence), "\(outcome.errors)")
  }
}
