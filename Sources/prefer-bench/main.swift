// Measures kernels: `prefer-bench kernels [--json] [--seconds S] [--threads N] [--set ISA] [--match TEXT]`.

import VectorKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

let arguments = CommandLine.arguments.dropFirst()

/// The value after `--name`.
func text(_ name: String) -> String? {
  guard let index = arguments.firstIndex(of: "--" + name), index + 1 < arguments.endIndex else { return nil }
  return arguments[index + 1]
}

/// The value after `--name`, if it is a number.
func option(_ name: String) -> Double? { text(name).flatMap { Double($0) } }

guard arguments.first == "kernels" else {
  print("usage: prefer-bench kernels [--json] [--seconds S] [--threads N] [--set ISA] [--match TEXT]")
  exit(arguments.isEmpty || arguments.contains("--help") ? 0 : 2)
}

if let problem = InstructionSet.problem { print("warning: \(problem)") }

let bench = KernelBench(
  seconds: option("seconds") ?? 0.3, threads: option("threads").map { max(1, Int($0)) }, set: text("set"),
  match: text("match"))
let report = bench.run()
print(arguments.contains("--json") ? report.json : report.table)
