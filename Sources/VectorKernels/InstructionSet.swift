// Which of the processor's instruction sets the kernels run on.

import VectorKernelsInterface

/// A family of processor instructions that the kernels are compiled for.
public enum InstructionSet: String, CaseIterable, Sendable {
  case baseline, avx2, avx512

  /// The sets that this processor has, narrowest first.
  public static let supported: [InstructionSet] = [.baseline]

  /// The set in use.
  public static let current: InstructionSet = .baseline
}

/// The element-wise and row-wise kernels in use.
let activeKernels: any ElementKernels.Type = ScalarKernels.self
