// What to do about a law that is broken, for people who wrote the loss and not the law.

extension Law {
  /// What usually mends it.
  public var remedy: String {
    switch self {
    case .card:
      "give the card and every field its words, names in lower case, and let every field be set and printed"
    case .knobs: "read the hyperparameter in the loss, or take it out of 'hyperparameters'"
    case .finite:
      "use logSigmoid, softplus, log1p, expm1 and logSumExp for what they spell, and clamp what may be 0 or infinite"
    case .differences:
      "compute with tensors throughout; hand-written derivatives must be those of the value, and what is held "
        + "constant goes through stopGradient"
    case .padding:
      "sum over tokens with sequenceLogProbability, sequenceSum(of:_:) or sumOfFirst, not over whole rows"
    case .declarations: "declare what is read in 'requirements': statistics, references, annotations"
    case .determinism:
      "take dice from context.generator(row:), never from the system, and keep nothing in statics"
    case .state:
      "remember through context.remember and read with context.remembered; both mean the step, however it is cut up"
    case .partition:
      "set requirements.couplesItems where items depend on each other; else look for indices that slip"
    case .sums: "return terms whose values do not depend on what else is in the sum, each with a name"
    case .wrapping:
      "add to the inner loss's requirements, and change the batch through weightingTokens, mixingReferences, "
        + "shiftingMargins and scalingLogRatios only"
    case .start: "promise in startingValue what the loss is at margin 0, or leave it out; declare startsFlat"
    case .memory: "keep to tensors of one number a token or a completion; compare items by sorting or summing"
    }
  }
}
