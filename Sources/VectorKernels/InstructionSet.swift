// Which of the processor's instruction sets the kernels run on.

import ProcessorFeatures
import VectorKernelsBaseline
package import VectorKernelsInterface

#if arch(x86_64)
  import VectorKernelsAMX
  import VectorKernelsAVX2
  import VectorKernelsAVX512
#endif

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A family of processor instructions that the kernels are compiled for.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// What every processor of this architecture has: SSE2 or NEON.
  case baseline
  /// x86-64-v3: 256-bit vectors and fused multiply-add.
  case avx2
  /// x86-64-v4 with bfloat16 dot products: 512-bit vectors.
  case avx512
  /// AVX-512, with matrix products on AMX's tiles of bfloat16; Linux only.
  case amx

  /// The sets that this processor has, narrowest first.
  public static let supported: [InstructionSet] = allCases.filter { set in
    switch set {
    case .baseline: true
    case .avx2: processor_has_avx2() != 0
    case .avx512: processor_has_avx512_bfloat16() != 0
    case .amx: processor_has_tiles() != 0
    }
  }

  /// The set in use: the widest one, unless the environment variable `PREFER_ISA` names another.
  public static var current: InstructionSet { choice.set }

  /// What is wrong with `PREFER_ISA`, if anything; the widest set is in use then.
  public static var problem: String? { choice.problem }

  private static let choice = choose(
    named: getenv("PREFER_ISA").map { String(cString: $0) }, among: supported)

  /// The set that a value of `PREFER_ISA` asks for, or the widest and why the value does not serve.
  package static func choose(
    named name: String?, among supported: [InstructionSet]
  ) -> (set: InstructionSet, problem: String?) {
    let widest = supported.last ?? .baseline
    guard let name, !name.isEmpty else { return (widest, nil) }
    let names = supported.map { "'\($0.rawValue)'" }.joined(separator: ", ")
    guard let set = InstructionSet(rawValue: name) else {
      return (
        widest, "PREFER_ISA='\(name)' is no instruction set; use one of \(names) (using '\(widest.rawValue)')"
      )
    }
    guard supported.contains(set) else {
      return (
        widest,
        "PREFER_ISA='\(name)' is not on this processor; use one of \(names) (using '\(widest.rawValue)')"
      )
    }
    return (set, nil)
  }

  /// Whether bfloat16 is best multiplied in pairs; where the instruction is slow, it is widened instead.
  package var prefersPairs: Bool {
    kernels.multipliesPairs && processor_has_fast_bfloat16_dot() != 0
  }

  /// Whether 16-bit integers are multiplied in pairs, as long sums of bfloat16 are.
  package static var multipliesShorts: Bool { processor_multiplies_shorts() != 0 }

  /// The kernels for long sums, where this set has them and the processor gains by them.
  var sumKernels: AnySumKernels? {
    #if arch(x86_64)
      self == .avx512 && processor_adds_beside_multiplying() != 0 && Self.multipliesShorts
        ? VectorKernelsAVX512.Kernels.self : nil
    #else
      nil
    #endif
  }

  /// The kernels for products on tiles, where this set has them.
  var tileKernels: AnyTileKernels? {
    #if arch(x86_64)
      self == .amx ? TileKernels.self : nil
    #else
      nil
    #endif
  }

  /// The kernels compiled for this set; on AMX those of AVX-512.
  package var kernels: any (ElementKernels & ProductKernels & AttentionKernels & DropoutKernels).Type {
    switch self {
    case .baseline: VectorKernelsBaseline.Kernels.self
    #if arch(x86_64)
      case .avx2: VectorKernelsAVX2.Kernels.self
      case .avx512, .amx: VectorKernelsAVX512.Kernels.self
    #else
      case .avx2, .avx512, .amx: VectorKernelsBaseline.Kernels.self
    #endif
    }
  }
}

/// The element-wise and row-wise kernels in use.
let activeKernels: any (ElementKernels & AttentionKernels & DropoutKernels).Type = InstructionSet.current
  .kernels
