// Why a shared library cannot bring its losses, each reason with its own sentence.

public import PreferenceCore

/// A plugin library that cannot be loaded.
public struct PluginLoadingError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong with it.
  public enum Reason: Sendable, Hashable {
    /// There is no such file.
    case missing
    /// The loader refuses it, for the reason it gives.
    case unreadable(String)
    /// It does not introduce itself.
    case notAPlugin
    /// It introduces itself in another version of the handshake.
    case otherHandshake(UInt32)
    /// Another compiler built it.
    case otherToolchain(plugin: String, host: String)
    /// It was built against another version of the core.
    case otherCore(plugin: String, host: String)
    /// It says the same version, but its core's values have other sizes.
    case otherLayout
    /// It carries a copy of the core.
    case foreignCore
    /// Its losses cannot be registered.
    case rejected(RegistryError)
  }

  /// The library.
  public let path: String
  /// What is wrong with it.
  public let reason: Reason

  init(_ path: String, _ reason: Reason) { (self.path, self.reason) = (path, reason) }

  /// What is wrong, where, and what to do.
  public var description: String {
    switch reason {
    case .missing: return "there is no plugin library '\(path)'; build it with 'swift build -c release'"
    case .unreadable(let problem):
      let advice =
        problem.contains("PreferencePlugin")
        ? "; keep the library that was built beside it in the same folder" : ""
      return "'\(path)' cannot be opened as a shared library: \(problem)\(advice)"
    case .notAPlugin:
      return "'\(path)' is a shared library but no plugin: it has no prefer_plugin_handshake_v1; "
        + "'prefer plugin new NAME' writes a package that has one"
    case .otherHandshake(let version):
      return
        "'\(path)' introduces itself in version \(version) of the handshake, this program reads version 1; "
        + "rebuild it against this version of Prefer"
    case .otherToolchain(let plugin, let host):
      return "'\(path)' was built by another toolchain, \(plugin), and this program by \(host); "
        + "rebuild one of them with the other's"
    case .otherCore(let plugin, let host):
      return "'\(path)' was built against PreferenceCore \(plugin), and this program has \(host); "
        + "rebuild it against this version of Prefer"
    case .otherLayout:
      return "'\(path)' was built against another state of PreferenceCore \(PluginDescription.host.core), "
        + "whose values have other sizes; rebuild it against this checkout of Prefer"
    case .foreignCore:
      return "'\(path)' carries a copy of PreferenceCore, whose losses are none to this program; "
        + "link the product 'PreferencePlugin' instead of 'PreferenceCore'"
    case .rejected(let error): return "'\(path)' cannot be registered: \(error)"
    }
  }
}
