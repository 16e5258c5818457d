// `run.json`: everything that decides what a run computes, so that it can be repeated, and continued only as itself.

/// What a run was made of.
public struct RunDescription: Sendable, Codable, Hashable {
  /// The version of this package.
  public var version: String
  /// The run file with every default filled in.
  public var settings: [String: SettingValue]
  /// Content hashes by what was hashed: `model`, `data`, `tokenizer`, `plugin libX.so` and so on.
  public var hashes: [String: String]
  /// The processor and the instruction set in use; for the record, not compared.
  public var processor: [String]

  /// Settings that change neither a weight nor a line of the log, so that a resumed run may have others.
  public static let freeSettings: Set<String> = [
    "gradient_checkpointing", "output_dir", "precompute_ref_log_probs", "save_steps", "save_total_limit",
    "threads",
  ]

  /// Joins what decides a run.
  public init(
    version: String, settings: [String: SettingValue], hashes: [String: String], processor: [String]
  ) {
    (self.version, self.settings, self.hashes, self.processor) = (version, settings, hashes, processor)
  }

  /// One sentence for each thing that makes this run another one than `saved`; none, it may be continued.
  public func differences(from saved: RunDescription) -> [String] {
    var found: [String] = []
    if version != saved.version { found.append("prefer was \(saved.version), is now \(version)") }
    for key in Set(settings.keys).union(saved.settings.keys).subtracting(Self.freeSettings).sorted() {
      let (before, now) = (saved.settings[key], settings[key])
      guard before != now else { continue }
      found.append("\(key) was \(before?.line ?? "not set"), is now \(now?.line ?? "not set")")
    }
    for key in Set(hashes.keys).union(saved.hashes.keys).sorted() where hashes[key] != saved.hashes[key] {
      switch (saved.hashes[key], hashes[key]) {
      case (nil, _): found.append("the run had no \(key)")
      case (_, nil): found.append("the run had a \(key), which is now missing")
      default: found.append("the contents of the \(key) have changed")
      }
    }
    return found
  }

  /// The text of `run.json`.
  var page: String {
    SettingValue.object([
      "version": .string(version), "settings": .object(settings),
      "hashes": .object(hashes.mapValues { .string($0) }),
      "processor": .array(processor.map { .string($0) }),
    ]).page
  }
}
