// Writing: the bytes on disk, round trips, atomic replacement, and shard indices.

import Foundation
import Testing
import VectorKernels

@testable import Safetensors

@Suite struct SafetensorsWriterTests {
  @Test func `writes the format's bytes`() throws {
    let scratch = try Scratch()
    let path = scratch.path("w")
    try SafetensorsWriter.write(
      [
        SafetensorsTensor("b", shape: [2], floats: FloatBuffer([1, -2])),
        SafetensorsTensor("a", shape: [1, 1], floats: FloatBuffer([0.5])),
        SafetensorsTensor("0", shape: [1], floats: FloatBuffer([3]), storedAs: .bfloat16),
      ], to: path)
    let header =
      #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"#
      + #""b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"0":{"dtype":"BF16","shape":[1],"data_offsets":[12,14]}}"#
    let padding = (8 - header.utf8.count % 8) % 8
    let length = header.utf8.count + padding
    let expected: [UInt8] =
      [UInt8(length), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + [UInt8](repeating: 32, count: padding)
      + [0, 0, 0, 63] + [0, 0, 128, 63, 0, 0, 0, 192] + [64, 64]
    #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == expected)
  }

  @Test func `copies a checkpoint of transformers byte for byte`() throws {
    let scratch = try Scratch()
    for model in ["llama", "llama3"] {
      let original = try SafetensorsFile(mapping: fixture(model + "/model.safetensors"))
      let tensors = try original.names.map { name in
        SafetensorsTensor(
          name, shape: try original.shape(of: name), floats: try original.floats(of: name),
          storedAs: try original.scalarType(of: name))
      }
      try SafetensorsWriter.write(tensors, metadata: original.metadata, to: scratch.path(model))
      let copy = try SafetensorsFile(mapping: scratch.path(model))
      #expect(copy.names.sorted() == original.names.sorted())
      for name in original.names {
        #expect(try copy.bytes(of: name).scalars == original.bytes(of: name).scalars)
        #expect(try copy.shape(of: name) == original.shape(of: name))
      }
    }
  }

  @Test(arguments: [("F16", SafetensorsScalar.float16), ("BF16", .bfloat16)])
  func `rounds to nearest even`(_ name: String, _ type: SafetensorsScalar) throws {
    let scratch = try Scratch()
    let unit: Float = type == .float16 ? 0x1p-10 : 0x1p-7
    let exact: [Float] = [1 + unit / 2, 1 + 1.5 * unit, 1 + 0.51 * unit, -1 - unit / 2, 0, -0.0, .infinity]
    try SafetensorsWriter.write(
      [SafetensorsTensor("x", shape: [7], floats: FloatBuffer(exact), storedAs: type)], to: scratch.path("r"))
    let read = try SafetensorsFile(mapping: scratch.path("r")).floats(of: "x").scalars
    #expect(read == [1, 1 + 2 * unit, 1 + unit, -1, 0, -0.0, .infinity])
  }

  @Test func `names with quotes and controls survive`() throws {
    let scratch = try Scratch()
    let name = "a\"\\\n\u{1}é😀"
    try SafetensorsWriter.write(
      [SafetensorsTensor(name, shape: [0, 3], floats: FloatBuffer(count: 0))], metadata: ["k\"": "v\t"],
      to: scratch.path("n"))
    let file = try SafetensorsFile(mapping: scratch.path("n"))
    #expect(file.names == [name])
    #expect(file.metadata == ["k\"": "v\t"])
  }

  @Test func `replaces a file that is still mapped`() throws {
    let scratch = try Scratch()
    let path = scratch.path("model")
    try SafetensorsWriter.write([SafetensorsTensor("x", shape: [1], floats: FloatBuffer([1]))], to: path)
    let old = try SafetensorsFile(mapping: path).floats(of: "x")
    try SafetensorsWriter.write([SafetensorsTensor("x", shape: [1], floats: FloatBuffer([2]))], to: path)
    #expect(old.scalars == [1])
    #expect(try SafetensorsFile(mapping: path).floats(of: "x").scalars == [2])
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.directory) == ["model"])
  }

  @Test func `a refusal leaves nothing behind`() throws {
    let scratch = try Scratch()
    let path = scratch.path("missing/model")
    #expect {
      try SafetensorsWriter.write([], to: path)
    } throws: {
      "\($0)"
        == "'\(path)': cannot be created (no such file or directory); check the path and its permissions"
    }
    try FileManager.default.createDirectory(atPath: scratch.path("taken"), withIntermediateDirectories: true)
    #expect(throws: SafetensorsError.self) { try SafetensorsWriter.write([], to: scratch.path("taken")) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.directory) == ["taken"])
  }
}

@Suite struct ShardIndexTests {
  private func index(_ text: String, in scratch: Scratch) throws -> String {
    try scratch.file(bytes: Array(text.utf8), named: "model.safetensors.index.json")
  }

  @Test func `maps tensors to shards`() throws {
    let scratch = try Scratch()
    for name in ["one", "two"] { _ = try scratch.file(header: "{}", named: name) }
    let path = try index(
      #"{"metadata":{"total_size":8},"weight_map":{"a":"two","b":"one","c":"two"}}"#, in: scratch)
    let read = try ShardIndex(path: path)
    #expect(read.shards == ["one", "two"])
    #expect(read.files["c"] == "two")
    #expect(read.location(of: "one") == scratch.path("one"))
  }

  @Test(arguments: [
    (
      #"{"weight_map":{"b":"gone","a":"gone"}}"#,
      "tensor 'a' is in shard 'gone', which does not exist; fetch the missing shard"
    ),
    (
      #"{"weight_map":{"a":"../x"}}"#,
      "tensor 'a' is said to be in '../x', outside the model's directory; keep the shards beside their index"
    ),
    ("{}", "has no 'weight_map' of file names; check that this is the index of a sharded safetensors model"),
    ("{", "has no 'weight_map' of file names; check that this is the index of a sharded safetensors model"),
  ])
  func `refuses`(_ text: String, _ complaint: String) throws {
    let scratch = try Scratch()
    let path = try index(text, in: scratch)
    #expect {
      try ShardIndex(path: path)
    } throws: {
      "\($0)" == "'\(path)': \(complaint)"
    }
  }
}
