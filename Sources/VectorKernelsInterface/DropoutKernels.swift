// What every instruction set implements for dropout.

/// A serial loop over one row; every conformer leaves out the same elements.
public protocol DropoutKernels: SendableMetatype {
  /// y = 0 where the number drawn for key and column is below `probability`, x/(1 − probability) elsewhere.
  static func drop(_ x: Scalars, _ key: UInt64, _ probability: Float, _ y: MutableScalars, _ n: Int)
}
