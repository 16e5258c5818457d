// Single prompts for a model: plain text, or a conversation to answer.

import ChatTemplates
import Tokenizers

extension ModelTokenizer {
  /// The tokens of plain text as a prompt, with the tokenizer's own special tokens.
  public func encodePrompt(_ text: String) -> [Int32] {
    var ids = tokenizer.encode(text, addingSpecials: true)
    if let eos = tokenizer.eosToken, ids.last == eos.id, !text.hasSuffix(eos.text) { ids.removeLast() }
    return ids
  }

  /// The tokens of a conversation up to the reply that is to be made.
  ///
  /// - Throws: ``DataError`` where the model has no chat template or the template refuses the messages.
  public func encodeConversation(_ messages: [(role: String, content: String)]) throws(DataError) -> [Int32] {
    do throws(RowProblem) {
      return try encode(messages.map { Turn(role: $0.role, content: $0.content) }, nil, [])
    } catch { throw DataError(directory, error.text) }
  }

  /// The tokens of the conversation in the JSON file `path` (`-`: standard input), up to the reply.
  ///
  /// The file holds a list of `{"role", "content"}`, or an object of `messages` and, where wanted, `tools`.
  ///
  /// - Throws: ``DataError`` naming the message at fault.
  public func encodeConversation(file path: String) throws(DataError) -> [Int32] {
    let file = path == "-" ? "standard input" : path
    let bytes = try JSONLinesStore.bytes(of: path, named: file)
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw DataError(file, "the file is not UTF-8; save it as UTF-8")
    }
    let value: JSONValue
    do throws(JSONSyntaxError) { value = try JSONParser.parse(bytes, in: bytes.indices) } catch {
      throw DataError(file, "not JSON: \(error.problem) (byte \(error.offset))")
    }
    guard let items = value.items ?? value["messages"]?.items else {
      throw DataError(
        file, "the file holds \(value.kind) without messages; write [{\"role\": …, \"content\": …}]")
    }
    let columns = RowColumns(row: StoredRow(place: RowPlace(row: 0), columns: value.members ?? []))
    do throws(RowProblem) {
      return try encode(
        RowColumns.messages(items, named: "messages"), columns.tools(), columns.templateArguments())
    } catch { throw DataError(file, error.text) }
  }

  private func encode(
    _ turns: [Turn], _ tools: [JSONValue]?, _ arguments: [JSONMember]
  ) throws(RowProblem) -> [Int32] {
    let encoder = TemplateEncoder(self)
    let text = try encoder.render(turns, openingReply: true, tools: tools, arguments: arguments)
    return encoder.encode(text, addingSpecials: false)
  }
}
