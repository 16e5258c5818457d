// What truncation leaves of a sequence.

import Testing

@testable import PreferenceData

@Suite struct TokenWindowTests {
  private let prompt: [Int32] = [1, 2, 3]
  private let completion: [Int32] = [4, 5, 6, 7]

  @Test func `nothing is cut where all fits`() {
    for length in [nil, 7, 100] {
      for mode in TruncationMode.allCases {
        let cut = TokenWindow(maxLength: length, mode: mode).cut(prompt: prompt, completion: completion)
        #expect(cut == .init(prompt: prompt, completion: completion))
      }
    }
  }

  @Test func `keep_start cuts the completion's end and refuses a prompt that fills the window`() {
    #expect(
      TokenWindow(maxLength: 5).cut(prompt: prompt, completion: completion)
        == .init(prompt: prompt, completion: [4, 5], isTruncated: true, lostEnd: true))
    #expect(TokenWindow(maxLength: 3).cut(prompt: prompt, completion: completion) == nil)
    #expect(TokenWindow(maxLength: 2).cut(prompt: prompt, completion: completion) == nil)
  }

  @Test func `keep_end cuts the prompt's beginning`() {
    let window = TokenWindow(maxLength: 5, mode: .keepEnd)
    #expect(
      window.cut(prompt: prompt, completion: completion)
        == .init(prompt: [3], completion: completion, isTruncated: true))
  }

  @Test(arguments: [(4, [4], [5, 6, 7]), (3, [5], [6, 7]), (2, [6], [7])] as [(Int, [Int32], [Int32])])
  func `without a prompt left, the first token kept is context`(
    _ length: Int, _ kept: [Int32], _ scored: [Int32]
  ) {
    let window = TokenWindow(maxLength: length, mode: .keepEnd)
    #expect(
      window.cut(prompt: prompt, completion: completion)
        == .init(prompt: kept, completion: scored, isTruncated: true))
  }

  @Test func `no cut is longer than the window or without something to predict`() {
    for maxLength in 2...12 {
      for (p, c) in (0..<100).map({ ($0 / 10, $0 % 10) }) {
        for mode in TruncationMode.allCases {
          let all = (0..<Int32(p + c)).map { $0 }
          let cut = TokenWindow(maxLength: maxLength, mode: mode)
            .cut(prompt: Array(all[..<p]), completion: Array(all[p...]))
          guard let cut else { continue }
          let joined = cut.prompt + cut.completion
          #expect(joined.count == min(maxLength, p + c))
          #expect(!cut.prompt.isEmpty && !cut.completion.isEmpty)
          let expected = mode == .keepStart ? all.prefix(maxLength) : all.suffix(maxLength)
          #expect(joined == Array(expected))
        }
      }
    }
  }

  @Test func `nothing predicts an empty prompt's completion`() {
    #expect(TokenWindow(maxLength: nil).cut(prompt: [], completion: completion) == nil)
    #expect(TokenWindow(maxLength: nil).cut(prompt: prompt, completion: []) == nil)
  }
}
