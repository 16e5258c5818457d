// Memory for kernels: 64-byte aligned or mapped from a file, shared by reference, windowed by value.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Memory that is freed once nobody holds it.
// Immutable apart from the scalars, whose owners keep writers apart.
public final class Allocation: @unchecked Sendable {
  /// Where it starts.
  public let base: UnsafeMutableRawPointer
  /// How long it is.
  public let byteCount: Int
  private let release: (UnsafeMutableRawPointer, Int) -> Void

  /// Zeroed, 64-byte aligned memory; large pieces come in large pages.
  ///
  /// Pages that nobody touches take no memory in large pieces, and in small ones if they are said to be `sparse`.
  public init(byteCount: Int, sparse: Bool = false) {
    self.byteCount = byteCount
    if byteCount >= (sparse ? Self.sparsePiece : Self.hugePage), let pages = Self.pages(byteCount) {
      (base, release) = (pages, { base, byteCount in munmap(base, byteCount) })
      return
    }
    base = .allocate(byteCount: max(64, byteCount), alignment: 64)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    release = { base, _ in base.deallocate() }
  }

  /// From this size on, memory comes from the system in pages of its own.
  private static let hugePage = 2 << 20
  /// From this size on it does so if parts may stay untouched.
  private static let sparsePiece = 1 << 17

  /// Fresh pages, which the system has zeroed; `nil` where it has none to give.
  private static func pages(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    #if canImport(Darwin)
      let flags = MAP_PRIVATE | MAP_ANON
    #else
      let flags = MAP_PRIVATE | MAP_ANONYMOUS
    #endif
    guard let base = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0), base != MAP_FAILED else {
      return nil
    }
    #if os(Linux)
      // A fault for every 2 MB instead of every 4 kB, and fewer misses when addresses are looked up.
      madvise(base, byteCount, MADV_HUGEPAGE)
    #endif
    return base
  }

  /// Takes over memory from elsewhere (a mapped file); `release` gets it back.
  public init(
    adopting base: UnsafeMutableRawPointer, byteCount: Int,
    release: @escaping (UnsafeMutableRawPointer, Int) -> Void
  ) {
    (self.base, self.byteCount, self.release) = (base, byteCount, release)
  }

  deinit { release(base, byteCount) }
}

/// A window onto shared scalars. Copies of a buffer see the same memory.
public struct AlignedBuffer<Scalar: BitwiseCopyable>: @unchecked Sendable {  // see Allocation
  /// The memory it looks at, kept alive.
  public let allocation: Allocation
  /// Its first scalar; valid as long as the buffer is held.
  public let base: UnsafeMutablePointer<Scalar>
  /// How many scalars it sees.
  public let count: Int

  /// `count` zeros.
  public init(count: Int) {
    allocation = Allocation(byteCount: count * MemoryLayout<Scalar>.stride)
    base = allocation.base.bindMemory(to: Scalar.self, capacity: count)
    self.count = count
  }

  /// `count` zeros, some of which may never be touched.
  public init(untouched count: Int) {
    allocation = Allocation(byteCount: count * MemoryLayout<Scalar>.stride, sparse: true)
    base = allocation.base.bindMemory(to: Scalar.self, capacity: count)
    self.count = count
  }

  /// A copy of `scalars`.
  public init(_ scalars: some Collection<Scalar>) {
    self.init(count: scalars.count)
    _ = UnsafeMutableBufferPointer(start: base, count: count).initialize(from: scalars)
  }

  /// `count` scalars from `byteOffset` on in `allocation`.
  public init(_ allocation: Allocation, byteOffset: Int, count: Int) {
    precondition(
      byteOffset >= 0 && byteOffset + count * MemoryLayout<Scalar>.stride <= allocation.byteCount,
      "AlignedBuffer: \(count) scalars at byte \(byteOffset) of \(allocation.byteCount)")
    self.allocation = allocation
    base = (allocation.base + byteOffset).assumingMemoryBound(to: Scalar.self)
    self.count = count
  }

  private init(_ allocation: Allocation, base: UnsafeMutablePointer<Scalar>, count: Int) {
    (self.allocation, self.base, self.count) = (allocation, base, count)
  }

  /// The scalars in `range`, without copying.
  public func window(_ range: Range<Int>) -> AlignedBuffer {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count, "AlignedBuffer: window \(range) of \(count) scalars"
    )
    return AlignedBuffer(allocation, base: base + range.lowerBound, count: range.count)
  }

  /// How far behind the start of its memory it begins, in bytes.
  public var byteOffset: Int { UnsafeRawPointer(base) - UnsafeRawPointer(allocation.base) }

  /// One scalar.
  ///
  /// - Precondition: `index` is in `0..<count`.
  @inlinable public subscript(index: Int) -> Scalar {
    get {
      precondition(index >= 0 && index < count, "AlignedBuffer: index \(index) of \(count)")
      return base[index]
    }
    nonmutating set {
      precondition(index >= 0 && index < count, "AlignedBuffer: index \(index) of \(count)")
      base[index] = newValue
    }
  }

  /// A copy as an array.
  public var scalars: [Scalar] { Array(UnsafeBufferPointer(start: base, count: count)) }
}

/// Single-precision scalars.
public typealias FloatBuffer = AlignedBuffer<Float>
/// bfloat16 scalars: the upper halves of single-precision ones.
public typealias BrainFloatBuffer = AlignedBuffer<UInt16>
