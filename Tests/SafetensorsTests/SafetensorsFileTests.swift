// Reading: golden files, windows, conversions, and every refusal word for word.

import Foundation
import Testing
import VectorKernels

@testable import Safetensors

@Suite struct SafetensorsFileTests {
  @Test func `reads a checkpoint written by transformers`() throws {
    let file = try SafetensorsFile(mapping: fixture("llama/model.safetensors"))
    #expect(file.metadata == ["format": "pt"])
    #expect(file.names.count == 20)
    #expect(try file.shape(of: "model.embed_tokens.weight") == [768, 48])
    #expect(try file.scalarType(of: "model.norm.weight") == .float32)
    let weights = try file.floats(of: "model.layers.0.mlp.up_proj.weight")
    #expect(weights.count == 80 * 48)
    let raw = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file.path)))
    let bytes = try file.bytes(of: "model.layers.0.mlp.up_proj.weight").scalars
    #expect(raw.firstRange(of: bytes) != nil)
    #expect(weights.scalars.withUnsafeBytes { Array($0) } == bytes)
  }

  @Test func `an F32 tensor is a window onto the mapped file`() throws {
    let file = try SafetensorsFile(mapping: fixture("llama/model.safetensors"))
    let bytes = try file.bytes(of: "model.norm.weight")
    let floats = try file.floats(of: "model.norm.weight")
    #expect(UnsafeRawPointer(bytes.base) == UnsafeRawPointer(floats.base))
    #expect(bytes.allocation === floats.allocation)
  }

  @Test func `a window outlives the file value`() throws {
    func norm() throws -> FloatBuffer {
      try SafetensorsFile(mapping: fixture("llama3/model.safetensors")).floats(of: "model.norm.weight")
    }
    #expect(try norm().scalars.allSatisfy { $0.isFinite })
  }

  @Test func `converts half precisions exactly`() throws {
    let scratch = try Scratch()
    // 1, −2, 2⁻²⁴ (the smallest half), 65504 (the largest), infinity
    let halves: [UInt16] = [0x3C00, 0xC000, 0x0001, 0x7BFF, 0x7C00]
    // 1, −2, 2⁻¹³³ (the smallest bfloat16), 3.3895314e38 (the largest), infinity
    let brains: [UInt16] = [0x3F80, 0xC000, 0x0001, 0x7F7F, 0x7F80]
    let bytes = (halves + brains).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let path = try scratch.file(
      header: #"{"h":{"dtype":"F16","shape":[5],"data_offsets":[0,10]},"#
        + #""b":{"dtype":"BF16","shape":[5],"data_offsets":[10,20]}}"#, tensors: bytes)
    let file = try SafetensorsFile(mapping: path)
    #expect(try file.floats(of: "h").scalars == [1, -2, 0x1p-24, 65504, .infinity])
    #expect(try file.floats(of: "b").scalars == [1, -2, 0x1p-133, 0x1.FEp127, .infinity])
  }

  @Test func `reads tensors at odd addresses`() throws {
    let scratch = try Scratch()
    let path = try scratch.file(
      header: #"{"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}  "#,
      tensors: [0, 0, 128, 63, 0, 0, 0, 192])
    #expect(try SafetensorsFile(mapping: path).floats(of: "x").scalars == [1, -2])
  }

  @Test func `knows integers and converts doubles`() throws {
    let scratch = try Scratch()
    let path = try scratch.file(
      header: #"{"i":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"#
        + #""d":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}}"#,
      tensors: [7, 0, 0, 0, 0, 0, 0, 0] + withUnsafeBytes(of: 0.1.bitPattern.littleEndian) { Array($0) })
    let file = try SafetensorsFile(mapping: path)
    #expect(try file.scalarType(of: "i") == .int64)
    #expect(try file.buffer(of: "i", as: Int64.self).scalars == [7])
    #expect(try file.floats(of: "d").scalars == [Float(0.1)])
    #expect {
      try file.floats(of: "i")
    } throws: {
      "\($0)".hasSuffix(
        "': tensor 'i' has dtype I64, which is not a floating-point type for weights; "
          + "convert it to F32, F16 or BF16")
    }
  }

  @Test func `says which tensor is missing`() throws {
    let file = try SafetensorsFile(mapping: fixture("llama/model.safetensors"))
    #expect {
      try file.shape(of: "lm_head.weight")
    } throws: {
      "\($0)"
        == "'\(file.path)': tensor 'lm_head.weight' is missing; "
        + "the file holds 20 tensors, the first is '\(file.names[0])'"
    }
  }

  static let broken: [(header: String, tensors: Int, complaint: String)] = [
    (
      "{", 0,
      "'F': has a header that is not JSON (byte 1 of 1); check that this is a safetensors file, or fetch it again"
    ),
    ("[]", 0, "'F': has a header that is not a JSON object; check that this is a safetensors file"),
    (
      #"{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}"#, 4,
      "'F': tensor 'a' has the unknown dtype 'F31'; convert it to F32, F16 or BF16"
    ),
    (
      #"{"a":{"shape":[1],"data_offsets":[0,4]}}"#, 4,
      "'F': tensor 'a' has no 'dtype'; fetch or write the file again"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4,
      "'F': tensor 'a' has no 'shape' of whole numbers; fetch or write the file again"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, 4,
      "'F': tensor 'a' has no 'data_offsets' of two whole numbers; fetch or write the file again"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4,
      "'F': tensor 'a' has data_offsets [4, 0] that run backwards; fetch or write the file again"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}}"#, 20,
      "'F': tensor 'a' of shape [2, 3] and dtype F32 needs 24 bytes, but has 20; fetch or write the file again"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#, 4,
      "'F': tensor 'a' has shape [4294967296, 4294967296], which is larger than memory; fetch or write the file again"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
      8, "'F': tensor 'a' is declared twice; fetch or write the file again"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#,
      6, "'F': tensor 'b' overlaps tensor 'a' (bytes 2 to 4); fetch or write the file again"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}}"#,
      10, "'F': tensor 'b' starts at byte 6, 2 bytes after the one before; fetch or write the file again"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}"#, 8,
      "'F': tensor 'a' ends at byte 9, but the file holds 8 bytes of tensors; the file looks truncated: fetch it again"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#, 7,
      "'F': has 3 bytes behind its last tensor; fetch or write the file again"
    ),
    (
      #"{"__metadata__":{"format":1}}"#, 0,
      "'F': has '__metadata__' that is not an object of strings; fetch or write the file again"
    ),
  ]

  @Test(arguments: broken.indices) func `refuses a contradictory header`(_ index: Int) throws {
    let scratch = try Scratch()
    let sample = Self.broken[index]
    let path = try scratch.file(header: sample.header, tensors: [UInt8](repeating: 0, count: sample.tensors))
    #expect(scratch.complaint(path) == sample.complaint)
  }

  @Test func `refuses files whose lengths do not fit`() throws {
    let scratch = try Scratch()
    #expect(
      scratch.complaint(try scratch.file(bytes: [1, 2, 3]))
        == "'F': is 3 bytes long, too short for a safetensors file; the file looks truncated: fetch it again")
    #expect(scratch.complaint(try scratch.file(bytes: [])) == "'F': is empty; fetch or write the file again")
    #expect(
      scratch.complaint(try scratch.file(header: "{}", length: 3))
        == "'F': claims a header of 3 bytes, but is only 10 bytes long; the file looks truncated: fetch it again"
    )
    #expect(
      scratch.complaint(try scratch.file(header: "{}", length: .max))
        == "'F': claims a header of 18446744073709551615 bytes, and 100 MB is the limit; "
        + "check that this is a safetensors file")
    #expect(
      scratch.complaint(scratch.path("none"))
        == "'F': cannot be opened (no such file or directory); check the path and its permissions")
    #expect(
      scratch.complaint(scratch.directory) == "'F': is not a file; give the path of a safetensors file")
  }

  @Test func `every truncation of a real file is refused`() throws {
    let scratch = try Scratch()
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture("llama/model.safetensors"))))
    for count in [0, 7, 8, 100, 1000, 2048, whole.count / 2, whole.count - 1] {
      let path = try scratch.file(bytes: Array(whole.prefix(count)), named: "cut-\(count)")
      #expect(throws: SafetensorsError.self) { try SafetensorsFile(mapping: path) }
    }
  }
}
