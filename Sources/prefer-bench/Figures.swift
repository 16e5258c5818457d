// How numbers are printed: figures with units, tables in columns, JSON.

import Safetensors

/// Numbers for people.
enum Figures {
  /// A number with so many places behind the point.
  static func fixed(_ x: Double, _ places: Int) -> String {
    guard x.isFinite else { return "\(x)" }
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let digits = "\(Int((abs(x) * scale).rounded()))"
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    let whole = padded.dropLast(places)
    return (x < 0 ? "-" : "") + whole + (places > 0 ? "." + padded.suffix(places) : "")
  }

  /// Three digits, whatever the size of the number.
  static func short(_ x: Double) -> String {
    let size = abs(x)
    return fixed(x, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
  }

  /// A rate with its prefix: `1.95 TFLOP/s`.
  static func rate(_ perSecond: Double, _ unit: String) -> String {
    for (size, prefix) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where perSecond >= size {
      return "\(short(perSecond / size)) \(prefix)\(unit)/s"
    }
    return "\(short(perSecond)) \(unit)/s"
  }

  /// `74 %`.
  static func percent(_ share: Double) -> String { fixed(100 * share, 0) + " %" }

  /// Seconds or milliseconds.
  static func time(_ seconds: Double) -> String {
    seconds >= 1 ? "\(short(seconds)) s" : "\(short(seconds * 1e3)) ms"
  }

  /// Gibibytes or mebibytes.
  static func bytes(_ count: Int) -> String {
    let mebibytes = Double(count) / 1_048_576
    return mebibytes >= 1024 ? "\(short(mebibytes / 1024)) GiB" : "\(short(mebibytes)) MiB"
  }

  /// Rows in columns as wide as their widest cell; the first column stands left, the others right.
  static func table(_ header: [String], _ rows: [[String]]) -> String {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      row.enumerated().map { column, cell in
        let gap = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + gap : gap + cell
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}

extension JSONValue {
  /// A number; null where it is not finite.
  static func number(_ x: Double) -> JSONValue { x.isFinite ? .number("\(x)") : .null }
  /// A whole number.
  static func number(_ x: Int) -> JSONValue { .number("\(x)") }
  /// An object with the members in this order.
  static func members(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(members.map { JSONMember($0.key, $0.value) })
  }
}
