// A model directory's tokenizer and chat template, which are of no use without each other.

import ChatTemplates
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
  let template: ChatTemplate?

  /// Loads `tokenizer.json`, `tokenizer_config.json`, and `chat_template.jinja` or the template that
  /// `tokenizer_config.json` holds.
  ///
  /// - Throws: ``DataError`` naming the file at fault.
  public init(directory: String) throws(DataError) {
    self.directory = directory
    do throws(TokenizerError) { tokenizer = try Tokenizer(directory: directory) } catch {
      throw DataError(directory, "\(error)")
    }
    let (source, file) = try Self.templateSource(in: directory)
    templateSource = source
    do throws(TemplateError) {
      template = try source.map { text throws(TemplateError) in try ChatTemplate(jinja: text) }
    } catch { throw DataError(file, "\(error)") }
    stopIDs = Set([tokenizer.eosToken?.id].compactMap { $0 }).union(try Self.generationStops(in: directory))
  }
}

extension ModelTokenizer {
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

  /// The template's text and the file it came from.
  static func templateSource(in directory: String) throws(DataError) -> (String?, file: String) {
    let path = directory + "/chat_template.jinja"
    if FileManager.default.fileExists(atPath: path) {
      let bytes = try JSONLinesStore.bytes(of: path, named: path)
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw DataError(path, "the template is not UTF-8; save it as UTF-8")
      }
      return (text, path)
    }
    guard let (settings, file) = try object("tokenizer_config.json", in: directory) else {
      return (nil, path)
    }
    switch settings["chat_template"] {
    case nil, .null: return (nil, file)
    case .string(let text): return (text, file)
    case .list(let named):
      guard let chosen = named.first(where: { $0["name"]?.text == "default" }),
        let text = chosen["template"]?.text
      else {
        let names = named.compactMap { $0["name"]?.text }
        throw DataError(file, "'chat_template' has no template named 'default'; there are \(quoted(names))")
      }
      return (text, file)
    case let other?:
      throw DataError(file, "'chat_template' is \(other.kind); write a string or a list of named templates")
    }
  }

  private static func generationStops(in directory: String) throws(DataError) -> [Int32] {
    guard let (settings, _) = try object("generation_config.json", in: directory) else { return [] }
    let ids = settings["eos_token_id"].map { $0.items ?? [$0] } ?? []
    return ids.compactMap { id in
      if case .integer(let id) = id { Int32(exactly: id) } else { nil }
    }
  }
}
