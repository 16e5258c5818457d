// The registry as `prefer losses` shows it.

import Configuration
import PreferenceCore

/// Every registered loss, for people and for machines.
struct LossListing {
  private let entries: [(name: String, entry: ComponentRegistry<any PreferenceLoss>.Entry)]

  /// - Parameter registry: whose losses are listed, by name.
  init(_ registry: LossRegistry) {
    entries = registry.entries.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// A block of lines for each loss.
  var text: String {
    entries.map { name, entry in
      let head = Style.bold(Numbers.padded(name, 16)) + " " + entry.card.summary
      let formula = "  \(entry.card.formula)   [\(entry.card.source)]"
      let keys = entry.hyperparameters.map { field in
        "    " + Numbers.padded("\(field.name)=\(field.default)", 22) + " "
          + Numbers.padded(field.type + (field.range.isEmpty ? "" : " " + field.range), 22) + " "
          + field.documentation
      }
      return ([head, formula] + keys).joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  /// The same as a tree.
  var json: JSONValue {
    .array(
      entries.map { name, entry in
        .object([
          JSONMember("name", .string(name)), JSONMember("summary", .string(entry.card.summary)),
          JSONMember("formula", .string(entry.card.formula)),
          JSONMember("source", .string(entry.card.source)),
          JSONMember("departures", .array(entry.card.departures.map { .string($0) })),
          JSONMember("plugin", .string(entry.origin)),
          JSONMember("trl", TRLObjective.name(of: name).map { .string($0) } ?? .null),
          JSONMember(
            "hyperparameters",
            .array(
              entry.hyperparameters.map { field in
                .object([
                  JSONMember("name", .string(field.name)), JSONMember("type", .string(field.type)),
                  JSONMember("default", Self.value(field.default)), JSONMember("range", .string(field.range)),
                  JSONMember("documentation", .string(field.documentation)),
                ])
              })),
        ])
      })
  }

  /// A default as JSON spells it.
  private static func value(_ literal: Literal) -> JSONValue {
    switch literal {
    case .number(let number): .number(number)
    case .word("true"): true
    case .word("false"): false
    case .word(let word): .string(word)
    case .list(let items): .array(items.map(value))
    case .component(let expression): .string(expression.description)
    }
  }
}
