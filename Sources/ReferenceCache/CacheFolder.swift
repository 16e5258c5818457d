// Where this machine keeps what is shared between runs.

import Foundation

/// The folder for everything that can be computed again.
public enum CacheFolder {
  /// `$PREFER_CACHE`, else `$XDG_CACHE_HOME/prefer`, else `~/.cache/prefer`; `nil` where none of them is known.
  public static func path() -> String? { path(ProcessInfo.processInfo.environment) }

  /// The folder that an environment names.
  static func path(_ environment: [String: String]) -> String? {
    func value(_ name: String) -> String? {
      guard let value = environment[name], !value.isEmpty else { return nil }
      return value.count > 1 && value.hasSuffix("/") ? String(value.dropLast()) : value
    }
    if let own = value("PREFER_CACHE") { return own }
    if let shared = value("XDG_CACHE_HOME"), shared.hasPrefix("/") { return shared + "/prefer" }
    return value("HOME").map { $0 + "/.cache/prefer" }
  }
}
