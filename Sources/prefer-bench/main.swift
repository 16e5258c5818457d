// Measures kernels: `prefer-bench kernels [--json] [--seconds S] [--threads N]`.

import VectorKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

let arguments = CommandLine.arguments.dropFirst()

/// The value after `--name`, if it is a number.
func option(_ name: String) -> Double? {
  guard let index = arguments.firstIndex(of: "--" + name), index + 1 < arguments.endIndex else { return nil }
  return Double(arguments[index + 1])
}

guard arguments.first == "kernels" else {
  print("usage: prefer-bench kernels [--json] [--seconds S] [--threads N]")
  exit(arguments.isEmpty || arguments.contains("--help") ? 0 : 2)
}

if let problem = InstructionSet.problem { print("warning: \(problem)") }

let bench = KernelBench(
  seconds: option("seconds") ?? 0.3, threads: option("threads").map { max(1, Int($0)) })
let report = bench.run()
print(arguments.contains("--json") ? report.json : report.table)
