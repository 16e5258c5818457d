// The processor that everything is measured on, and the best it can do.

import Foundation
import Safetensors
import TransformerModels
import VectorKernels

/// What is known of this machine without measuring.
enum Machine {
  /// The processor's name, as it calls itself.
  static let processor: String = {
    #if os(Linux)
      let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
      for key in ["model name", "CPU part", "uarch"] {
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        if let name = line?.split(separator: ":", maxSplits: 1).last {
          return name.trimmingCharacters(in: .whitespaces)
        }
      }
      return "unknown processor"
    #else
      var name = [CChar](repeating: 0, count: 256)
      var size = name.count
      guard sysctlbyname("machdep.cpu.brand_string", &name, &size, nil, 0) == 0 else {
        return "unknown processor"
      }
      return name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    #endif
  }()

  /// Logical processors that this process may use.
  static let processors = ProcessInfo.processInfo.activeProcessorCount

  /// Memory of the machine, in bytes.
  static let memory = Int(ProcessInfo.processInfo.physicalMemory)

  /// The most memory this process has held so far, in bytes.
  static var peakMemory: Int {
    var usage = rusage()
    #if os(Linux)
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss * 1024
    #else
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #endif
  }

  /// One line about it all.
  static var line: String {
    let sets = InstructionSet.supported.map(\.rawValue).joined(separator: ", ")
    return "\(processor), \(processors) processors, \(Figures.bytes(memory)); instruction sets: \(sets); "
      + "in use: \(InstructionSet.current.rawValue)"
  }

  /// The same for programs.
  static var json: JSONValue {
    .members([
      "processor": .text(processor), "processors": .number(processors), "memory_bytes": .number(memory),
      "instruction_sets": .list(InstructionSet.supported.map { .text($0.rawValue) }),
      "instruction_set": .text(InstructionSet.current.rawValue),
    ])
  }
}

/// The rate of a micro-kernel alone, on operands that stay in the first-level cache.
enum Peak {
  /// Floating-point operations per second of a micro-kernel on so many threads, at best: that for single
  /// precision, or that of bfloat16's own instructions.
  ///
  /// On one thread by the processor's clock, so that other processes do not count; on several by the wall's.
  static func measure(
    _ set: InstructionSet, inPairs: Bool, _ precision: ProductPrecision = .scaled, threads: Int,
    seconds: Double
  ) -> Double {
    let kernel = MicroKernel(set, inPairs: inPairs, precision)
    let before = KernelPool.shared.threads
    KernelPool.configure(threads: threads)
    defer { KernelPool.configure(threads: before) }
    let time = (threads == 1 ? processorTime : wallTime)(seconds) { kernel.run(threads: threads) }
    return kernel.operations * Double(threads) / time
  }

  /// The same for what a model of this precision multiplies on the instruction set in use.
  static func measure(_ type: ComputeType, threads: Int) -> Double {
    let set = InstructionSet.current
    let isPaired = type == .bfloat16 && ProductBench.Kind.bfloat16Packed.usesPairs(set)
    let precision = type == .bfloat16x2 ? ProductPrecision.sixteenBits : .scaled
    return measure(set, inPairs: isPaired, precision, threads: threads, seconds: 0.5)
  }
}
