// What is on disk: exact, shared, and never a wrong number, whatever happens to the files.

import Foundation
import Testing

@testable import ReferenceCache

@Suite struct ScoreArchiveTests {
  /// Warnings as they come.
  final class Warnings { var texts: [String] = [] }

  static func archive(_ scratch: Scratch, _ warnings: Warnings = Warnings()) -> ScoreArchive {
    ScoreArchive(of: "scorer", in: scratch.path) { warnings.texts.append($0) }
  }

  static func numbers(_ number: Int) -> [Double] {
    (0..<(3 + number % 5)).map { Double(number) + 1 / Double($0 + 3) }
  }

  /// Every record either is what was added or is missing; returns which are there.
  static func present(_ archive: ScoreArchive, of count: Int) -> [Int] {
    (0..<count).filter { number in
      guard let found = archive.values(of: key(number), count: numbers(number).count) else { return false }
      #expect(found == numbers(number))
      return true
    }
  }

  @Test func `numbers come back to the bit`() throws {
    let scratch = try Scratch()
    let values = [
      -0.0, 0, .nan, .infinity, -.infinity, 5e-324, -1.2345678901234567, .greatestFiniteMagnitude,
    ]
    Self.archive(scratch).add([(key(1), values), (key(2), [])])
    let again = Self.archive(scratch)
    #expect(again.values(of: key(1), count: 8)?.map(\.bitPattern) == values.map(\.bitPattern))
    #expect(again.values(of: key(2), count: 0) == [])
    #expect(again.count == 2 && again.values(of: key(3), count: 1) == nil)
    let text = try String(contentsOfFile: #require(again.folder) + "/scorer.txt", encoding: .utf8)
    #expect(text == "scorer")
  }

  @Test func `a record of another length is not taken`() throws {
    let scratch = try Scratch()
    Self.archive(scratch).add([(key(1), [1, 2, 3])])
    #expect(Self.archive(scratch).values(of: key(1), count: 2) == nil)
  }

  @Test func `two archives at once see each other's numbers`() throws {
    let scratch = try Scratch()
    let (a, b) = (Self.archive(scratch), Self.archive(scratch))
    (a.lookInterval, b.lookInterval) = (.zero, .zero)
    for number in 0..<20 {
      let (writer, reader) = number.isMultiple(of: 2) ? (a, b) : (b, a)
      writer.add([(key(number), Self.numbers(number))])
      reader.refresh()
      #expect(Self.present(reader, of: number + 1) == Array(0...number))
    }
    #expect(scratch.files.count == 2)
  }

  @Test func `a file cut anywhere gives whole blocks and no warning`() throws {
    let scratch = try Scratch()
    let archive = Self.archive(scratch)
    for number in 0..<3 { archive.add([(key(number), Self.numbers(number))]) }
    let path = try #require(scratch.files.first)
    let whole = try Data(contentsOf: URL(filePath: path))
    let sizes = (0..<3).map { ScoreBlock.headerSize + ScoreBlock.entrySize + 8 * Self.numbers($0).count }
    #expect(whole.count == sizes.reduce(0, +))
    for length in stride(from: whole.count, through: 0, by: -1) {
      try whole.prefix(length).write(to: URL(filePath: path))
      let warnings = Warnings()
      let expected = (0..<3).filter { sizes.prefix($0 + 1).reduce(0, +) <= length }
      #expect(Self.present(Self.archive(scratch, warnings), of: 3) == expected)
      #expect(warnings.texts.isEmpty)
    }
  }

  @Test func `a flipped bit anywhere is noticed once, told, and mended`() throws {
    let scratch = try Scratch()
    do {
      let archive = Self.archive(scratch)
      for number in 0..<3 { archive.add([(key(number), Self.numbers(number))]) }
    }
    let original = try #require(scratch.files.first)
    let whole = try Data(contentsOf: URL(filePath: original))
    for offset in 0..<whole.count {
      for file in scratch.files { try FileManager.default.removeItem(atPath: file) }
      var bytes = whole
      bytes[offset] ^= 0x10
      try bytes.write(to: URL(filePath: original))
      let warnings = Warnings()
      let damaged = Self.archive(scratch, warnings)
      let found = Self.present(damaged, of: 3)
      #expect(found.count < 3, "byte \(offset)")
      // A length that reaches beyond the end looks like a file still being written: its checksum tells.
      #expect(
        warnings.texts == [
          "'\(original)' is damaged or no reference cache; it is ignored, and what it held is scored again"
        ], "byte \(offset)")
      let missing = (0..<3).filter { !found.contains($0) }
      damaged.add(missing.map { (key($0), Self.numbers($0)) })
      let later = Warnings()
      #expect(Self.present(Self.archive(scratch, later), of: 3) == [0, 1, 2], "byte \(offset)")
      // Only a file whose very first header is broken, which may be anybody's, stays and is told again.
      #expect(later.texts.isEmpty || offset < ScoreBlock.headerSize + ScoreBlock.entrySize, "byte \(offset)")
    }
  }

  @Test func `a foreign file is told and left alone`() throws {
    let scratch = try Scratch()
    Self.archive(scratch).add([(key(0), Self.numbers(0))])
    let folder = try #require(Self.archive(scratch).folder)
    let text = String(repeating: "my holiday photographs ", count: 9)
    try Data(text.utf8).write(to: URL(filePath: folder + "/photos.scores"))
    let warnings = Warnings()
    #expect(Self.present(Self.archive(scratch, warnings), of: 1) == [0])
    #expect(warnings.texts.count == 1)
    #expect(try String(contentsOfFile: folder + "/photos.scores", encoding: .utf8) == text)
  }

  @Test func `another scorer's file in this folder is not taken`() throws {
    let scratch = try Scratch()
    ScoreArchive(of: "other", in: scratch.path).add([(key(0), [9, 9, 9])])
    Self.archive(scratch).add([(key(1), Self.numbers(1))])
    let folder = try #require(Self.archive(scratch).folder)
    for file in scratch.files where !file.hasPrefix(folder) {
      try FileManager.default.moveItem(atPath: file, toPath: folder + "/moved.scores")
    }
    #expect(Self.present(Self.archive(scratch), of: 2) == [1])
  }

  @Test func `many files are joined, those still written to are not`() throws {
    let scratch = try Scratch()
    for number in 0..<12 { Self.archive(scratch).add([(key(number), Self.numbers(number))]) }
    let writing = Self.archive(scratch)
    writing.add([(key(12), Self.numbers(12))])
    let own = scratch.files.count
    let reader = Self.archive(scratch)
    #expect(own <= ScoreArchive.manySegments + 2 && scratch.files.count <= own)
    #expect(Self.present(reader, of: 13) == Array(0..<13))
    writing.add([(key(13), Self.numbers(13))])
    let late = Self.archive(scratch)
    #expect(Self.present(late, of: 14) == Array(0..<14))
    // Whoever had the joined files open reads on.
    #expect(Self.present(reader, of: 13) == Array(0..<13))
  }

  @Test func `a folder that cannot be made is told once, and the numbers are kept`() throws {
    let scratch = try Scratch()
    try Data().write(to: URL(filePath: scratch.path + "/references"))
    let warnings = Warnings()
    let archive = Self.archive(scratch, warnings)
    for number in 0..<5 { archive.add([(key(number), Self.numbers(number))]) }
    #expect(Self.present(archive, of: 5) == Array(0..<5))
    #expect(
      warnings.texts == [
        "the reference cache '\(try #require(archive.folder))' cannot be written (not a directory); new scores are "
          + "kept for this run only"
      ])
  }
}
