// A run read back from its directory: what it was, and every number it logged.

public import Foundation

/// The description and the log of one run, finished or running.
public struct RunLog: Sendable {
  /// What reports call the run: the directory's name.
  public let name: String
  /// Settings and facts from `run.json`, flattened to dotted names, in alphabetical order.
  public let description: [(key: String, value: String)]
  /// The objects of `trainer_log.jsonl`, numbers only, in order.
  public let entries: [[String: Double]]

  /// Makes a log from parts.
  public init(name: String, description: [(key: String, value: String)], entries: [[String: Double]]) {
    (self.name, self.description, self.entries) = (name, description, entries)
  }

  /// Reads `run.json`, where there is one, and `trainer_log.jsonl`.
  ///
  /// - Throws: ``ReportError`` with file, line and what to do.
  public init(directory: URL) throws(ReportError) {
    let logFile = directory.appending(path: "trainer_log.jsonl")
    guard let text = try? String(contentsOf: logFile, encoding: .utf8) else {
      throw ReportError("'\(directory.path)' holds no trainer_log.jsonl; give the output_dir of a run")
    }
    var entries: [[String: Double]] = []
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
      guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
        // A run that is writing right now may have got halfway through its last line.
        if number == lines.count - 1 { break }
        throw ReportError("\(logFile.path), line \(number + 1): not a JSON object")
      }
      entries.append(object.compactMapValues { ($0 as? NSNumber)?.doubleValue })
    }
    name = directory.standardizedFileURL.lastPathComponent
    self.entries = entries
    description = Self.flattened(directory.appending(path: "run.json"))
  }

  /// A metric's values over the steps, evaluated (`eval_…`) or trained.
  public func curve(_ metric: String) -> [(x: Double, y: Double)] {
    entries.compactMap { entry in
      guard let step = entry["step"], let value = entry[metric] else { return nil }
      return (step, value)
    }
  }

  /// The last value logged for a metric.
  public func last(_ metric: String) -> Double? { entries.last { $0[metric] != nil }?[metric] }

  /// Every metric's name, in alphabetical order.
  public var metrics: [String] {
    Set(entries.flatMap(\.keys)).subtracting(["step", "epoch"]).sorted()
  }

  private static func flattened(_ file: URL) -> [(key: String, value: String)] {
    guard let bytes = try? Data(contentsOf: file), let json = try? JSONSerialization.jsonObject(with: bytes)
    else { return [] }
    var result: [(key: String, value: String)] = []
    func walk(_ value: Any, _ path: String) {
      switch value {
      case let object as [String: Any]:
        for (key, inner) in object { walk(inner, path.isEmpty ? key : path + "." + key) }
      case let list as [Any]: result.append((path, list.map { "\($0)" }.joined(separator: ", ")))
      case is NSNull: break
      default: result.append((path, "\(value)"))
      }
    }
    walk(json, "")
    return result.sorted { $0.key < $1.key }
  }
}

/// Why a report could not be made.
public struct ReportError: Error, Sendable, CustomStringConvertible {
  /// What is wrong, where, and what to do.
  public let description: String
  init(_ description: String) { self.description = description }
}
