// Why a safetensors file could not be read or written, in words for the person who named the file.

/// A problem with one file, and with one tensor in it where that is known.
public struct SafetensorsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file.
  public let path: String
  /// The tensor at fault; nil where the problem is the file's.
  public let tensor: String?
  /// What is wrong.
  public let problem: String
  /// What to do about it.
  public let remedy: String

  /// States a problem. Texts are lower case, without a full stop.
  public init(path: String, tensor: String? = nil, problem: String, remedy: String) {
    (self.path, self.tensor, self.problem, self.remedy) = (path, tensor, problem, remedy)
  }

  /// `'model.safetensors': tensor 'a.weight' …; what to do`.
  public var description: String {
    "'\(path)': \(tensor.map { "tensor '\($0)' " } ?? "")\(problem); \(remedy)"
  }
}

extension SafetensorsError {
  /// What to do about a file that contradicts itself.
  static let fetchAgain = "fetch or write the file again"
}
