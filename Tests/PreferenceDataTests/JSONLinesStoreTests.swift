// Files of rows, and files that are something else.

import Foundation
import Testing

@testable import PreferenceData

@Suite struct JSONLinesStoreTests {
  @Test func `reads lines with either line end, a byte order mark and blank lines at the end`() throws {
    let text = "\u{FEFF}{\"a\": 1}\r\n{\"a\": 2}\n\n \n"
    let store = try JSONLinesStore(bytes: Array(text.utf8), file: "f")
    #expect(store.rows.map { $0["a"]?.scalar } == [1, 2])
    #expect(store.rows.map(\.place) == [RowPlace(row: 0, line: 1), RowPlace(row: 1, line: 2)])
  }

  @Test func `reads a JSON array over several lines`() throws {
    let store = try store("[", "  {\"a\": 1},", "  {\"a\": null}", "]")
    #expect(store.rows.map(\.place.description) == ["row 0", "row 1"])
    #expect(store.rows[1]["a"] == nil)
    #expect(store.rows[1].names == [])
  }

  @Test func `reads a file and names its content as sha256sum does`() throws {
    let path = NSTemporaryDirectory() + "rows-\(UUID().uuidString).jsonl"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "{}\n".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(
      try JSONLinesStore(path: path).hash
        == "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356")
  }

  @Test(arguments: [
    ([0x1F, 0x8B, 0x08], "r.gz: the file is gzip-compressed; decompress it first (gunzip -k r.gz)"),
    ([0x28, 0xB5, 0x2F, 0xFD], "r.gz: the file is zstd-compressed; decompress it first (unzstd r.gz)"),
    ([0x50, 0x41, 0x52, 0x31], "r.gz: the file is Parquet; convert it to JSON Lines first"),
    (
      [0xFF, 0xFE, 0x7B, 0x00],
      "r.gz: the file is UTF-16; convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8 r.gz)"
    ),
    ([], "r.gz: the file is empty; write one JSON object per line"),
    ([0x0A, 0x20, 0x0A], "r.gz: the file is empty; write one JSON object per line"),
    ([0x5B, 0x5D], "r.gz: the list is empty; write at least one row"),
    ([0x5B, 0x22, 0xC3, 0x22, 0x5D], "r.gz: the file is not UTF-8; save it as UTF-8"),
    ([0x7B, 0x7D, 0x0A, 0xC3, 0x28], "r.gz, line 2: the line is not UTF-8; save the file as UTF-8"),
  ])
  func `refuses`(_ bytes: [UInt8], _ expected: String) {
    #expect(message { _ = try JSONLinesStore(bytes: bytes, file: "r.gz") } == expected)
  }

  @Test func `a table that is no JSON is told by its name`() {
    let bytes = Array("prompt,chosen,rejected\na,b,c\n".utf8)
    for (file, kind) in [("r.csv", "CSV"), ("R.TSV", "tab-separated text"), ("data-0.arrow", "Arrow")] {
      #expect(
        message { _ = try JSONLinesStore(bytes: bytes, file: file) }
          == "\(file): the file is \(kind); convert it to JSON Lines first")
    }
  }

  @Test(arguments: [
    ("{\"a\": 1}\n\n{\"a\": 2}", "rows.jsonl, line 2: the line is blank; remove it"),
    ("{\"a\": 1}\n[1]", "rows.jsonl, line 2: the line holds a list; write one JSON object per line"),
    ("{\"a\": 1}\n{\"a\": }", "rows.jsonl, line 2: not JSON: '}' begins no JSON value (column 7)"),
    (
      "{\n  \"a\": 1\n}",
      "rows.jsonl, line 1: not JSON: the object has no end (column 2); "
        + "write each object on one line, or the file as one JSON array"
    ),
    ("[{\"a\": 1},\n {\"a\" 1}]", "rows.jsonl: not JSON: ':' is missing after 'a' (line 2, column 7)"),
    ("[{\"a\": 1}, 2]", "rows.jsonl, row 1: the row is a number; write an object"),
  ])
  func `tells the line`(_ text: String, _ expected: String) {
    #expect(message { _ = try store(text) } == expected)
  }

  @Test func `tells every mistake at once, up to twenty`() {
    let text = (0..<23).map { _ in "7" }.joined(separator: "\n")
    let lines = message { _ = try store(text) }.split(separator: "\n")
    #expect(lines.count == 22)
    #expect(lines[0] == "rows.jsonl has 23 problems")
    #expect(lines[1] == "  line 1: the line holds a number; write one JSON object per line")
    #expect(lines[21] == "  … and 3 more")
  }

  @Test func `a missing file and a directory are told apart`() {
    #expect(
      message { _ = try JSONLinesStore(path: "/nowhere/rows.jsonl") }
        == "/nowhere/rows.jsonl: there is no such file; check the path")
    #expect(
      message { _ = try JSONLinesStore(path: "/") } == "/: this is a directory; name a file of rows")
  }
}
