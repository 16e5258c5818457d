// A safetensors file mapped into memory: its tensors are windows onto the file's own bytes.

import Foundation
public import VectorKernels

/// Named tensors of one file. Opening reads the header; a tensor's pages are read when they are used.
///
/// The mapping is private and lives as long as any window onto it: whoever writes to a window gets
/// copies of the pages written to, and the file stays as it is. Replacing the file by renaming
/// another over it is safe; cutting it short while it is mapped is not.
public struct SafetensorsFile: Sendable {
  /// Where the file is.
  public let path: String
  private let header: SafetensorsHeader
  private let mapping: Allocation
  private let start: Int

  /// Maps the file at `path` and checks its header completely.
  ///
  /// - Throws: the first thing that is wrong with the file.
  public init(mapping path: String) throws(SafetensorsError) {
    self.path = path
    mapping = try Self.map(path)
    guard mapping.byteCount >= 8 else {
      throw SafetensorsError(
        path: path, problem: "is \(mapping.byteCount) bytes long, too short for a safetensors file",
        remedy: "the file looks truncated: fetch it again")
    }
    let length = UInt64(littleEndian: mapping.base.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(SafetensorsHeader.longest) else {
      throw SafetensorsError(
        path: path, problem: "claims a header of \(length) bytes, and 100 MB is the limit",
        remedy: "check that this is a safetensors file")
    }
    start = 8 + Int(length)
    guard start <= mapping.byteCount else {
      throw SafetensorsError(
        path: path,
        problem: "claims a header of \(length) bytes, but is only \(mapping.byteCount) bytes long",
        remedy: "the file looks truncated: fetch it again")
    }
    let text = AlignedBuffer<UInt8>(mapping, byteOffset: 8, count: Int(length)).scalars
    header = try SafetensorsHeader(text, byteCount: mapping.byteCount - start, path: path)
  }

  /// Every tensor's name, in the order of their bytes.
  public var names: [String] { header.names }

  /// What the writer noted about the file: `["format": "pt"]`, usually.
  public var metadata: [String: String] { header.metadata }

  /// Whether the file holds a tensor of that name.
  public func contains(_ name: String) -> Bool { header.entries[name] != nil }

  /// The shape of tensor `name`.
  ///
  /// - Throws: if there is no such tensor.
  public func shape(of name: String) throws(SafetensorsError) -> [Int] { try entry(name).shape }

  /// The scalar type of tensor `name`.
  ///
  /// - Throws: if there is no such tensor.
  public func scalarType(of name: String) throws(SafetensorsError) -> SafetensorsScalar {
    try entry(name).scalarType
  }

  /// The bytes of tensor `name`, without copying.
  ///
  /// - Throws: if there is no such tensor.
  public func bytes(of name: String) throws(SafetensorsError) -> AlignedBuffer<UInt8> {
    let bytes = try entry(name).bytes
    return AlignedBuffer(mapping, byteOffset: start + bytes.lowerBound, count: bytes.count)
  }

  /// The scalars of tensor `name` as they are stored, without copying where their address allows it.
  ///
  /// - Throws: if there is no such tensor, or if `Scalar` is not of its size.
  public func buffer<Scalar: BitwiseCopyable>(
    of name: String, as type: Scalar.Type
  ) throws(SafetensorsError) -> AlignedBuffer<Scalar> {
    let entry = try entry(name)
    let width = MemoryLayout<Scalar>.stride
    guard entry.scalarType.byteCount == width else {
      throw SafetensorsError(
        path: path, tensor: name,
        problem:
          "has scalars of \(entry.scalarType.byteCount) bytes (\(entry.scalarType.rawValue)), not \(width)",
        remedy: "read it as its own type")
    }
    let offset = start + entry.bytes.lowerBound
    let count = entry.bytes.count / width
    if (mapping.base + offset).alignedUp(toMultipleOf: MemoryLayout<Scalar>.alignment) == mapping.base
      + offset
    {
      return AlignedBuffer(mapping, byteOffset: offset, count: count)
    }
    let copy = AlignedBuffer<Scalar>(count: count)
    UnsafeMutableRawPointer(copy.base).copyMemory(from: mapping.base + offset, byteCount: entry.bytes.count)
    return copy
  }

  /// The scalars of tensor `name` in single precision: a window onto the file for F32, else a converted copy.
  ///
  /// - Throws: if there is no such tensor, or if its scalars are not F64, F32, F16 or BF16.
  public func floats(of name: String) throws(SafetensorsError) -> FloatBuffer {
    switch try scalarType(of: name) {
    case .float32: return try buffer(of: name, as: Float.self)
    case .bfloat16:
      let stored = try buffer(of: name, as: UInt16.self)
      let result = FloatBuffer(count: stored.count)
      convert(stored, into: result)
      return result
    case .float16:
      let stored = try buffer(of: name, as: UInt16.self)
      let result = FloatBuffer(count: stored.count)
      convertHalf(stored, into: result)
      return result
    case .float64:
      let stored = try buffer(of: name, as: Double.self)
      return FloatBuffer(stored.scalars.map { Float($0) })
    case let other:
      throw SafetensorsError(
        path: path, tensor: name,
        problem: "has dtype \(other.rawValue), which is not a floating-point type for weights",
        remedy: "convert it to F32, F16 or BF16")
    }
  }

  /// Copies the scalars of tensor `name` in single precision, and lets the file's pages go.
  ///
  /// - Throws: as ``floats(of:)``.
  /// - Precondition: `values` holds as many scalars as the tensor.
  public func read(_ name: String, into values: FloatBuffer) throws(SafetensorsError) {
    switch try scalarType(of: name) {
    case .bfloat16: convert(try buffer(of: name, as: UInt16.self), into: values)
    case .float16: convertHalf(try buffer(of: name, as: UInt16.self), into: values)
    default: copy(try floats(of: name), into: values)
    }
    let bytes = try entry(name).bytes
    // Clean pages of a private mapping: they are read again if anybody looks at them.
    let page = Int(getpagesize())
    let first = (start + bytes.lowerBound + page - 1) / page * page
    let last = (start + bytes.upperBound) / page * page
    if last > first { madvise(mapping.base + first, last - first, MADV_DONTNEED) }
  }

  private func entry(_ name: String) throws(SafetensorsError) -> SafetensorsEntry {
    guard let entry = header.entries[name] else {
      throw SafetensorsError(
        path: path, tensor: name, problem: "is missing",
        remedy: "the file holds \(names.count) tensors\(names.first.map { ", the first is '\($0)'" } ?? "")")
    }
    return entry
  }

  private static func map(_ path: String) throws(SafetensorsError) -> Allocation {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw systemError(path, "cannot be opened") }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw systemError(path, "cannot be examined") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw SafetensorsError(
        path: path, problem: "is not a file", remedy: "give the path of a safetensors file")
    }
    let byteCount = Int(status.st_size)
    guard byteCount > 0 else {
      throw SafetensorsError(path: path, problem: "is empty", remedy: SafetensorsError.fetchAgain)
    }
    guard let base = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0),
      base != MAP_FAILED
    else {
      throw systemError(path, "cannot be mapped into memory")
    }
    return Allocation(adopting: base, byteCount: byteCount) { base, byteCount in munmap(base, byteCount) }
  }

  /// The operating system's own words for what went wrong.
  static func systemError(_ path: String, _ problem: String) -> SafetensorsError {
    let isFull = errno == ENOSPC || errno == EDQUOT
    let reason = String(cString: strerror(errno)).lowercased()
    return SafetensorsError(
      path: path, problem: "\(problem) (\(reason))",
      remedy: isFull ? "make room on the disk" : "check the path and its permissions")
  }
}
