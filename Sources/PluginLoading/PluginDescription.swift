// A handshake in Swift's own values.

import PluginInterface
import PreferenceCore

/// What a library, or this program, was built with.
public struct PluginDescription: Sendable, Hashable {
  /// Who brings the losses.
  public let name: String
  /// The library's own version.
  public let version: String
  /// The compiler, as it calls itself.
  public let toolchain: String
  /// The version of PreferenceCore.
  public let core: String
  /// The sizes of its values, drawn together; see `coreLayout()`.
  public let layout: UInt64

  init(_ handshake: prefer_plugin_handshake) {
    func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
    (name, version) = (text(handshake.name), text(handshake.version))
    (toolchain, core) = (text(handshake.toolchain), text(handshake.core))
    layout = handshake.layout
  }

  /// What this program was built with.
  public static let host = PluginDescription(.current(for: NoPlugin.self, version: ""))

  private enum NoPlugin: LossPlugin {
    static let name = ""
    static func register(in registry: inout LossRegistry) throws(RegistryError) {}
  }
}
