// Why a model could not be read or written, in words for the person who named it.

public import Safetensors

/// A problem with a model's files.
public struct ModelError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong, where, and what to do.
  public let description: String

  /// States a problem: lower case, no full stop.
  public init(_ description: String) { self.description = description }

  /// A problem that the file format met.
  public init(_ error: SafetensorsError) { description = error.description }
}

/// `body`'s result, with problems of files turned into problems of the model.
func readingFiles<Result>(_ body: () throws(SafetensorsError) -> Result) throws(ModelError) -> Result {
  do throws(SafetensorsError) {
    return try body()
  } catch {
    throw ModelError(error)
  }
}
