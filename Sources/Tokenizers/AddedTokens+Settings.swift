// Which tokens of tokenizer_config.json join those of tokenizer.json, and under which ids.

extension AddedTokens {
  /// The tokens of the file with those of the settings, as the reference implementation joins them.
  ///
  /// Tokens of `added_tokens_decoder` replace those of the file that have other flags; tokens with a role and extra
  /// special tokens come along when nothing else has them. A text without an id gets the next one, whatever the
  /// settings say. Whatever has a role is special.
  static func joined(
    _ tokens: [AddedToken], with settings: TokenizerSettings, _ vocabulary: Vocabulary
  ) throws(TokenizerError) -> [AddedToken] {
    var tokens = tokens
    let named = try settings.namedTokens().map(\.token)
    let names = Set(named.map(\.content))
    for index in tokens.indices where names.contains(tokens[index].content) { tokens[index].isSpecial = true }

    var places: [String: Int] = [:]
    for (index, token) in tokens.enumerated() { places[token.content] = index }
    var incoming = try settings.addedTokens()
    let known = Set(incoming.map(\.content)).union(places.keys)
    incoming += (named + (try settings.extraTokens())).filter { !known.contains($0.content) }

    var next = max(vocabulary.idLimit, tokens.map { Int($0.id) + 1 }.max() ?? 0)
    for var token in incoming where !token.content.isEmpty {
      if names.contains(token.content) { token.isSpecial = true }
      if let place = places[token.content] {
        token.id = tokens[place].id
        // What has been special stays so to decoding.
        token.isSpecial = token.isSpecial || tokens[place].isSpecial
        tokens[place] = token
        continue
      }
      if let id = vocabulary.id(of: token.content) {
        token.id = id
      } else {
        token.id = Int32(next)
        next += 1
      }
      places[token.content] = tokens.count
      tokens.append(token)
    }
    return tokens
  }
}
