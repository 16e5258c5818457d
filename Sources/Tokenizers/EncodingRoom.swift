// What the encoding of one text leaves to the next: tables that have grown, and pieces that are known.

import Synchronization

/// Room for the encoding of one text at a time.
struct EncodingRoom: Sendable {
  private var scratch = ModelScratch()
  private var cache = PieceCache()
  private var bytes: [Unicode.Scalar] = []
  private var stretches: [Range<Int>] = []

  /// Appends the ids of all pieces; with `writingBytes` the model sees their bytes as characters of the byte alphabet.
  mutating func encode(
    _ pieces: Pieces, by model: some TokenModel, writingBytes: Bool, into output: inout [Int32]
  ) {
    for range in pieces.ranges {
      if range.count <= PieceCache.longest {
        encode(pieces.scalars, range, by: model, writingBytes: writingBytes, into: &output)
      } else if writingBytes {
        write(pieces.scalars, range)
        model.encode(bytes, bytes.indices, scratch: &scratch, into: &output)
      } else {
        stretches.removeAll(keepingCapacity: true)
        model.cut(pieces.scalars, range, into: &stretches)
        for stretch in stretches {
          if stretch.count <= PieceCache.longest {
            encode(pieces.scalars, stretch, by: model, writingBytes: false, into: &output)
          } else {
            model.encode(pieces.scalars, stretch, scratch: &scratch, into: &output)
          }
        }
      }
    }
  }

  /// Appends the ids of a piece that is short enough to be kept.
  private mutating func encode(
    _ text: [Unicode.Scalar], _ range: Range<Int>, by model: some TokenModel, writingBytes: Bool,
    into output: inout [Int32]
  ) {
    let hash = PieceCache.hash(text, range)
    if cache.append(text, range, hash: hash, to: &output) { return }
    let start = output.count
    if writingBytes {
      write(text, range)
      model.encode(bytes, bytes.indices, scratch: &scratch, into: &output)
    } else {
      model.encode(text, range, scratch: &scratch, into: &output)
    }
    cache.insert(text, range, hash: hash, output[start...])
  }

  private mutating func write(_ text: [Unicode.Scalar], _ range: Range<Int>) {
    bytes.removeAll(keepingCapacity: true)
    ByteAlphabet.append(text[range], to: &bytes)
  }
}

/// The rooms of a tokenizer, as many as there have been texts at one time.
final class EncodingRooms: Sendable {
  private let rooms = Mutex<[EncodingRoom]>([])

  /// Calls `body` with a room that nobody else has.
  func withRoom<Result>(_ body: (inout EncodingRoom) -> Result) -> Result {
    var room = rooms.withLock { $0.popLast() } ?? EncodingRoom()
    let result = body(&room)
    rooms.withLock { $0.append(room) }
    return result
  }
}
