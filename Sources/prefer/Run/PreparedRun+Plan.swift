// What a run is going to do, in lines for people.

import Foundation
import Optimizers
import PreferenceCore
import PreferenceData
import ReferenceCache
import TransformerModels

extension PreparedRun {
  /// The plan: model, loss and what it reads, rows, steps, memory.
  var lines: [String] {
    let settings = request.settings
    var lines = [
      row(
        "model",
        "\(settings.model), \(Numbers.count(opened.model.parameterCount)) parameters, \(settings.computeType.rawValue)"
      ),
      row("loss", request.objective.expression.description),
    ]
    if let adapter = opened.adapterDescription { lines.insert(row("adapter", adapter), at: 1) }
    if let translation = request.objective.translation { lines.append(row("", translation)) }
    lines += Explanation.requirements(request.objective.loss.requirements).map { row("", $0) }
    if !request.references.isEmpty {
      lines.append(row("references", request.references.map(provenance).joined(separator: "; ")))
      if let folder = references.cached.first?.archive.folder {
        let root = folder.split(separator: "/").dropLast(2).joined(separator: "/")
        lines.append(row("", "their scores are kept in \(folder.hasPrefix("/") ? "/" : "")\(root)"))
      }
    }
    lines += account(of: rows, as: "rows")
    if let heldOut {
      if settings.evaluationRows != nil {
        lines += account(of: heldOut, as: "held out")
      } else {
        lines.append(row("held out", "\(heldOut.rows.count) of them; \(rows.rows.count) are learned from"))
      }
    }
    let perStep = settings.batchSize * settings.accumulationSteps
    lines.append(
      row("steps", "\(plan.totalSteps), \(perStep) rows each, \(batches.stepsPerEpoch) an epoch"))
    lines.append(
      row(
        "optimizer",
        "\(request.optimizerText), learning rate \(Numbers.short(settings.learningRate)) "
          + "(\(settings.schedule.rawValue), \(plan.schedule.warmup.steps(of: plan.totalSteps)) steps of warm-up)"
      ))
    lines.append(row("memory", memory.description))
    lines.append(row("", memory.cutting))
    lines.append(row("output", settings.outputDirectory))
    return lines
  }

  private func row(_ name: String, _ text: String) -> String { Numbers.padded(name, 12) + text }

  private func provenance(_ name: String) -> String {
    let follows =
      request.settings.syncsReference
      ? ", moved by \(Numbers.short(request.settings.referenceMixup)) towards the policy every "
        + "\(request.settings.referenceSyncSteps) steps" : ""
    guard name == "base" else { return name + follows }
    var start = "base = \(request.settings.model) as it starts"
    if let adapter = request.settings.adapterStart {
      let hash = (try? RunRecord.adapterHash(adapter)).map { " (\($0.prefix(8)))" } ?? ""
      start += ", with the adapter \(adapter)\(hash)"
    } else if request.settings.usesAdapter {
      start += ", without the new adapter"
    }
    return start + follows
  }

  private func account(of rows: PreferenceDataset, as name: String) -> [String] {
    rows.reports.enumerated().flatMap { index, report in
      [row(index == 0 ? name : "", "\(report.file): \(report.summary)")] + report.warnings.map { row("", $0) }
    }
  }
}
