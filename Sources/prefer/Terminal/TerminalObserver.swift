// A run as it goes on, for the person watching: one live line on a terminal, plain lines elsewhere.

import Foundation
import PreferenceCore

/// Prints a run's events to standard error.
final class TerminalObserver: RunObserver {
  private let isLive: Bool
  private let label: String
  private let write: (_ text: String, _ endsLine: Bool) -> Void
  private var outline: RunOutline?
  private var pace = Pace()
  private var liveLength = 0
  private var lastDrawn = Date.distantPast

  /// - Parameters:
  ///   - label: stands in front of every line, to tell stages apart.
  ///   - isLive: whether one line is redrawn in place.
  ///   - write: where text goes; standard error unless a test listens.
  init(
    label: String = "", isLive: Bool = Console.errorIsTerminal,
    write: @escaping (String, Bool) -> Void = { Console.note($0, terminator: $1 ? "\n" : "") }
  ) {
    (self.label, self.isLive, self.write) = (label.isEmpty ? "" : label + " ", isLive, write)
  }

  func observe(_ event: RunEvent) {
    switch event {
    case .began(let outline):
      self.outline = outline
    case .stepped(let report):
      pace.add(tokens: report.tokenCount, seconds: report.seconds)
      if isLive, Date().timeIntervalSince(lastDrawn) >= 0.1 || report.step == outline?.totalSteps {
        draw(line(step: report.step, metrics: report.metrics))
      }
    case .logged(let entry):
      if !isLive { write(line(step: entry.step, metrics: entry.values), true) }
    case .evaluated(let entry):
      interject(label + "held out at step \(entry.step): " + Self.summary(entry.values, prefix: "eval_"))
    case .saved(let step, let path):
      interject(label + "checkpoint of step \(step) saved in \(path)")
    case .warned(let step, let message):
      interject(label + "warning at step \(step): \(message)")
    case .ended:
      clear()
    }
  }

  /// A line of its own, above the live one.
  private func interject(_ text: String) {
    clear()
    write(text, true)
  }

  private func clear() {
    if liveLength > 0 { write("\r" + String(repeating: " ", count: liveLength) + "\r", false) }
    liveLength = 0
  }

  private func draw(_ text: String) {
    let fitted = String(text.prefix(max(20, Console.columns - 1)))
    write("\r" + fitted + String(repeating: " ", count: max(0, liveLength - fitted.count)), false)
    (liveLength, lastDrawn) = (fitted.count, Date())
  }

  /// `step 12/300 · loss 0.6812 · accuracy 0.63 · margin 0.12 · 1,234 tokens/s · 0:42 left`.
  private func line(step: Int, metrics: [String: Double]) -> String {
    let total = outline?.totalSteps ?? step
    var parts = ["\(label)step \(step)/\(total)", Self.summary(metrics, prefix: "")]
    if let rate = pace.tokensPerSecond { parts.append("\(Numbers.count(Int(rate))) tokens/s") }
    if let each = pace.secondsPerStep { parts.append("\(Numbers.clock(each * Double(total - step))) left") }
    return parts.joined(separator: " · ")
  }

  /// The figures people look at first.
  static func summary(_ metrics: [String: Double], prefix: String) -> String {
    let wanted = [
      ("loss", "loss"), ("rewards/accuracies", "accuracy"), ("rewards/margins", "margin"),
      ("mean_token_accuracy", "token accuracy"),
    ]
    var parts: [String] = []
    for (name, word) in wanted {
      guard let value = metrics[prefix + name] else { continue }
      if name == "mean_token_accuracy", metrics[prefix + "rewards/accuracies"] != nil { continue }
      parts.append("\(word) \(name == "loss" ? Numbers.fixed(value, 4) : Numbers.fixed(value, 3))")
    }
    return parts.joined(separator: " · ")
  }
}

/// How fast recent steps went.
private struct Pace {
  private var recent: [(tokens: Int, seconds: Double)] = []

  mutating func add(tokens: Int, seconds: Double) {
    recent.append((tokens, seconds))
    if recent.count > 20 { recent.removeFirst() }
  }

  private var seconds: Double { recent.reduce(0) { $0 + $1.seconds } }

  var secondsPerStep: Double? { recent.isEmpty ? nil : seconds / Double(recent.count) }

  var tokensPerSecond: Double? {
    seconds > 0 ? Double(recent.reduce(0) { $0 + $1.tokens }) / seconds : nil
  }
}
