// What can go wrong between a run and the disk.

/// Why a run directory could not be written, read or continued.
public enum CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A file or folder could not be written; what had been saved before is untouched.
  case notWritten(path: String, reason: String)
  /// A file that a run is made of cannot be read.
  case notHashed(path: String)
  /// A checkpoint's file is missing, damaged or of another format.
  case notRead(path: String, problem: String)
  /// The checkpoint belongs to another run; one sentence for each difference.
  case mismatch(path: String, differences: [String])

  public var description: String {
    switch self {
    case .notWritten(let path, let reason):
      "'\(path)' could not be written: \(reason); earlier checkpoints are untouched: make room, then continue "
        + "with --resume"
    case .notHashed(let path): "'\(path)' cannot be read; check that it is there and what its permissions are"
    case .notRead(let path, let problem):
      "'\(path)' \(problem); remove that checkpoint to continue from the one before it"
    case .mismatch(let path, let differences):
      "'\(path)' was made by another run: \(differences.joined(separator: "; ")); put back what it was, or "
        + "start over in another output_dir"
    }
  }
}
