// What decides a run, written down so that it can be repeated and continued only as itself.

import Checkpoints
import Configuration
import Digests
import Foundation
import PreferenceCore
import PreferenceData
import ReferenceCache
import VectorKernels

/// Makes the description that stands in `run.json`.
enum RunRecord {
  /// Settings with every default, and hashes of everything read.
  ///
  /// - Throws: `CheckpointError` when a file cannot be read.
  static func description(of run: PreparedRun) throws(CheckpointError) -> RunDescription {
    let settings = run.request.settings
    var hashes = ["model": try modelHash(settings.model), "tokenizer": try tokenizerHash(settings.model)]
    hashes["data"] = run.rows.hash
    if settings.evaluationRows != nil { hashes["held-out data"] = run.heldOut?.hash }
    if let adapter = settings.adapterStart { hashes["adapter"] = try adapterHash(adapter) }
    for path in settings.plugins {
      let file = URL(filePath: path)
      hashes["plugin \(file.lastPathComponent)"] = try hash(
        of: [file.lastPathComponent], in: file.deletingLastPathComponent().path)
    }
    for (index, name) in run.request.references.enumerated() where name != "base" {
      hashes["reference \(index + 1)"] = try modelHash(name)
    }
    return RunDescription(
      version: Prefer.version, settings: tree(run), hashes: hashes,
      processor: [InstructionSet.current.rawValue])
  }

  /// Every key of the run file; the objective in its canonical spelling, whatever it was written as.
  private static func tree(_ run: PreparedRun) -> [String: SettingValue] {
    let request = run.request
    var tree: [String: SettingValue] = [:]
    for field in RunSettings.keys.fields where !RunSettings.objectiveKeys.contains(field.name) {
      tree[field.name] = value(field.read(request.settings))
    }
    // What the templates saw: rows of another day are other rows.
    tree["dataset.date"] = run.opened.tokenizer.readsDate ? .string(run.templateDate.isoDay) : .null
    // One file stands there as people write it.
    if case .array(let files)? = tree["dataset.path"], files.count == 1 { tree["dataset.path"] = files[0] }
    tree["loss"] = .string(request.objective.expression.description)
    tree["optim"] = .string(request.optimizerText)
    // Chosen from the machine's memory or given: it decides how sums are rounded.
    tree["micro_batch_tokens"] = .integer(run.memory.microBatchTokens)
    return tree
  }

  /// What the run that stands in `output_dir` settled on; `nil` where there is none.
  static func microBatchTokens(of settings: RunSettings) -> Int? {
    guard case .number(let recorded)? = recorded("micro_batch_tokens", of: settings) else { return nil }
    return Int(exactly: recorded)
  }

  /// The day that templates saw in the run that stands in `output_dir`; `nil` where there is none.
  static func templateDay(of settings: RunSettings) -> String? {
    guard case .string(let day)? = recorded("dataset.date", of: settings) else { return nil }
    return day
  }

  private static func recorded(_ key: String, of settings: RunSettings) -> JSONValue? {
    guard let text = try? OutputFile.read(settings.outputDirectory + "/run.json") else { return nil }
    return (try? JSONValue(json5: text))?["settings"]?[key]
  }

  private static func value(_ literal: Literal) -> SettingValue {
    switch literal {
    case .number(let number): Int(exactly: number).map { .integer($0) } ?? .number(number)
    case .word("none"): .null
    case .word("true"): true
    case .word("false"): false
    case .word(let word): .string(word)
    case .list(let items): .array(items.map(value))
    case .component(let expression): .string(expression.description)
    }
  }

  /// One hash for the configuration and all weights of a directory.
  static func modelHash(_ directory: String) throws(CheckpointError) -> String {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted().filter {
      $0 == "config.json"
        || $0.hasPrefix("model") && ($0.hasSuffix(".safetensors") || $0.hasSuffix(".index.json"))
    }
    return try hash(of: names, in: directory)
  }

  /// One hash for an adapter's configuration and weights.
  static func adapterHash(_ directory: String) throws(CheckpointError) -> String {
    try hash(of: ["adapter_config.json", "adapter_model.safetensors"], in: directory)
  }

  private static func tokenizerHash(_ directory: String) throws(CheckpointError) -> String {
    try hash(of: TokenizerFiles.present(in: directory), in: directory)
  }

  private static func hash(of names: [String], in directory: String) throws(CheckpointError) -> String {
    var parts: [String] = []
    let known = RememberedHashes(in: CacheFolder.path())
    for name in names { parts.append("\(try known.hash(of: directory + "/" + name))  \(name)\n") }
    return SHA256.hexadecimal(parts.joined())
  }
}
