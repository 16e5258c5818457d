// Activation functions under transformers' names.

import VectorKernels

/// An activation function and the name that it has in the file.
struct ActivationName: Sendable {
  let name: String
  let function: ActivationFunction

  private static let all: [(String, ActivationFunction)] = [
    ("silu", .silu), ("swish", .silu), ("gelu", .gelu), ("gelu_python", .gelu), ("gelu_new", .geluTanh),
    ("gelu_pytorch_tanh", .geluTanh), ("gelu_fast", .geluTanh), ("gelu_accurate", .geluTanh), ("relu", .relu),
  ]

  /// The names that are known.
  static var supported: [String] { all.map(\.0) }

  /// The function of that name in a family's file; nil if it is unknown.
  static func named(_ name: String, _ family: ModelConfiguration.Family) -> ActivationName? {
    // Gemma's first files say gelu and mean its approximation, which is what the models were trained with.
    let meant = family == .gemma && name == "gelu" ? "gelu_pytorch_tanh" : name
    return all.first { $0.0 == meant }.map { ActivationName(name: $0.0, function: $0.1) }
  }

  /// The name to write for a function.
  static func name(of function: ActivationFunction, _ family: ModelConfiguration.Family) -> String {
    if function == .geluTanh { return family == .gpt2 ? "gelu_new" : "gelu_pytorch_tanh" }
    return all.first { $0.1 == function }?.0 ?? "silu"
  }
}
