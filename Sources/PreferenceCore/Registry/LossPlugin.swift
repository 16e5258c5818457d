// How a module brings its losses.

public import Configuration

/// A module's list of losses. Conforming types are enums without cases.
public protocol LossPlugin {
  /// Who brings the losses, for listings and for complaints about clashing names.
  static var name: String { get }
  /// Registers every loss of the module.
  static func register(in registry: inout LossRegistry) throws(RegistryError)
}
