// A file of rows for the model in a directory.

public import PreferenceCore

extension PreferenceDataset {
  /// Reads the rows of `path` (`-`: standard input) for a loss with `requirements`.
  ///
  /// - Parameter loop: tokenizes rows by several threads; the result does not depend on it.
  /// - Throws: ``DataError`` with every mistake of the file, or with the counts where too many rows are
  ///   dropped.
  public init(
    reading path: String, for requirements: Requirements, with tokenizer: ModelTokenizer,
    options: DatasetOptions = DatasetOptions(), loop: ParallelLoop = serialLoop
  ) throws(DataError) {
    let store = try JSONLinesStore(path: path)
    try self.init(store, for: requirements, with: TemplateEncoder(tokenizer), options: options, loop: loop)
  }
}
