// Losses that a run file or a file of its own gives names to.

import Configuration
import PreferenceCore

extension LossRegistry {
  /// These losses and those that `settings` defines.
  ///
  /// - Throws: `RunFileError` with every mistake.
  func defining(_ settings: RunSettings, from origin: String) throws(RunFileError) -> LossRegistry {
    var registry = self
    for path in settings.definitionFiles {
      registry = try registry.defining(try LossCatalogue.definitions(inFile: path), from: path)
    }
    return try registry.defining(settings.definitions, from: origin)
  }

  /// These losses and names for some expressions, which may use each other in any order.
  ///
  /// - Throws: `RunFileError` with every mistake.
  func defining(_ definitions: [String: Literal], from origin: String) throws(RunFileError) -> LossRegistry {
    var registry = self
    var waiting = definitions.sorted { $0.key < $1.key }
    while !waiting.isEmpty {
      var refused: [(key: String, value: Literal)] = []
      var problems: [String] = []
      for (name, literal) in waiting {
        do {
          try registry.define(name, as: try Self.expression(literal), from: origin)
        } catch {
          refused.append((name, literal))
          problems.append("'losses.\(name)': \(error)")
        }
      }
      guard refused.count < waiting.count else { throw RunFileError(problems) }
      waiting = refused
    }
    return registry
  }

  private static func expression(_ literal: Literal) throws -> Expression {
    switch literal {
    case .word(let text): try Expression(parsing: text)
    case .component(let expression): expression
    case .number, .list: throw RunFileError(["takes an expression, not '\(literal)'"])
    }
  }
}
