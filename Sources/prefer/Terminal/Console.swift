// Where words go: results to standard output, everything about the run itself to standard error.

import Foundation

/// The terminal as commands see it. The only code of the package that writes to it.
enum Console {
  /// Whether standard output, or standard error, is a terminal that a person watches.
  static let (outputIsTerminal, errorIsTerminal) = (isatty(1) == 1, isatty(2) == 1)

  /// Whether colours may be used on standard output; `NO_COLOR` switches them off.
  static let usesColour = outputIsTerminal && isColourAllowed(ProcessInfo.processInfo.environment)

  /// Whether the environment leaves colours on.
  static func isColourAllowed(_ environment: [String: String]) -> Bool {
    environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
  }

  /// Writes a line of results.
  static func output(_ text: String, terminator: String = "\n") {
    write(text + terminator, to: FileHandle.standardOutput)
  }

  /// Writes a line about the run.
  static func note(_ text: String, terminator: String = "\n") {
    write(text + terminator, to: FileHandle.standardError)
  }

  private static func write(_ text: String, to handle: FileHandle) {
    // A closed pipe (`prefer losses | head`) is nobody's mistake.
    try? handle.write(contentsOf: Data(text.utf8))
  }

  /// How wide the terminal behind standard error is, in columns.
  static var columns: Int {
    var size = winsize()
    guard ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}

/// The few styles that commands use.
enum Style: String {
  case bold = "1"
  case dim = "2"
  case struck = "9"
  case red = "31"
  case green = "32"
  case yellow = "33"
  case blue = "34"
  case magenta = "35"
  case cyan = "36"

  /// `text` in this style, or as it is where colours are off.
  func callAsFunction(_ text: String) -> String {
    Console.usesColour ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
  }
}
