// What a safetensors file says it holds, checked against the bytes that are really there.

/// One tensor's entry in a header.
struct SafetensorsEntry: Sendable, Hashable {
  let scalarType: SafetensorsScalar
  let shape: [Int]
  /// Byte offsets behind the header.
  let bytes: Range<Int>
}

/// A header whose every entry has been checked.
struct SafetensorsHeader: Sendable {
  /// The longest header the format allows, in bytes.
  static let longest = 100_000_000

  private(set) var entries: [String: SafetensorsEntry] = [:]
  /// Tensor names in the order of their bytes.
  private(set) var names: [String] = []
  private(set) var metadata: [String: String] = [:]

  /// Parses and checks `text`; `byteCount` is the number of bytes that follow the header.
  init(_ text: [UInt8], byteCount: Int, path: String) throws(SafetensorsError) {
    let members = try Self.members(of: text, path: path)
    for member in members {
      let (name, value) = (member.name, member.value)
      if name == "__metadata__" {
        metadata = try Self.metadata(value, path: path)
        continue
      }
      let entry = try Self.entry(name, value, path: path)
      guard entries.updateValue(entry, forKey: name) == nil else {
        throw SafetensorsError(
          path: path, tensor: name, problem: "is declared twice", remedy: SafetensorsError.fetchAgain)
      }
    }
    names = entries.keys.sorted {
      let (a, b) = (place(of: $0), place(of: $1))
      return a == b ? $0 < $1 : a.lexicographicallyPrecedes(b)
    }
    try checkLayout(byteCount: byteCount, path: path)
  }

  private func place(of name: String) -> [Int] {
    entries[name].map { [$0.bytes.lowerBound, $0.bytes.upperBound] } ?? []
  }

  private static func members(
    of text: [UInt8], path: String
  ) throws(SafetensorsError) -> [JSONMember] {
    var parser = JSONParser(text)
    do {
      if case .object(let members) = try parser.document() { return members }
      throw SafetensorsError(
        path: path, problem: "has a header that is not a JSON object",
        remedy: "check that this is a safetensors file")
    } catch let error as JSONSyntaxError {
      throw SafetensorsError(
        path: path, problem: "has a header that is not JSON (byte \(error.offset) of \(text.count))",
        remedy: "check that this is a safetensors file, or fetch it again")
    } catch let error as SafetensorsError {
      throw error
    } catch {
      preconditionFailure("SafetensorsHeader: unexpected error \(error)")
    }
  }

  private static func metadata(
    _ value: JSONValue, path: String
  ) throws(SafetensorsError) -> [String: String] {
    guard case .object(let members) = value else { throw malformedMetadata(path) }
    var result: [String: String] = [:]
    for member in members {
      guard let text = member.value.string else { throw malformedMetadata(path) }
      result[member.name] = text
    }
    return result
  }

  private static func malformedMetadata(_ path: String) -> SafetensorsError {
    SafetensorsError(
      path: path, problem: "has '__metadata__' that is not an object of strings",
      remedy: SafetensorsError.fetchAgain)
  }

  private static func entry(
    _ name: String, _ value: JSONValue, path: String
  ) throws(SafetensorsError) -> SafetensorsEntry {
    func refusal(_ problem: String, _ remedy: String = SafetensorsError.fetchAgain) -> SafetensorsError {
      SafetensorsError(path: path, tensor: name, problem: problem, remedy: remedy)
    }
    guard case .object(let members) = value else { throw refusal("is not described by an object") }
    var type: String?
    var shape: [Int]?
    var offsets: [Int]?
    for member in members {
      switch (member.name, member.value) {
      case ("dtype", .text(let text)): type = text
      case ("shape", .list(let list)): shape = naturals(list)
      case ("data_offsets", .list(let list)): offsets = naturals(list)
      default: break
      }
    }
    guard let type else { throw refusal("has no 'dtype'") }
    guard let shape else { throw refusal("has no 'shape' of whole numbers") }
    guard let offsets, offsets.count == 2 else { throw refusal("has no 'data_offsets' of two whole numbers") }
    guard let scalarType = SafetensorsScalar(rawValue: type) else {
      throw refusal("has the unknown dtype '\(type)'", "convert it to F32, F16 or BF16")
    }
    guard offsets[0] <= offsets[1] else {
      throw refusal("has data_offsets [\(offsets[0]), \(offsets[1])] that run backwards")
    }
    var byteCount = scalarType.byteCount
    for extent in shape {
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw refusal("has shape \(shape), which is larger than memory") }
      byteCount = product
    }
    guard byteCount == offsets[1] - offsets[0] else {
      throw refusal(
        "of shape \(shape) and dtype \(type) needs \(byteCount) bytes, but has \(offsets[1] - offsets[0])")
    }
    return SafetensorsEntry(scalarType: scalarType, shape: shape, bytes: offsets[0]..<offsets[1])
  }

  private static func naturals(_ list: [JSONValue]) -> [Int]? {
    var numbers: [Int] = []
    for item in list {
      guard case .number(let digits) = item, let number = Int(digits), number >= 0 else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  /// Tensors must cover the bytes behind the header exactly, without overlaps or holes.
  private func checkLayout(byteCount: Int, path: String) throws(SafetensorsError) {
    var end = 0
    var previous: String?
    for name in names {
      guard let entry = entries[name] else { continue }
      let (lower, upper) = (entry.bytes.lowerBound, entry.bytes.upperBound)
      if lower < end, let previous {
        throw SafetensorsError(
          path: path, tensor: name, problem: "overlaps tensor '\(previous)' (bytes \(lower) to \(end))",
          remedy: SafetensorsError.fetchAgain)
      }
      guard upper <= byteCount else {
        throw SafetensorsError(
          path: path, tensor: name,
          problem: "ends at byte \(upper), but the file holds \(byteCount) bytes of tensors",
          remedy: "the file looks truncated: fetch it again")
      }
      guard lower == end else {
        throw SafetensorsError(
          path: path, tensor: name,
          problem: "starts at byte \(lower), \(lower - end) bytes after the one before",
          remedy: SafetensorsError.fetchAgain)
      }
      (end, previous) = (upper, name)
    }
    guard end == byteCount else {
      throw SafetensorsError(
        path: path, problem: "has \(byteCount - end) bytes behind its last tensor",
        remedy: SafetensorsError.fetchAgain)
    }
  }
}
