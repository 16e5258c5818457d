// Models that look words up: whole (WordLevel), or greedily from the left (WordPiece).

/// The model behind `"type": "WordLevel"`: a piece is an entry or unknown.
struct WordLevelModel: TokenModel {
  let vocabulary: Vocabulary
  /// What stands for unknown pieces; nil when they vanish.
  let unknown: Int32?

  func encode(
    _ text: [Unicode.Scalar], _ range: Range<Int>, scratch: inout ModelScratch, into output: inout [Int32]
  ) {
    scratch.bytes.removeAll(keepingCapacity: true)
    for index in range { appendUTF8(of: text[index], to: &scratch.bytes) }
    if let id = vocabulary.id(of: scratch.bytes, scratch.bytes.indices) ?? unknown { output.append(id) }
  }
}

/// The model behind `"type": "WordPiece"`: the longest entry, then the longest continuation, until the piece ends.
///
/// A piece of which any part is unknown is unknown as a whole, and so is one of more than `longest` characters.
///
/// - Source: Wu et al., 2016, arXiv:1609.08144, Section 4.1.
struct WordPieceModel: TokenModel {
  let vocabulary: Vocabulary
  let unknown: Int32?
  let continuingPrefix: [UInt8]
  let longest: Int

  func encode(
    _ text: [Unicode.Scalar], _ range: Range<Int>, scratch: inout ModelScratch, into output: inout [Int32]
  ) {
    guard range.count <= longest else {
      if let unknown { output.append(unknown) }
      return
    }
    let firstID = output.count
    var start = range.lowerBound
    while start < range.upperBound {
      scratch.bytes.removeAll(keepingCapacity: true)
      if start > range.lowerBound { scratch.bytes.append(contentsOf: continuingPrefix) }
      // Every end of a character is an end of a candidate; the longest comes first.
      scratch.previous.removeAll(keepingCapacity: true)
      for index in start..<range.upperBound {
        appendUTF8(of: text[index], to: &scratch.bytes)
        scratch.previous.append(Int32(scratch.bytes.count))
      }
      guard
        let length = scratch.previous.indices.last(where: { place in
          vocabulary.id(of: scratch.bytes, 0..<Int(scratch.previous[place])) != nil
        }), let id = vocabulary.id(of: scratch.bytes, 0..<Int(scratch.previous[length]))
      else {
        output.removeSubrange(firstID...)
        if let unknown { output.append(unknown) }
        return
      }
      output.append(id)
      start += length + 1
    }
  }
}
