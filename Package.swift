// swift-tools-version:6.2
// SPDX-License-Identifier: Apache-2.0
import Foundation
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
]
let library = strict + [.enableUpcomingFeature("InternalImportsByDefault")]

/// Kernels are optimised in every build, so that tests run the code that training runs.
func kernels(_ flags: [String], _ names: [String] = []) -> [SwiftSetting] {
  // Whole-module, or inlining would stop at the border of a file in debug builds.
  let optimized = ["-Ounchecked", "-disable-batch-mode", "-whole-module-optimization", "-num-threads", "1"]
  return library + [.unsafeFlags(optimized + flags.flatMap { ["-Xcc", $0] })] + names.map { .define($0) }
}

#if arch(x86_64)
  let instructionSets: [(name: String, settings: [SwiftSetting])] = [
    ("VectorKernelsBaseline", kernels([])),
    ("VectorKernelsAVX2", kernels(["-march=x86-64-v3"], ["FMA", "LANES8"])),
    (
      "VectorKernelsAVX512",
      kernels(["-march=x86-64-v4", "-mavx512bf16"], ["FMA", "LANES16", "REGISTERS32", "BF16DOT"])
    ),
    (
      "VectorKernelsAMX",
      kernels(["-march=x86-64-v4", "-mavx512bf16", "-mamx-tile", "-mamx-bf16", "-mamx-int8", "-mavx512vbmi"])
    ),
  ]
#else
  let instructionSets: [(name: String, settings: [SwiftSetting])] = [
    ("VectorKernelsBaseline", kernels([], ["FMA", "REGISTERS32"]))
  ]
#endif

/// Every library target and what it may import: downward only. The architecture tests read it too.
let layers: [(name: String, imports: [String])] = [
  ("Configuration", []),
  ("ChatTemplates", []),
  ("Digests", ["ProcessorFeatures"]),
  ("Tokenizers", []),
  ("Plots", []),
  ("CommandLineTool", ["Configuration"]),
  ("Tensors", ["VectorKernels"]),
  ("Optimizers", ["Configuration", "Tensors", "VectorKernels"]),
  ("Safetensors", ["VectorKernels"]),
  ("PreferenceCore", ["Configuration", "Optimizers", "Tensors"]),
  ("LossConformance", ["PreferenceCore"]),
  ("PluginInterface", ["CPluginHandshake", "PreferenceCore"]),
  ("PluginLoading", ["PluginInterface", "PreferenceCore"]),
  ("PreferenceTestSupport", ["Optimizers", "PreferenceCore", "VectorKernels"]),
  ("TransformerModels", ["Optimizers", "PreferenceCore", "Safetensors", "Tensors", "VectorKernels"]),
  ("PreferenceData", ["ChatTemplates", "Digests", "PreferenceCore", "Tokenizers"]),
  ("Checkpoints", ["Digests", "Optimizers", "PreferenceCore", "Safetensors", "VectorKernels"]),
  ("ReferenceCache", ["Checkpoints", "Digests", "PreferenceCore", "Tensors"]),
  ("Reports", ["Plots", "PreferenceCore"]),
]

/// Families of losses: `Plugins/<name>` becomes the module `<name>Losses`.
let plugins = [
  "Accelerated",
  "Advantage",
  "DPO",
  "Diffusion",
  "FocalPO",
  "Formula",
  "HybridPO",
  "IPO",
  "LengthBias",
  "Listwise",
  "MRPO",
  "MallowsPO",
  "RewardModel",
  "TokenLevel",
  "Unpaired",
]

let losses = plugins.map { $0 + "Losses" }
let everything = ["VectorKernels"] + layers.map(\.name) + ["BuiltinLosses"]

