// From a shared library to registered losses: open, check, ask, register.

import PluginInterface
public import PreferenceCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension LossRegistry {
  /// Adds the losses of a shared library. Returns what it says of itself.
  ///
  /// The library stays loaded for as long as the program runs, also where it is refused.
  /// - Throws: ``PluginLoadingError`` with what is wrong; the registry is then as it was.
  @discardableResult
  public mutating func load(library path: String) throws(PluginLoadingError) -> PluginDescription {
    let handshake = try SharedLibrary(path).handshake()
    let plugin = PluginDescription(handshake)
    let host = PluginDescription.host
    guard handshake.magic == prefer_plugin_magic() else { throw PluginLoadingError(path, .notAPlugin) }
    guard handshake.abi == prefer_plugin_abi() else {
      throw PluginLoadingError(path, .otherHandshake(handshake.abi))
    }
    guard plugin.toolchain == host.toolchain else {
      throw PluginLoadingError(path, .otherToolchain(plugin: plugin.toolchain, host: host.toolchain))
    }
    guard plugin.core == host.core else {
      throw PluginLoadingError(path, .otherCore(plugin: plugin.core, host: host.core))
    }
    guard plugin.layout == host.layout else { throw PluginLoadingError(path, .otherLayout) }
    guard let probe = handshake.probe else { throw PluginLoadingError(path, .notAPlugin) }
    // Everything above agrees, so that Swift's metadata can be read; whether the protocol is ours is the question.
    guard let type = unsafeBitCast(probe, to: Any.Type.self) as? any LossPlugin.Type else {
      throw PluginLoadingError(path, .foreignCore)
    }
    var registry = self
    do throws(RegistryError) {
      try registry.load(type)
    } catch {
      throw PluginLoadingError(path, .rejected(error))
    }
    self = registry
    return plugin
  }
}

/// An opened library.
private struct SharedLibrary {
  private let path: String
  private let handle: UnsafeMutableRawPointer

  init(_ path: String) throws(PluginLoadingError) {
    // A bare name would be searched for in the system's folders.
    let file = path.contains("/") ? path : "./" + path
    guard access(file, F_OK) == 0 else { throw PluginLoadingError(path, .missing) }
    guard let handle = dlopen(file, RTLD_NOW | RTLD_LOCAL) else {
      throw PluginLoadingError(path, .unreadable(Self.problem(besides: file)))
    }
    (self.path, self.handle) = (path, handle)
  }

  /// The loader's own words, without the path that they begin with.
  private static func problem(besides file: String) -> String {
    guard let text = dlerror() else { return "the loader does not say why" }
    let problem = String(cString: text)
    guard problem.hasPrefix(file + ": ") else { return problem }
    return String(problem.dropFirst(file.count + 2))
  }

  func handshake() throws(PluginLoadingError) -> prefer_plugin_handshake {
    guard let symbol = dlsym(handle, "prefer_plugin_handshake_v1") else {
      throw PluginLoadingError(path, .notAPlugin)
    }
    typealias Handshake = @convention(c) () -> prefer_plugin_handshake
    return unsafeBitCast(symbol, to: Handshake.self)()
  }
}
