// Several files of rows as one data set, each with its share.

import Digests
public import PreferenceCore

/// One file of a mixture.
public struct MixturePart: Sendable, Hashable {
  /// The file of rows; `-` is standard input.
  public let path: String
  /// Its share of the mixture, beside the shares of the others; nil where every row of every file is taken.
  public let fraction: Double?
  /// The format of its rows; nil recognises it by the first row's columns.
  public let format: RowFormat?

  /// A file, with a share where one is given.
  ///
  /// - Precondition: `fraction` is above 0.
  public init(path: String, fraction: Double? = nil, format: RowFormat? = nil) {
    precondition(
      fraction.map { $0 > 0 } ?? true, "a share of \(fraction ?? 0) takes no row; leave the file out")
    (self.path, self.fraction, self.format) = (path, fraction, format)
  }
}

/// How many rows of each file a mixture takes.
enum MixtureShares {
  /// The first `counts[i]` rows of file `i`, by TRL's rule.
  ///
  /// Shares are divided by their sum to weights `w`. The mixture is as large as it can be without a row
  /// twice, `n = min sizeᵢ / wᵢ`, and takes `round(wᵢ n)` rows of each file, halves to the even number.
  static func counts(sizes: [Int], fractions: [Double]) -> [Int] {
    let sum = fractions.reduce(0, +)
    let weights = fractions.map { $0 / sum }
    let total = zip(sizes, weights).map { Double($0) / $1 }.min() ?? 0
    return weights.map { Int(($0 * total).rounded(.toNearestOrEven)) }
  }
}

extension PreferenceDataset {
  /// Reads the rows of several files, one file's behind another's, for a loss with `requirements`.
  ///
  /// Rows keep the place in their own file; in batches they are counted through.
  ///
  /// - Parameter loop: tokenizes rows by several threads; the result does not depend on it.
  /// - Precondition: there is a part, and either all parts have a share or none has.
  /// - Throws: ``DataError`` with every mistake of the first file that has some, where files carry different
  ///   kinds of feedback, or where a share is too small for a single row.
  public init(
    mixing parts: [MixturePart], for requirements: Requirements, with tokenizer: ModelTokenizer,
    options: DatasetOptions = DatasetOptions(), loop: ParallelLoop = serialLoop
  ) throws(DataError) {
    try self.init(
      mixing: parts, for: requirements, with: TemplateEncoder(tokenizer), options: options, loop: loop)
  }

  /// The same with any encoder.
  init(
    mixing parts: [MixturePart], for requirements: Requirements, with encoder: any RowEncoder,
    options: DatasetOptions, loop: ParallelLoop = serialLoop
  ) throws(DataError) {
    precondition(!parts.isEmpty, "a mixture of no files has no rows")
    let fractions = parts.compactMap(\.fraction)
    precondition(
      fractions.isEmpty || fractions.count == parts.count, "some files have a share and some have none")
    var stores: [JSONLinesStore] = []
    for part in parts { stores.append(try JSONLinesStore(path: part.path)) }
    let sizes = stores.map(\.rows.count)
    let counts = fractions.isEmpty ? sizes : MixtureShares.counts(sizes: sizes, fractions: fractions)
    var sets: [PreferenceDataset] = []
    for ((part, store), count) in zip(zip(parts, stores), counts) {
      guard count > 0 else {
        throw DataError(
          store.file, "its share of the mixture is not one row; raise its fraction or leave the file out")
      }
      var own = options
      own.format = part.format ?? options.format
      // Judged for the mixture as a whole, below: a small file may have one bad row.
      if parts.count > 1 { own.maximumDroppedFraction = 1 }
      sets.append(
        try PreferenceDataset(
          store.first(count), of: store.rows.count, for: requirements, with: encoder, options: own,
          loop: loop))
    }
    try self.init(joining: sets, fractions: fractions)
    if let excess = Self.excess(in: reports, over: options.maximumDroppedFraction) {
      throw DataError(file, excess)
    }
  }

  /// Why the rows dropped from several files are too many, or nil where they are not.
  private static func excess(in reports: [DataReport], over fraction: Double) -> String? {
    let dropped = reports.reduce(0) { $0 + $1.droppedCount }
    let considered = reports.reduce(0) { $0 + $1.rowCount - $1.leftOutCount }
    guard reports.count > 1, Double(dropped) > fraction * Double(considered) else { return nil }
    let list = reports.flatMap { report in
      report.reasons.compactMap { reason in
        report.dropped[reason].map { "\(report.file), \(reason.rawValue): \($0.sentence)" }
      }
    }
    return "\(dropped) of \(considered) rows are dropped, more than max_dropped_fraction \(fraction) allows: "
      + "\(list.joined(separator: "; ")); repair the rows or raise max_dropped_fraction"
  }

  /// Rows of several files behind one another.
  private init(joining sets: [PreferenceDataset], fractions: [Double]) throws(DataError) {
    guard sets.count > 1 || !fractions.isEmpty else {
      self = sets[0]
      return
    }
    var rows: [TokenizedRow] = []
    var reports: [DataReport] = []
    var seen: Set<TokenizedRow.Whole> = []
    var start = 0
    for set in sets {
      guard set.feedback == sets[0].feedback else {
        throw DataError(
          set.file,
          "the rows are \(set.feedback.rawValue), but those of \(sets[0].file) are "
            + "\(sets[0].feedback.rawValue); mix files of one kind")
      }
      var report = set.report
      for row in set.rows where seen.contains(row.whole) { report.duplicates.add(row.place) }
      seen.formUnion(set.rows.map(\.whole))
      rows += set.rows.map { row in row.placed(row.place.inMixture(of: set.file, from: start)) }
      reports.append(report)
      start += report.rowCount
    }
    // What decides the rows: the files' bytes, in order, and how many rows of each.
    let words = zip(sets, reports).map { "\($0.hash) \($1.rowCount - $1.leftOutCount)\n" }
    self.init(
      rows, reports: reports, file: sets.map(\.file).joined(separator: " + "),
      hash: SHA256.hexadecimal(Array(words.joined().utf8)), feedback: sets[0].feedback, window: sets[0].window
    )
  }
}