/// Every test target and what it imports besides Swift Testing.
let tests: [(name: String, imports: [String])] = [
  ("ArchitectureTests", ["BuiltinLosses", "PreferenceCore"]),
  (
    "BenchmarkTests",
    ["CommandLineTool", "PreferenceCore", "TransformerModels", "VectorKernels", "prefer-bench"]
  ),
  ("ChatTemplatesTests", ["ChatTemplates"]),
  (
    "CheckpointsTests",
    ["Checkpoints", "Digests", "Optimizers", "PreferenceCore", "PreferenceTestSupport", "Safetensors"]
  ),
  ("CommandLineToolTests", ["CommandLineTool", "Configuration"]),
  ("ConfigurationTests", ["Configuration"]),
  ("DigestsTests", ["Digests"]),
  ("ConformanceTests", ["BuiltinLosses", "LossConformance", "PreferenceCore", "PreferenceTestSupport"]),
  ("EndToEndTests", everything + ["prefer"]),
  ("OptimizersTests", ["Configuration", "Optimizers", "Tensors", "VectorKernels"]),
  ("PluginTests", ["BuiltinLosses", "LossConformance", "PreferenceCore", "PreferenceTestSupport"] + losses),
  (
    "PreferenceCoreTests",
    ["BuiltinLosses", "Optimizers", "PreferenceCore", "PreferenceTestSupport", "VectorKernels"]
  ),
  ("PreferenceDataTests", ["ChatTemplates", "PreferenceCore", "PreferenceData", "Tokenizers"]),
  (
    "ReferenceCacheTests",
    ["Digests", "Optimizers", "PreferenceCore", "PreferenceTestSupport", "ReferenceCache", "Tensors"]
  ),
  ("ReportsTests", ["Plots", "PreferenceCore", "Reports"]),
  ("SafetensorsTests", ["Safetensors", "VectorKernels"]),
  ("TensorsTests", ["Tensors"]),
  ("TokenizersTests", ["Tokenizers"]),
  (
    "TransformerModelsTests",
    ["Optimizers", "PreferenceCore", "Safetensors", "Tensors", "TransformerModels", "VectorKernels"]
  ),
  (
    "VectorKernelsTests",
    ["VectorKernels", "VectorKernelsInterface"]
      + instructionSets.map(\.name).filter { $0.hasSuffix("AVX512") }
  ),
]

func names(_ list: [String]) -> [Target.Dependency] { list.map { .init(stringLiteral: $0) } }

let package = Package(
  name: "prefer",
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "prefer", targets: ["prefer"]),
    .library(name: "PreferenceCore", targets: ["PreferenceCore", "Configuration", "Tensors", "Optimizers"]),
    .library(name: "BuiltinLosses", targets: ["BuiltinLosses"]),
    .library(name: "LossConformance", targets: ["LossConformance"]),
    // What losses in shared libraries link: dynamic, so that the program's own core takes its place when they load.
    .library(
      name: "PreferencePlugin", type: .dynamic,
      targets: [
        "PreferenceCore", "Configuration", "Tensors", "Optimizers", "PluginInterface", "LossConformance",
        "BuiltinLosses",
      ]),
    .library(
      name: "PreferenceTraining", targets: ["TransformerModels", "PreferenceData", "Checkpoints", "Reports"]),
  ],
  targets: [
    .target(name: "ProcessorFeatures"), .target(name: "CPluginHandshake"),
    .target(name: "VectorKernelsInterface", swiftSettings: kernels([])),
  ]
    + instructionSets.map {
      .target(
        name: $0.name, dependencies: ["ProcessorFeatures", "VectorKernelsInterface"],
        swiftSettings: $0.settings)
    }
    + [
      .target(
        name: "VectorKernels",
        dependencies: names(["ProcessorFeatures", "VectorKernelsInterface"] + instructionSets.map(\.name)),
        // Not -Ounchecked: that would remove the preconditions that guard the kernels.
        swiftSettings: library + [.unsafeFlags(["-O"])])
    ]
    + layers.map { .target(name: $0.name, dependencies: names($0.imports), swiftSettings: library) }
    + plugins.map {
      .target(
        name: $0 + "Losses", dependencies: ["PreferenceCore"], path: "Plugins/" + $0, swiftSettings: strict)
    }
    + [
      .target(
        name: "BuiltinLosses", dependencies: names(["PreferenceCore"] + losses), swiftSettings: library),
      .executableTarget(
        name: "prefer", dependencies: names(everything), swiftSettings: library,
        // Shared libraries with losses use this program's core.
        linkerSettings: [.unsafeFlags(["-Xlinker", "--export-dynamic"], .when(platforms: [.linux]))]),
      .executableTarget(
        name: "prefer-bench", dependencies: names(everything), swiftSettings: library),
    ]
    + tests.map {
      .testTarget(
        name: $0.name, dependencies: names($0.imports), exclude: [], swiftSettings: strict)
    },
  swiftLanguageModes: [.v6])

// A room's README is for people: the compiler is told to leave it alone.
for target in package.targets where target.type != .test {
  let folder = "\(Context.packageDirectory)/\(target.path ?? "Sources/" + target.name)"
  if FileManager.default.fileExists(atPath: folder + "/README.md") { target.exclude.append("README.md") }
}
