// The losses that a command knows: the built-in ones, and those that people bring along.

import BuiltinLosses
import CommandLineTool
import Configuration
import Foundation
import PluginLoading
import PreferenceCore

/// Where commands look losses up.
enum LossCatalogue {
  /// What every command that names losses takes.
  static let options = [
    Option("plugin", "LIBRARY", isRepeatable: true, "A shared library with losses; see 'prefer plugin'."),
    Option(
      "losses", "FILE", isRepeatable: true,
      "Names for losses of your own: a JSON5 object {name: expression}."),
  ]

  /// The built-in losses and what the command line adds to them; `plugins` are libraries that a run file names.
  ///
  /// - Throws: `PluginLoadingError` for a library, `RunFileError` with every mistake of a file of definitions.
  static func registry(_ call: Invocation, plugins: [String] = []) throws -> LossRegistry {
    var registry = LossRegistry.builtin
    var loaded: Set<String> = []
    for path in call.values("plugin") + plugins {
      // The same library may stand on the command line and in the run file.
      let place = URL(filePath: path).resolvingSymlinksInPath().path
      if loaded.insert(place).inserted { try registry.load(library: path) }
    }
    for path in call.values("losses") {
      registry = try registry.defining(try definitions(inFile: path), from: path)
    }
    return registry
  }

  /// The names and expressions of a JSON5 file.
  ///
  /// - Throws: `RunFileError` when it cannot be read or is not an object of expressions.
  static func definitions(inFile path: String) throws(RunFileError) -> [String: Literal] {
    var definitions: [String: Literal] = [:]
    for member in try ObjectFile.losses.members(inFile: path) {
      do throws(HyperparameterError) {
        definitions[member.key] = try RunFile.literal(member.value, for: "loss")
      } catch {
        throw RunFileError(["'\(member.key)' \(error.problem)"], path: path)
      }
    }
    return definitions
  }
}
