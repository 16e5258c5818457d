// Dice that replay: a small generator whose stream is a function of its seed alone.

public import Tensors

/// What losses throw: SplitMix64. They get theirs from ``LossContext/generator(row:)``.
public typealias LossGenerator = SplitMix
