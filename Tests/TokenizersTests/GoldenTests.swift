// Ids and texts against those that the reference implementation computed.

import Foundation
import Testing

@testable import Tokenizers

/// The directory of a family's fixtures.
func fixture(_ family: String) -> String {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  return root.appendingPathComponent("Fixtures/hf/" + family).path
}

@Suite struct GoldenTests {
  static let families = [
    "gemma", "gemma2", "gpt2", "llama", "llama3", "mistral", "olmo2", "phi3", "pythia", "qwen2", "qwen3",
    "smollm3",
  ]

  static func expectations(_ family: String) throws -> JSONValue {
    try JSONValue(json: Array(Data(contentsOf: URL(fileURLWithPath: fixture(family) + "/expected.json"))))
  }

  static func ids(_ value: JSONValue?) -> [Int32] {
    (value?.array ?? []).compactMap { $0.integer.map(Int32.init) }
  }

  @Test(arguments: families) func `awkward texts have the golden ids and decode to the golden texts`(
    _ family: String
  ) throws {
    let tokenizer = try Tokenizer(directory: fixture(family))
    let cases = try Self.expectations(family)["tokenize"]?.array ?? []
    #expect(cases.count >= 10)
    for item in cases {
      let text = try #require(item["text"]?.string)
      let ids = tokenizer.encode(text, addingSpecials: false)
      #expect(ids == Self.ids(item["ids"]), "\(text)")
      let decoded = tokenizer.decode(ids, skippingSpecials: false)
      #expect(Array(decoded.utf8) == Array(try #require(item["decoded"]?.string).utf8))
    }
  }

  @Test(arguments: families) func `rendered conversations have the golden ids`(_ family: String) throws {
    let tokenizer = try Tokenizer(directory: fixture(family))
    let rows = try Self.expectations(family)["rows"]?.array ?? []
    #expect(rows.count >= 5)
    func render(_ messages: JSONValue?) -> String {
      (messages?.array ?? []).map {
        "<|im_start|>" + ($0["role"]?.string ?? "") + "\n" + ($0["content"]?.string ?? "") + "<|im_end|>\n"
      }.joined()
    }
    for item in rows {
      let row = try #require(item["row"])
      let prompt = tokenizer.encode(render(row["prompt"]) + "<|im_start|>assistant\n", addingSpecials: false)
      #expect(prompt == Self.ids(item["prompt_ids"]))
      for side in ["chosen", "rejected"] {
        let whole = tokenizer.encode(render(row["prompt"]) + render(row[side]), addingSpecials: false)
        #expect(whole.starts(with: prompt))
        #expect(Array(whole[prompt.count...]) == Self.ids(item[side + "_ids"]))
      }
      let chosen = Self.ids(item["chosen_ids"])
      #expect(tokenizer.decode(chosen, skippingSpecials: true) == item["decoded_chosen"]?.string)
    }
  }

  @Test func `special tokens come from the settings`() throws {
    let tokenizer = try Tokenizer(directory: fixture("llama3"))
    #expect(tokenizer.bosToken == nil)
    #expect(tokenizer.eosToken == .init(text: "<|im_end|>", id: 2))
    #expect(tokenizer.padToken == .init(text: "<|endoftext|>", id: 0))
    #expect(tokenizer.specialIDs == [0, 1, 2])
    #expect(tokenizer.specialTokens == ["eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"])
    #expect(tokenizer.vocabularyCount == 768)
    #expect(tokenizer.id(of: "<|im_start|>") == 1)
    #expect(tokenizer.piece(of: 1) == "<|im_start|>")
    #expect(tokenizer.piece(of: 9999) == "")
    #expect(tokenizer.id(of: "no such piece") == nil)
  }
}
