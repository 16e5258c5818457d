// A model directory's tokenizer and chat template, which are of no use without each other.

public import ChatTemplates
import Foundation
public import Tokenizers

/// The tokenizer of a model directory with the chat template that belongs to it.
public struct ModelTokenizer: Sendable {
  /// The directory.
  public let directory: String
  /// Text to tokens and back.
  public let tokenizer: Tokenizer
  /// The source of the chat template, where the model has one.
  public let templateSource: String?
  /// The tokens that end an answer: the tokenizer's end-of-sequence token and those that
  /// `generation_config.json` names.
  public let stopIDs: Set<Int32>
  /// The template of conversations.
  private(set) var template: ChatTemplate?
  /// The template of conversations with tools, where the model has one of its own.
  private(set) var toolTemplate: ChatTemplate?
  /// Whether a template asks what day it is.
  public let readsDate: Bool

  /// Loads `tokenizer.json`, `tokenizer_config.json`, and `chat_template.jinja` or the template that
  /// `tokenizer_config.json` holds.
  ///
  /// - Throws: ``DataError`` naming the file at fault.
  public init(directory: String) throws(DataError) {
    self.directory = directory
    do throws(TokenizerError) { tokenizer = try Tokenizer(directory: directory) } catch {
      throw DataError(directory, "\(error)")
    }
    let (templates, file) = try Self.templates(in: directory)
    templateSource = templates["default"]
    readsDate = templates.values.contains { $0.contains("strftime_now") }
    do throws(TemplateError) {
      let today = TemplateDate.today
      template = try templates["default"].map { text throws(TemplateError) in
        try ChatTemplate(jinja: text, date: today)
      }
      toolTemplate = try templates["tool_use"].map { text throws(TemplateError) in
        try ChatTemplate(jinja: text, date: today)
      }
    } catch { throw DataError(file, "\(error)") }
    stopIDs = Set([tokenizer.eosToken?.id].compactMap { $0 }).union(try Self.generationStops(in: directory))
  }
}

extension ModelTokenizer {
  /// The same with templates that see another day.
  public func dated(_ date: TemplateDate) -> ModelTokenizer {
    var other = self
    other.template?.date = date
    other.toolTemplate?.date = date
    return other
  }

  private static func object(_ name: String, in directory: String) throws(DataError) -> (
    JSONValue, file: String
  )? {
    let path = directory + "/" + name
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let bytes = try JSONLinesStore.bytes(of: path, named: path)
    do throws(JSONSyntaxError) { return (try JSONParser.parse(bytes, in: bytes.indices), path) } catch {
      throw DataError(path, "not JSON: \(error.problem) (byte \(error.offset))")
    }
  }

  /// The templates' texts by name, and the file they came from; `default` is the one for conversations.
  ///
  /// Those of `chat_template.jinja` and `additional_chat_templates/NAME.jinja` come before those of
  /// `tokenizer_config.json`.
  static func templates(in directory: String) throws(DataError) -> ([String: String], file: String) {
    let path = directory + "/chat_template.jinja"
    var templates: [String: String] = [:]
    if FileManager.default.fileExists(atPath: path) { templates["default"] = try text(of: path) }
    let folder = directory + "/additional_chat_templates"
    for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    where name.hasSuffix(".jinja") {
      templates[String(name.dropLast(6))] = try text(of: folder + "/" + name)
    }
    if templates["default"] != nil { return (templates, path) }
    guard let (settings, file) = try object("tokenizer_config.json", in: directory) else {
      return (templates, path)
    }
    let named: [(name: String?, text: String?)]
    switch settings["chat_template"] {
    case nil, .null: return (templates, file)
    case .string(let text): named = [("default", text)]
    case .list(let items): named = items.map { ($0["name"]?.text, $0["template"]?.text) }
    case .object(let members): named = members.map { ($0.key, $0.value.text) }
    case let other?:
      throw DataError(file, "'chat_template' is \(other.kind); write a string or a list of named templates")
    }
    for case (let name?, let text?) in named { templates[name] = text }
    guard templates["default"] != nil else {
      let names = named.compactMap(\.name)
      throw DataError(file, "'chat_template' has no template named 'default'; there are \(quoted(names))")
    }
    return (templates, file)
  }

  private static func text(of path: String) throws(DataError) -> String {
    let bytes = try JSONLinesStore.bytes(of: path, named: path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DataError(path, "the template is not UTF-8; save it as UTF-8")
    }
    return text
  }

  private static func generationStops(in directory: String) throws(DataError) -> [Int32] {
    guard let (settings, file) = try object("generation_config.json", in: directory) else { return [] }
    guard settings.members != nil else {
      throw DataError(file, "the file holds \(settings.kind); write an object")
    }
    guard let value = settings["eos_token_id"], value != .null else { return [] }
    var ids: [Int32] = []
    for item in value.items ?? [value] {
      guard case .integer(let number) = item, let id = Int32(exactly: number), id >= 0 else {
        let found = if case .integer(let number) = item { String(number) } else { item.kind }
        throw DataError(file, "'eos_token_id' holds \(found); write a token's id or a list of ids")
      }
      ids.append(id)
    }
    return ids
  }
}
