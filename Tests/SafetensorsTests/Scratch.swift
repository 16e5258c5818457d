// Files for these tests: made in a directory of their own, gone when the test is over.

import Foundation
import Testing
import VectorKernels

@testable import Safetensors

/// A directory that disappears with its owner.
final class Scratch {
  let directory: String

  init() throws {
    directory = NSTemporaryDirectory() + "safetensors-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  func path(_ name: String) -> String { directory + "/" + name }

  /// Writes a safetensors file from its raw parts and returns its path.
  func file(header: String, length: UInt64? = nil, tensors: [UInt8] = [], named name: String = "a") throws
    -> String
  {
    let text = Array(header.utf8)
    let count = length ?? UInt64(text.count)
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * UInt64($0))) } + text + tensors
    return try file(bytes: bytes, named: name)
  }

  func file(bytes: [UInt8], named name: String = "a") throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }

  /// What opening the file at `path` complains about, with the path as `F`.
  func complaint(_ path: String) -> String {
    do throws(SafetensorsError) {
      _ = try SafetensorsFile(mapping: path)
      return "no complaint"
    } catch {
      return error.description.replacingOccurrences(of: path, with: "F")
    }
  }
}

/// Where the golden checkpoints are.
func fixture(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/hf/" + name).path
}
