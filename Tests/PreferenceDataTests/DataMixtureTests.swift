// Several files as one data set: shares, places, and every row accounted for.

import Foundation
import PreferenceCore
import Testing

@testable import PreferenceData

@Suite struct DataMixtureTests {
  /// Files `a.jsonl`, … of so many rows each; row i of file a is the pair `a<i>`: `b`, `c`.
  private func mixed(
    _ sizes: [Int], fractions: [Double]? = nil, lines: [String: String] = [:],
    _ change: (inout DatasetOptions) -> Void = { _ in }
  ) throws -> (set: PreferenceDataset, folder: String) {
    let folder = NSTemporaryDirectory() + "mixture-\(UUID().uuidString)/"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var parts: [MixturePart] = []
    for (index, size) in sizes.enumerated() {
      let name = String(UnicodeScalar(UInt8(97 + index)))
      let rows = (0..<size).map { row in
        lines["\(name)\(row)"] ?? #"{"prompt": "\#(name)\#(row)", "chosen": "x", "rejected": "y"}"#
      }
      try rows.joined(separator: "\n").write(
        toFile: folder + name + ".jsonl", atomically: true, encoding: .utf8)
      parts.append(MixturePart(path: folder + name + ".jsonl", fraction: fractions?[index]))
    }
    var options = DatasetOptions()
    change(&options)
    let set = try PreferenceDataset(
      mixing: parts, for: Requirements(.pairwise), with: CharacterEncoder(), options: options)
    return (set, folder)
  }

  private func prompts(_ set: PreferenceDataset) -> [String] {
    set.rows.map { CharacterEncoder().text(of: $0.prompts[0]) }
  }

  /// The figures of TRL 1.16's get_dataset for files of these sizes and fractions.
  @Test(
    arguments: [
      ([10, 10], [1, 1], [10, 10]), ([10, 4], [0.5, 0.5], [4, 4]),
      ([100, 30, 7], [0.7, 0.2, 0.1], [49, 14, 7]),
      ([3, 50], [3, 1], [3, 1]), ([5, 5], [1, 2], [2, 5]), ([9, 6], [2, 4], [3, 6]),
      ([1000, 3], [0.999, 0.001], [1000, 1]),
    ] as [([Int], [Double], [Int])]) func `shares take as many rows as TRL's mixture`(
      _ sizes: [Int], _ fractions: [Double], _ expected: [Int]
    )
  { #expect(MixtureShares.counts(sizes: sizes, fractions: fractions) == expected) }

  @Test func `without shares every row of every file is taken, in order`() throws {
    let (set, folder) = try mixed([2, 3])
    #expect(prompts(set) == ["a0", "a1", "b0", "b1", "b2"])
    #expect(set.rows.map(\.place.row) == [0, 1, 2, 3, 4])
    #expect("\(set.rows[3].place)" == "\(folder)b.jsonl, line 2")
    #expect(set.reports.map(\.summary) == ["2 rows = 2 kept + 0 dropped", "3 rows = 3 kept + 0 dropped"])
  }

  @Test func `what is beyond a share is counted, not lost`() throws {
    let (set, _) = try mixed([6, 2], fractions: [0.5, 0.5])
    #expect(prompts(set) == ["a0", "a1", "b0", "b1"])
    #expect(set.reports[0].summary == "6 rows = 2 kept + 0 dropped + 4 beyond its share of the mixture")
    #expect(set.reports.allSatisfy { $0.rowCount == $0.keptCount + $0.droppedCount + $0.leftOutCount })
  }

  @Test func `a row that stands in two files is told`() throws {
    let (set, _) = try mixed([2, 2], lines: ["b1": #"{"prompt": "a0", "chosen": "x", "rejected": "y"}"#])
    #expect(set.reports.map(\.duplicates.count) == [0, 1])
    #expect(set.reports[1].warnings == ["repetitions of an earlier row: 1 (line 2)"])
  }

  @Test func `other shares of the same files are other data`() throws {
    let hashes = try [nil, [1, 1], [1, 2]].map { try mixed([4, 4], fractions: $0).set.hash }
    #expect(hashes[0] == hashes[1] && hashes[1] != hashes[2])
    #expect(hashes.allSatisfy { $0.count == 64 })
  }

  @Test func `one file without a share is as if it were read alone`() throws {
    let (set, folder) = try mixed([3])
    #expect(set.file == folder + "a.jsonl" && "\(set.rows[1].place)" == "line 2" && set.reports.count == 1)
  }

  @Test func `files of different kinds are not mixed`() throws {
    let unpaired = #"{"prompt": "q", "completions": ["x", "y", "z"]}"#
    let words = message { _ = try mixed([1, 1], lines: ["b0": unpaired]) }
    #expect(
      words.hasSuffix("a.jsonl are pairwise; mix files of one kind")
        && words.contains("b.jsonl: the rows are ranked"))
  }

  @Test func `a share too small for a row is refused`() throws {
    #expect(
      message { _ = try mixed([2, 2], fractions: [1, 0.001]) }.hasSuffix(
        "b.jsonl: its share of the mixture is not one row; raise its fraction or leave the file out"))
  }

  @Test func `dropped rows are weighed against the whole mixture, and named by file`() throws {
    let empty = #"{"prompt": "q", "chosen": "", "rejected": "y"}"#
    let (set, _) = try mixed([2, 38], lines: ["a1": empty])
    #expect(set.rows.count == 39 && set.reports[0].droppedCount == 1)
    let words = message { _ = try mixed([2, 37], lines: ["a1": empty, "b0": empty]) }
    #expect(
      words.contains("2 of 39 rows are dropped, more than max_dropped_fraction 0.05 allows: ")
        && words.contains("a.jsonl, empty completion: 1 (line 2); ")
        && words.hasSuffix(
          "b.jsonl, empty completion: 1 (line 1); repair the rows or raise max_dropped_fraction")
    )
  }

  @Test func `a mistake names its own file and line`() throws {
    let words = message {
      _ = try mixed([1, 2], lines: ["b1": #"{"prompt": "a0", "chosen": 1, "rejected": "y"}"#])
    }
    #expect(words.hasSuffix("b.jsonl, line 2: 'chosen' is a number; write a string or a list of messages"))
  }
}
