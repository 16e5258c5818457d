// References that follow the policy from a distance (TR-DPO's moving reference).

import Optimizers

/// Moves references towards the policy now and then.
///
/// After every `steps` optimisation steps,
///
///     reference ← mixup · policy + (1 − mixup) · reference
public struct ReferenceRefresh: Sendable, Codable, Hashable {
  /// Optimisation steps between two moves; at least 1.
  public var steps: Int
  /// The policy's share of the new reference, in 0...1; 1 copies the policy.
  public var mixup: Double

  /// - Precondition: `steps` is positive and `mixup` in 0...1.
  public init(steps: Int, mixup: Double) {
    precondition(steps > 0, "ReferenceRefresh: \(steps) steps between refreshes; at least 1 is needed")
    precondition((0...1).contains(mixup), "ReferenceRefresh: mixup \(mixup) is not in 0...1")
    (self.steps, self.mixup) = (steps, mixup)
  }

  /// Throws where none of `references` can follow a policy with these `parameters`.
  func check(_ references: [any Scorer], against parameters: Parameters) throws(TrainingError) {
    for (index, reference) in references.enumerated() {
      guard let reference = reference as? any RefreshableScorer else {
        throw .notRefreshable(reference: index + 1, problem: "its weights are not its own")
      }
      for parameter in parameters where reference.parameters[parameter.name]?.shape != parameter.shape {
        throw .notRefreshable(
          reference: index + 1, problem: "it has no '\(parameter.name)' of shape \(parameter.shape)")
      }
    }
  }

  /// Moves `reference` if `step` steps done are a multiple of ``steps``.
  func move(_ reference: any RefreshableScorer, towards policy: Parameters, after step: Int) {
    guard step.isMultiple(of: steps) else { return }
    reference.parameters.move(towards: policy, by: Float(mixup))
    reference.parametersChanged()
  }
}
