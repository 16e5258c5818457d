// What one scorer said, kept between runs: many processes read and add, none waits for another.

import Digests
import Foundation

/// The statistics of one scorer, in a folder of its own that is named after the content of everything they depend on.
///
/// Every process appends to a file of its own and reads everybody's. A record that is torn, damaged or foreign is
/// as good as missing. Nothing here ever throws: what cannot be kept is computed again.
public final class ScoreArchive {
  /// The folder; `nil` keeps everything in memory.
  public let folder: String?
  /// Everything the scorer's numbers depend on.
  public let description: String
  private let scorer: UInt64
  private let warn: (String) -> Void
  private var segments: [String: ScoreSegment] = [:]
  private var places: [ScoreKey: Place] = [:]
  /// What could not be written.
  private var kept: [ScoreKey: [Double]] = [:]
  private var writer: ScoreWriter?
  private var mayWrite: Bool
  private var hasWarnedOfDamage = false
  private var needsTidying = false
  private var lastLook = ContinuousClock.now
  /// The least time between two looks at what others have written.
  var lookInterval = Duration.seconds(1)

  private struct Place {
    let segment: ScoreSegment
    let entry: ScoreEntry
  }

  /// Opens what is kept of a scorer.
  ///
  /// - Parameters:
  ///   - description: everything the scorer's numbers depend on, by content.
  ///   - root: the cache folder; `nil` keeps numbers in memory only.
  ///   - warn: told at most once that something is damaged and once that nothing can be written.
  public init(of description: String, in root: String?, warn: @escaping (String) -> Void = { _ in }) {
    let digest = SHA256.hexadecimal(description)
    self.description = description
    folder = root.map { "\($0)/references/\(digest)" }
    scorer = UInt64(digest.prefix(16), radix: 16) ?? 0
    self.warn = warn
    mayWrite = folder != nil
    look()
    if needsTidying || segments.count > Self.manySegments { tidy() }
  }

  /// How many statistics of completions are known.
  public var count: Int { places.count + kept.count }

  /// Whether the numbers of `key` are at hand; they are not read.
  public func contains(_ key: ScoreKey) -> Bool { places[key] != nil || kept[key] != nil }

  /// The numbers of `key`, to the bit as they were added; `nil` where they are not known or damaged.
  ///
  /// - Parameter count: how many there must be, one a token.
  public func values(of key: ScoreKey, count: Int) -> [Double]? {
    if let values = kept[key] { return values.count == count ? values : nil }
    guard let place = places[key] else { return nil }
    if place.entry.count == count, let values = place.segment.values(of: place.entry) { return values }
    places[key] = nil
    noticeDamage(in: place.segment)
    return nil
  }

  /// Takes in what other processes have added meanwhile; looks at most once a second.
  public func refresh() {
    guard ContinuousClock.now - lastLook > lookInterval else { return }
    look()
  }

  /// Adds numbers, in one block that appears whole or not at all.
  public func add(_ records: [(key: ScoreKey, values: [Double])]) {
    let fresh = records.filter { !contains($0.key) }.map { ScoreRecord(key: $0.key, values: $0.values) }
    guard !fresh.isEmpty else { return }
    if needsTidying { tidy() }
    if mayWrite, let folder {
      do throws(CacheFailure) {
        let writer = try openedWriter(in: folder)
        try writer.append(ScoreBlock.bytes(fresh, scorer: scorer))
        readOwnFile(writer.path)
        return
      } catch {
        mayWrite = false
        warn(
          "the reference cache '\(folder)' cannot be written (\(error.reason)); new scores are kept for this run only"
        )
      }
    }
    for record in fresh { kept[record.key] = record.values }
  }

  /// This process's file; the first time, the folder is told what it belongs to, for people.
  private func openedWriter(in folder: String) throws(CacheFailure) -> ScoreWriter {
    if let writer { return writer }
    let made = try ScoreWriter(in: folder)
    if !FileManager.default.fileExists(atPath: folder + "/scorer.txt") {
      try? Data(description.utf8).write(to: URL(filePath: folder + "/scorer.txt"), options: .atomic)
    }
    writer = made
    return made
  }

  private func readOwnFile(_ path: String) {
    if segments[path] == nil { segments[path] = ScoreSegment(path, scorer: scorer) }
    if let segment = segments[path] { index(segment) }
  }

  /// Looks for new files and for what has grown.
  private func look() {
    lastLook = .now
    guard let folder else { return }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names.sorted() where name.hasSuffix(".scores") {
      let path = folder + "/" + name
      if segments[path] == nil { segments[path] = ScoreSegment(path, scorer: scorer) }
    }
    for (_, segment) in segments.sorted(by: { $0.key < $1.key }) { index(segment) }
  }

  private func index(_ segment: ScoreSegment) {
    let wasDamaged = segment.isDamaged
    for entry in segment.newEntries() where places[entry.key] == nil {
      places[entry.key] = Place(segment: segment, entry: entry)
    }
    if segment.isDamaged, !wasDamaged { noticeDamage(in: segment) }
  }

  private func noticeDamage(in segment: ScoreSegment) {
    // What may be somebody else's file is left alone.
    if !segment.isForeign { needsTidying = true }
    guard !hasWarnedOfDamage else { return }
    hasWarnedOfDamage = true
    warn(
      "'\(segment.path)' is damaged or no reference cache; it is ignored, and what it held is scored again")
  }

  /// More files than this are joined when the archive is opened.
  static let manySegments = 8

  /// Writes what several finished files hold into one, without what is damaged, and removes them.
  private func tidy() {
    needsTidying = false
    guard mayWrite, let folder else { return }
    let bySize = segments.values.filter { !$0.isForeign && $0.path != writer?.path }
      .sorted { ($0.size ?? 0, $0.path) < ($1.size ?? 0, $1.path) }
    // The largest stay as they are, so that a large cache is not copied again and again.
    let small = bySize.count > Self.manySegments ? bySize.dropLast(Self.manySegments / 2) : []
    let chosen = bySize.filter { segment in segment.isDamaged || small.contains { $0 === segment } }
      .filter { $0.claim() }
    guard !chosen.isEmpty else { return }
    let records = places.filter { place in chosen.contains { $0 === place.value.segment } }
      .sorted {
        ($0.value.segment.path, $0.value.entry.offset) < ($1.value.segment.path, $1.value.entry.offset)
      }
    guard let joined = try? ScoreWriter(in: folder) else { return }
    do throws(CacheFailure) {
      for start in stride(from: 0, to: records.count, by: 1024) {
        let part = records[start..<min(start + 1024, records.count)].compactMap { key, place in
          place.segment.values(of: place.entry).map { ScoreRecord(key: key, values: $0) }
        }
        try joined.append(ScoreBlock.bytes(part, scorer: scorer))
      }
      try joined.synchronize()
    } catch {
      joined.discard()
      return
    }
    for segment in chosen {
      unlink(segment.path)
      segments[segment.path] = nil
    }
    for (key, _) in records { places[key] = nil }
    readOwnFile(joined.path)
  }
}
