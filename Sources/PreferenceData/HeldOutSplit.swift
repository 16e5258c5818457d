// A part of the rows set aside for evaluation.

extension PreferenceDataset {
  /// Sets aside about `fraction` of the rows, drawn by `seed` alone.
  ///
  /// Rows of the same prompt stay together, so that no held-out prompt is trained on; at least one row is
  /// set aside, and at least one kept. Both parts keep the order and the report of the file.
  ///
  /// - Precondition: `fraction` is above 0 and below 1.
  /// - Throws: ``DataError`` where all rows share one prompt.
  public func holdingOut(
    fraction: Double, seed: UInt64
  ) throws(DataError) -> (training: PreferenceDataset, heldOut: PreferenceDataset) {
    precondition(
      fraction > 0 && fraction < 1, "a fraction of \(fraction) cannot be held out: it is not in (0, 1)")
    var rowsOfPrompt: [[Int32]: [Int]] = [:]
    var prompts: [[Int32]] = []
    for (index, row) in rows.enumerated() {
      if rowsOfPrompt[row.whole.prompt] == nil { prompts.append(row.whole.prompt) }
      rowsOfPrompt[row.whole.prompt, default: []].append(index)
    }
    guard prompts.count > 1 else {
      throw DataError(file, "all rows share one prompt, so none can be held out; set eval_path instead")
    }
    let target = Swift.max(1, Int((fraction * Double(rows.count)).rounded()))
    var generator = SplitMix(seed: seed, stream: 0x4845_4C44)
    var isHeldOut = [Bool](repeating: false, count: rows.count)
    var count = 0
    for prompt in generator.permutation(prompts.count).dropLast() where count < target {
      for index in rowsOfPrompt[prompts[prompt]] ?? [] {
        isHeldOut[index] = true
        count += 1
      }
    }
    let parts = rows.indices.reduce(into: (training: [TokenizedRow](), heldOut: [TokenizedRow]())) {
      parts, index in
      if isHeldOut[index] { parts.heldOut.append(rows[index]) } else { parts.training.append(rows[index]) }
    }
    return (PreferenceDataset(parts.training, of: self), PreferenceDataset(parts.heldOut, of: self))
  }
}
