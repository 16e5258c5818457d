// Pieces of chat templates, looked for in plain text.

/// A search for any of some texts, in one pass over the bytes.
struct TemplateMarkers: Sendable {
  private let markers: [(text: String, bytes: [UInt8])]
  private let isFirstByte: [Bool]

  /// A search for `texts`; empty ones are never found.
  init(_ texts: [String]) {
    markers = texts.filter { !$0.isEmpty }.map { ($0, Array($0.utf8)) }
    var isFirstByte = [Bool](repeating: false, count: 256)
    for marker in markers { isFirstByte[Int(marker.bytes[0])] = true }
    self.isFirstByte = isFirstByte
  }

  /// The one that stands first in `text`.
  func first(in text: String) -> String? {
    let bytes = Array(text.utf8)
    for index in bytes.indices where isFirstByte[Int(bytes[index])] {
      let found = markers.first { bytes[index...].starts(with: $0.bytes) }
      if let found { return found.text }
    }
    return nil
  }
}
