// Two samples of a batch compared by their quantiles, as both AOT losses do.

import PreferenceCore

/// The logistic loss of the differences between quantiles, with label smoothing.
///
///     ℓ_k = −(1 − ε) log σ(βd_k) − ε log σ(−βd_k),   d_k = better₍ₖ₎ − worse₍ₖ₎
///
/// `x₍ₖ₎` is the `k`-th smallest of the batch, found in `P log P` steps; gradients flow to the sorted values, not
/// through the order.
///
/// - Shapes: `better`, `worse` and the result are `[P]`, in nats; the result goes from the smallest to the largest.
func quantileLosses(_ better: Tensor, above worse: Tensor, beta: Double, labelSmoothing: Double) -> Tensor {
  let z = beta * (better.rows(better.sortedOrder()) - worse.rows(worse.sortedOrder()))
  let loss = (labelSmoothing - 1) * logSigmoid(z)
  return labelSmoothing == 0 ? loss : loss - labelSmoothing * logSigmoid(-z)
}
