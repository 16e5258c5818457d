// What the way back carries: the derivative of the objective by every scalar of one tensor.

import VectorKernels

/// `∂objective/∂output` of one recorded operation.
///
/// The gradient of a sum is one number everywhere; it stays one number until somebody needs it written out.
enum Cotangent: Sendable {
  /// One number for all of `count` scalars, to be rounded to the format.
  case uniform(Double, count: Int, ScalarType)
  /// One number for each.
  case dense(TensorStorage)

  /// The numbers written out; shared where they are already.
  var storage: TensorStorage {
    switch self {
    case .uniform(let value, let count, let type): TensorStorage(repeating: value, count: count, type)
    case .dense(let storage): storage
    }
  }

  /// The format of the numbers.
  var scalarType: ScalarType {
    switch self {
    case .uniform(_, _, let type): type
    case .dense(let storage): storage.scalarType
    }
  }

  /// The same numbers in another format.
  func converted(to type: ScalarType) -> Cotangent {
    switch self {
    case .uniform(let value, let count, _): .uniform(value, count: count, type)
    case .dense(let storage): .dense(storage.converted(to: type))
    }
  }
}

/// The sum of the cotangents that have reached one node so far.
struct CotangentSum {
  private(set) var cotangent: Cotangent
  /// Whether the memory is this sum's alone, so that more can be added in place.
  private var isOwned: Bool

  /// Begins with one cotangent; `isOwned` where nobody else holds its memory.
  init(_ cotangent: Cotangent, isOwned: Bool) { (self.cotangent, self.isOwned) = (cotangent, isOwned) }

  /// Begins with zeros.
  init(zeros count: Int, _ type: ScalarType) {
    self.init(.dense(TensorStorage(zeros: count, type)), isOwned: true)
  }

  /// Memory to add to in place.
  mutating func owned() -> TensorStorage {
    switch cotangent {
    case .dense(let storage) where isOwned: return storage
    case .dense(let storage): return own(storage.copied)
    case .uniform: return own(cotangent.storage)
    }
  }

  /// Adds another cotangent of the same count and format.
  mutating func add(_ other: Cotangent) {
    if case .uniform(let a, let count, let type) = cotangent, case .uniform(let b, _, _) = other {
      cotangent = .uniform(a + b, count: count, type)
    } else {
      owned().add(other.storage)
    }
  }

  private mutating func own(_ storage: TensorStorage) -> TensorStorage {
    (cotangent, isOwned) = (.dense(storage), true)
    return storage
  }
}
