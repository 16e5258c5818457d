// Reports read what a run wrote, and say so where it cannot be read.

import Foundation
import Reports
import Testing

@Suite struct ReportsTests {
  /// A directory with a log and a description, deleted by the caller.
  func directory(log: String?, description: String? = nil) throws -> URL {
    let url = FileManager.default.temporaryDirectory.appending(path: "reports-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    if let log { try Data(log.utf8).write(to: url.appending(path: "trainer_log.jsonl")) }
    if let description { try Data(description.utf8).write(to: url.appending(path: "run.json")) }
    return url
  }

  static let log = """
    {"step": 1, "loss": 0.6931, "rewards/margins": 0, "epoch": 0.1}
    {"step": 2, "loss": 0.5, "rewards/margins": 0.25, "mallows/weight": 0.9}
    {"step": 2, "eval_loss": 0.6}

    """

  @Test func `curves and last values come from the log`() throws {
    let url = try directory(
      log: Self.log, description: #"{"loss": "dpo", "model": {"hash": "ab", "none": null}}"#)
    defer { try? FileManager.default.removeItem(at: url) }
    let run = try RunLog(directory: url)
    #expect(run.curve("loss").map(\.y) == [0.6931, 0.5])
    #expect(run.curve("loss").map(\.x) == [1, 2])
    #expect(run.last("loss") == 0.5)
    #expect(run.last("eval_loss") == 0.6)
    #expect(run.metrics == ["eval_loss", "loss", "mallows/weight", "rewards/margins"])
    #expect(run.description.map(\.key) == ["loss", "model.hash"])
  }

  @Test func `a page holds figures, curves and settings of every run`() throws {
    let first = RunLog(
      name: "a<b", description: [("loss", "ipo")],
      entries: [["step": 1, "loss": 2], ["step": 2, "loss": 1]])
    let second = RunLog(name: "c", description: [], entries: [["step": 1, "loss": 3, "mallows/weight": 1]])
    let page = HTMLReport(runs: [first, second], title: "two runs").text
    #expect(page.contains("<title>two runs</title>"))
    #expect(page.contains("a&lt;b: loss") && page.contains("c: loss") && page.contains("c: mallows/weight"))
    #expect(page.contains("<td class=\"number\">3</td>") && page.contains("<td class=\"value\">ipo</td>"))
    let withoutNamespace = page.replacing("xmlns=\"http://www.w3.org/2000/svg\"", with: "")
    #expect(!withoutNamespace.contains("://") && !page.contains("<link") && !page.contains("@import"))
    #expect(!page.contains("<script"))
  }

  @Test func `a table has a column for each run`() {
    let run = RunLog(name: "x|y", description: [], entries: [["step": 1, "loss": 0.25]])
    #expect(MarkdownReport(runs: [run]).text == "| metric | x\\|y |\n|---|---:|\n| `loss` | 0.2500 |\n")
  }

  @Test func `the line being written is passed over, a broken one is named`() throws {
    let running = try directory(log: "{\"step\": 1, \"loss\": 1}\n{\"step\": 2, \"lo")
    let broken = try directory(log: "{\"step\": 1}\noops\n{\"step\": 2}\n")
    let empty = try directory(log: nil)
    defer { for url in [running, broken, empty] { try? FileManager.default.removeItem(at: url) } }
    #expect(try RunLog(directory: running).entries.count == 1)
    let message = #expect(throws: ReportError.self) { try RunLog(directory: broken) }
    #expect(message?.description == "\(broken.path)/trainer_log.jsonl, line 2: not a JSON object")
    let missing = #expect(throws: ReportError.self) { try RunLog(directory: empty) }
    #expect(
      missing?.description == "'\(empty.path)' holds no trainer_log.jsonl; give the output_dir of a run")
  }
}
