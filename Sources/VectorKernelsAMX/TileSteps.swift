// How one step of a panel by one of a panel is multiplied, and where other work stands between its instructions.

import ProcessorFeatures

/// One step of depth of two panels, and ticks of an errand as evenly as products allow.
///
/// Products wait in the processor's window for their turn, which takes 16 cycles each: other work costs nothing there, if it
/// comes in portions of some 30 instructions with products in between. What comes in one piece keeps tiles idle.
protocol TileSteps {
  /// How many ticks a step has.
  static var ticks: Int { get }
  /// Adds one step to the sums in the tiles; rows of the left one's lie `rowBytes` apart.
  static func add<E: TileErrand>(
    _ a: UnsafeRawPointer, _ rowBytes: Int, _ b: UnsafeRawPointer, _: E.Type, _ errand: inout E.State)
}

/// The four products of the operands' tiles, with a tick between their halves.
@inline(__always)
private func multiplyTicking<E: TileErrand>(_: E.Type, _ errand: inout E.State) {
  processor_tiles_multiply_upper()
  E.tick(&errand)
  processor_tiles_multiply_lower()
}

/// bfloat16, the left operand's panel kept in the first-level cache.
enum KeptSteps: TileSteps {
  @inline(__always) static var ticks: Int { 1 }
  @inline(__always)
  static func add<E: TileErrand>(
    _ a: UnsafeRawPointer, _ rowBytes: Int, _ b: UnsafeRawPointer, _: E.Type, _ errand: inout E.State
  ) {
    processor_tiles_read_streaming_right(a, rowBytes, b)
    processor_tiles_multiply()
    E.tick(&errand)
  }
}

/// bfloat16, the left operand packed: the right one's panel stays in the first-level cache.
enum PackedSteps: TileSteps {
  @inline(__always) static var ticks: Int { 2 }
  @inline(__always)
  static func add<E: TileErrand>(
    _ a: UnsafeRawPointer, _: Int, _ b: UnsafeRawPointer, _: E.Type, _ errand: inout E.State
  ) {
    processor_tiles_read_streaming_left(a, b)
    multiplyTicking(E.self, &errand)
    E.tick(&errand)
  }
}

/// Three parts, in falling order, by bfloat16.
enum ThreeByOne: TileSteps {
  @inline(__always) static var ticks: Int { 2 }
  @inline(__always)
  static func add<E: TileErrand>(
    _ a: UnsafeRawPointer, _: Int, _ b: UnsafeRawPointer, _: E.Type, _ errand: inout E.State
  ) {
    processor_tiles_right(b, 0)
    processor_tiles_left(a, 2)
    multiplyTicking(E.self, &errand)
    processor_tiles_left(a, 0)
    processor_tiles_multiply()
    E.tick(&errand)
    processor_tiles_left(a, 1)
    processor_tiles_multiply()
  }
}

/// Three parts by three, the six largest products.
///
/// 14 tiles are read for 24 products: all parts of the left operand by the right one's first, then the pairs
/// that are left of its second and third.
enum ThreeByThree: TileSteps {
  @inline(__always) static var ticks: Int { 4 }
  @inline(__always)
  static func add<E: TileErrand>(
    _ a: UnsafeRawPointer, _: Int, _ b: UnsafeRawPointer, _: E.Type, _ errand: inout E.State
  ) {
    ThreeByOne.add(a, 0, b, E.self, &errand)
    processor_tiles_right(b, 1)
    multiplyTicking(E.self, &errand)
    processor_tiles_left(a, 0)
    processor_tiles_multiply()
    E.tick(&errand)
    processor_tiles_right(b, 2)
    processor_tiles_multiply()
  }
}

/// Two parts, in falling order, by bfloat16.
enum TwoByOne: TileSteps {
  @inline(__always) static var ticks: Int { 2 }
  @inline(__always)
  static func add<E: TileErrand>(
    _ a: UnsafeRawPointer, _: Int, _ b: UnsafeRawPointer, _: E.Type, _ errand: inout E.State
  ) {
    processor_tiles_right(b, 0)
    processor_tiles_left(a, 1)
    multiplyTicking(E.self, &errand)
    processor_tiles_left(a, 0)
    multiplyTicking(E.self, &errand)
  }
}

/// Two parts by two, the three largest products.
enum TwoByTwo: TileSteps {
  @inline(__always) static var ticks: Int { 3 }
  @inline(__always)
  static func add<E: TileErrand>(
    _ a: UnsafeRawPointer, _: Int, _ b: UnsafeRawPointer, _: E.Type, _ errand: inout E.State
  ) {
    TwoByOne.add(a, 0, b, E.self, &errand)
    processor_tiles_right(b, 1)
    multiplyTicking(E.self, &errand)
  }
}
