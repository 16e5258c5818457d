// Numbers of completions, in the spellings that data sets use.

import Testing

@testable import PreferenceData

@Suite struct AnnotationsTests {
  private func values(_ json: String, of name: String, completions: Int = 2) throws -> [Double] {
    try Annotations(row: try store(json).rows[0], completionCount: completions).values(of: name)
  }

  @Test func `one number is every completion's, a list is one for each, a couple is chosen and rejected`()
    throws
  {
    #expect(try values(#"{"margin": 1.5}"#, of: "margin") == [1.5, 1.5])
    #expect(try values(#"{"reward": [3, 1, 2]}"#, of: "reward", completions: 3) == [3, 1, 2])
    #expect(try values(#"{"chosen_score": 8, "rejected_score": 2.5}"#, of: "score") == [8, 2.5])
    #expect(try values(#"{"chosen_score": 8, "rejected_score": 2.5}"#, of: "chosen_score") == [8, 8])
  }

  @Test(arguments: [
    (#"{"prompt": "a"}"#, "the loss needs column 'score', which is missing; no column holds numbers"),
    (
      #"{"margin": 1, "reward": [1, 2], "chosen_score": 1}"#,
      "the loss needs column 'score', which is missing; columns with numbers are 'margin', 'reward', 'chosen_score'"
    ),
    (#"{"score": "8"}"#, "column 'score' holds a string; write a number, or one for each completion"),
    (
      #"{"score": [1, "2"]}"#,
      "column 'score' holds a list that is not all numbers; write one for each completion"
    ),
    (#"{"score": [1, 2, 3]}"#, "column 'score' holds 3 numbers for 2 completions"),
    (#"{"score": NaN}"#, "column 'score' holds nan; give every row a finite number"),
    (#"{"score": [1, -Infinity]}"#, "column 'score' holds -inf; give every row a finite number"),
    (#"{"chosen_score": "a", "rejected_score": 1}"#, "column 'chosen_score' holds a string; write a number"),
  ])
  func `refuses`(_ json: String, _ expected: String) throws {
    do { _ = try values(json, of: "score") } catch let problem as RowProblem {
      #expect(problem.text == expected)
    }
    #expect(throws: RowProblem.self) { try values(json, of: "score") }
  }
}
