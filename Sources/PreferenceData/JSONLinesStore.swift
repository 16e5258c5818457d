// Files of rows: JSON Lines or one JSON array, from a path or standard input.

import Digests
import Foundation

/// One JSON object of a file and where it stands.
struct StoredRow: Sendable {
  /// Where it stands.
  var place: RowPlace
  /// Its columns, in the order of the file.
  var columns: [JSONMember]

  /// The value of a column; null counts as missing, as exporters write it for absent values.
  subscript(column: String) -> JSONValue? {
    guard let value = columns.first(where: { $0.key == column })?.value, value != .null else { return nil }
    return value
  }

  /// The names of the columns that hold something.
  var names: [String] { columns.filter { $0.value != .null }.map(\.key) }
}

/// A file of rows, read and checked as a whole.
struct JSONLinesStore: Sendable {
  /// The file as it was named, `standard input` for `-`.
  let file: String
  /// The rows in the order of the file.
  let rows: [StoredRow]
  /// The SHA-256 of the file's bytes, in hexadecimal, as `sha256sum` prints it.
  let hash: String

  /// Reads `path`, or standard input for `-`.
  ///
  /// - Throws: ``DataError`` with every line that is not a JSON object.
  init(path: String) throws(DataError) {
    let file = path == "-" ? "standard input" : path
    try self.init(bytes: Self.bytes(of: path, named: file), file: file)
  }

  /// Reads the bytes of a file called `file`.
  init(bytes: [UInt8], file: String) throws(DataError) {
    self.file = file
    try Self.refuseForeignEncodings(bytes, file)
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    guard let first = bytes[start...].first(where: { !Self.isSpace($0) }) else {
      throw DataError(file, "the file is empty; write one JSON object per line")
    }
    rows =
      first == UInt8(ascii: "[")
      ? try Self.array(bytes, from: start, file) : try Self.lines(bytes, from: start, file)
    hash = SHA256.hexadecimal(bytes)
  }

  private init(_ rows: [StoredRow], of store: JSONLinesStore) {
    (self.rows, file, hash) = (rows, store.file, store.hash)
  }

  /// The first `count` rows.
  func first(_ count: Int) -> JSONLinesStore { JSONLinesStore(Array(rows.prefix(count)), of: self) }

  /// The bytes of `path`, or of standard input for `-`.
  static func bytes(of path: String, named file: String) throws(DataError) -> [UInt8] {
    if path == "-" { return [UInt8](FileHandle.standardInput.readDataToEndOfFile()) }
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw DataError(file, "there is no such file; check the path")
    }
    guard !isDirectory.boolValue else {
      throw DataError(file, "this is a directory; name a file of rows")
    }
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw DataError(file, "the file cannot be read; check its permissions")
    }
    return [UInt8](contents)
  }
}

extension JSONLinesStore {
  /// Whether `byte` is white space between JSON values.
  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }

  /// Names the container or the encoding when a file is recognisably something else.
  private static func refuseForeignEncodings(_ bytes: [UInt8], _ file: String) throws(DataError) {
    if bytes.starts(with: [0x1F, 0x8B]) {
      throw DataError(file, "the file is gzip-compressed; decompress it first (gunzip -k \(file))")
    }
    if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
      throw DataError(file, "the file is zstd-compressed; decompress it first (unzstd \(file))")
    }
    if bytes.starts(with: Array("PAR1".utf8)) {
      throw DataError(file, "the file is Parquet; convert it to JSON Lines first")
    }
    for (ending, kind) in [("csv", "CSV"), ("tsv", "tab-separated text"), ("arrow", "Arrow")]
    where file.lowercased().hasSuffix("." + ending) {
      throw DataError(file, "the file is \(kind); convert it to JSON Lines first")
    }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw DataError(
        file, "the file is UTF-16; convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8 \(file))")
    }
  }

  private static func lines(_ bytes: [UInt8], from start: Int, _ file: String) throws(DataError)
    -> [StoredRow]
  {
    var rows: [StoredRow] = []
    var problems: [DataError.Problem] = []
    var blanks: [DataError.Problem] = []
    for (index, range) in lineRanges(bytes, from: start).enumerated() {
      let place = RowPlace(row: rows.count, line: index + 1)
      if bytes[range].allSatisfy(isSpace) {
        blanks.append(.init(place, "the line is blank; remove it"))
        continue
      }
      // Blank lines count once a row follows them: those at the end of a file are harmless.
      problems += blanks
      blanks = []
      if String(validating: bytes[range], as: UTF8.self) == nil {
        problems.append(.init(place, "the line is not UTF-8; save the file as UTF-8"))
        continue
      }
      do throws(JSONSyntaxError) {
        let value = try JSONParser.parse(bytes, in: range)
        switch value {
        case .object(let columns): rows.append(StoredRow(place: place, columns: columns))
        default: problems.append(.init(place, "the line holds \(value.kind); write one JSON object per line"))
        }
      } catch {
        let isOpen = error.problem == "the object has no end"
        let remedy = isOpen ? "; write each object on one line, or the file as one JSON array" : ""
        problems.append(
          .init(place, "not JSON: \(error.problem) (column \(error.offset - range.lowerBound + 1))\(remedy)"))
        if isOpen && rows.isEmpty { break }
      }
    }
    if !problems.isEmpty { throw DataError(file, problems) }
    return rows
  }

  private static func lineRanges(_ bytes: [UInt8], from start: Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var begin = start
    while begin < bytes.count {
      let stop = bytes[begin...].firstIndex(of: 0x0A) ?? bytes.count
      ranges.append(begin..<stop)
      begin = stop + 1
    }
    return ranges
  }

  private static func array(_ bytes: [UInt8], from start: Int, _ file: String) throws(DataError)
    -> [StoredRow]
  {
    guard String(validating: bytes[start...], as: UTF8.self) != nil else {
      throw DataError(file, "the file is not UTF-8; save it as UTF-8")
    }
    let values: [JSONValue]
    do throws(JSONSyntaxError) {
      values = try JSONParser.parse(bytes, in: start..<bytes.count).items ?? []
    } catch {
      let before = bytes[..<min(error.offset, bytes.count)]
      let line = before.count { $0 == 0x0A } + 1
      let column = before.reversed().prefix { $0 != 0x0A }.count + 1
      throw DataError(file, "not JSON: \(error.problem) (line \(line), column \(column))")
    }
    guard !values.isEmpty else { throw DataError(file, "the list is empty; write at least one row") }
    var rows: [StoredRow] = []
    var problems: [DataError.Problem] = []
    for (row, value) in values.enumerated() {
      let place = RowPlace(row: row)
      if let columns = value.members {
        rows.append(StoredRow(place: place, columns: columns))
      } else {
        problems.append(.init(place, "the row is \(value.kind); write an object"))
      }
    }
    if !problems.isEmpty { throw DataError(file, problems) }
    return rows
  }
}
