// The tensors of a checkpoint: weights, optimizer buffers, references that moved; exact to the bit.

import Foundation
import Optimizers
import PreferenceCore
import Safetensors
import VectorKernels

/// Reads and writes what is as large as the model.
enum CheckpointTensors {
  private static let trained = "trained.safetensors"
  private static let optimizer = "optimizer.safetensors"
  private static func reference(_ index: Int) -> String { "reference-\(index + 1).safetensors" }

  /// Writes buffers, references that follow the policy, and weights that the model's own files do not hold exactly.
  static func write(_ trainer: Trainer, to folder: URL) throws {
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    let files = try modelFiles(in: folder.path)
    let missing = trainer.policy.parameters.filter { parameter in
      !files.contains { holds($0, parameter) }
    }
    if !missing.isEmpty { try SafetensorsWriter.write(tensors(missing), to: path(trained)) }
    let buffers = trainer.optimizerState.entries.map {
      SafetensorsTensor($0.name, shape: $0.shape, floats: $0.values)
    }
    try SafetensorsWriter.write(
      buffers, metadata: ["format": "pt", "step": "\(trainer.optimizerState.step)"], to: path(optimizer))
    guard trainer.options.refresh != nil else { return }
    for (index, scorer) in trainer.references.enumerated() {
      guard let scorer = scorer as? any RefreshableScorer else { continue }
      try SafetensorsWriter.write(tensors(Array(scorer.parameters)), to: path(reference(index)))
    }
  }

  /// Fills weights, buffers and references in place.
  static func read(into trainer: Trainer, from folder: String) throws(CheckpointError) {
    do throws(SafetensorsError) {
      let files = try modelFiles(in: folder)
      for parameter in trainer.policy.parameters {
        guard let file = files.first(where: { holds($0, parameter) }) else {
          throw SafetensorsError(
            path: folder, tensor: parameter.name.description, problem: "is in none of the checkpoint's files",
            remedy: "was the checkpoint written by another kind of run?")
        }
        try fill(parameter.values, from: file, parameter.name.description, parameter.shape)
      }
      let buffers = try SafetensorsFile(mapping: folder + "/" + optimizer)
      for entry in trainer.optimizerState.entries {
        try fill(entry.values, from: buffers, entry.name, entry.shape)
      }
      if trainer.options.refresh != nil {
        for (index, scorer) in trainer.references.enumerated() {
          guard let scorer = scorer as? any RefreshableScorer else { continue }
          let file = try SafetensorsFile(mapping: folder + "/" + reference(index))
          for parameter in scorer.parameters {
            try fill(parameter.values, from: file, parameter.name.description, parameter.shape)
          }
          scorer.parametersChanged()
        }
      }
    } catch {
      throw .notRead(path: folder, problem: "cannot be continued: \(error)")
    }
    trainer.policy.parametersChanged()
  }

  /// The checkpoint's files with weights; those written for exactness first.
  private static func modelFiles(in folder: String) throws(SafetensorsError) -> [SafetensorsFile] {
    let names = DurableFile.names(in: folder).filter {
      $0.hasSuffix(".safetensors") && $0 != optimizer && !$0.hasPrefix("reference-")
    }
    var files: [SafetensorsFile] = []
    for name in names.filter({ $0 == trained }) + names.filter({ $0 != trained }) {
      files.append(try SafetensorsFile(mapping: folder + "/" + name))
    }
    return files
  }

  private static func holds(_ file: SafetensorsFile, _ parameter: Parameter) -> Bool {
    let name = parameter.name.description
    guard file.contains(name), let type = try? file.scalarType(of: name), type == .float32 else {
      return false
    }
    return (try? file.shape(of: name)) == parameter.shape
  }

  private static func tensors(_ parameters: [Parameter]) -> [SafetensorsTensor] {
    parameters.map { SafetensorsTensor($0.name.description, shape: $0.shape, floats: $0.values) }
  }

  private static func fill(
    _ buffer: FloatBuffer, from file: SafetensorsFile, _ name: String, _ shape: [Int]
  ) throws(SafetensorsError) {
    guard try file.shape(of: name) == shape else {
      throw SafetensorsError(
        path: file.path, tensor: name, problem: "has shape \(try file.shape(of: name)), not \(shape)",
        remedy: "was the checkpoint written by another kind of run?")
    }
    // Copied one by one: arithmetic would turn −0 into 0, and a resumed run would no longer be the same.
    let stored = try file.floats(of: name)
    for i in 0..<buffer.count { buffer[i] = stored[i] }
  }
}
