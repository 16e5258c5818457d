// Which of a model's layers an adapter sits beside, by PEFT's rules for names, and with what rank and scale.

import Optimizers

/// A layer that is adapted, and how.
struct AdaptedLayer: Sendable, Hashable {
  let layer: AdaptableLayer
  let rank: Int
  let scale: Double
}

extension ModelConfiguration {
  /// What PEFT adapts in models of this family unless told otherwise.
  public var usualTargets: [String] { architecture.usualAdaptedLayers }

  /// The layers that `options` adapt.
  ///
  /// - Parameter isStrict: whether every name must be a layer's; PEFT is content with one.
  /// - Throws: if nothing or something unknown is named, or a pattern is none.
  func adaptedLayers(_ options: LowRankOptions, isStrict: Bool) throws(ModelError) -> [AdaptedLayer] {
    let ranks = try options.ranks.map { exception throws(ModelError) in
      (try NamePattern("(.*\\.)?(\(exception.pattern))", of: "rank_pattern"), exception.measure)
    }
    let alphas = try options.alphas.map { exception throws(ModelError) in
      (try NamePattern("(.*\\.)?(\(exception.pattern))", of: "alpha_pattern"), exception.measure)
    }
    let layers = try layers(options, isStrict: isStrict)
    if options.decomposesWeights, layers.contains(where: { $0.end == .embedding }) {
      throw ModelError("use_dora beside the embedding is not supported; merge the adapter with PEFT")
    }
    return layers.map { layer in
      let rank = ranks.first { $0.0.matches(layer.name) }?.1 ?? options.rank
      let alpha = alphas.first { $0.0.matches(layer.name) }?.1 ?? options.alpha
      return AdaptedLayer(layer: layer, rank: rank, scale: options.scale(rank: rank, alpha: alpha))
    }
  }

  private func layers(_ options: LowRankOptions, isStrict: Bool) throws(ModelError) -> [AdaptableLayer] {
    var all = adaptableLayers
    // New adapters have better means: modules_to_save. PEFT's are read.
    switch options.targets {
    case .named where !isStrict, .pattern where !isStrict: all += adaptableEnds
    case .named, .pattern, .usual, .allLinear: break
    }
    let isMeant = try predicate(options.targets, "target_modules")
    let isExcluded = try options.excluded.map { targets throws(ModelError) in
      try predicate(targets, "exclude_modules")
    }
    var names: [String]?
    switch options.targets {
    case .named(let given): names = given
    case .usual: names = usualTargets
    case .allLinear, .pattern: break
    }
    if let names {
      guard !names.isEmpty else {
        throw ModelError("target_modules is empty, so there would be nothing to train; name a layer")
      }
      if let stranger = names.first(where: { name in
        !all.contains { layer in layer.spellings.contains { Self.isMeant($0, by: name) } }
      }) {
        let nothing = !all.contains { $0.spellings.contains(where: isMeant) }
        if isStrict || nothing || Self.unadaptable.contains(Self.lastPart(stranger)) {
          throw unknown(stranger)
        }
      }
    }
    let saved = try options.savedModules.map { name throws(ModelError) in
      try NamePattern("(.*\\.)?\(name)(\\..*)?", of: "modules_to_save")
    }
    let containers = try options.blockContainers.map { name throws(ModelError) in
      try NamePattern(".*\\.\(name)\\.\\d+\\..*", of: "layers_pattern")
    }
    let adapted = all.filter { layer in
      guard layer.spellings.contains(where: isMeant), isExcluded?(layer.name) != true else { return false }
      if saved.contains(where: { $0.matches(layer.name) }) { return false }
      // Blocks are chosen among layers that are named by how they end.
      guard let blocks = options.blocks, let names, !names.contains(layer.name) else { return true }
      return layer.end == nil && blocks.contains(layer.block)
        && (containers.isEmpty || containers.contains { $0.matches(layer.name) })
    }
    guard !adapted.isEmpty else {
      throw ModelError(
        "target_modules matches no linear layer of this model, so there would be nothing to train; there are "
          + listing)
    }
    return adapted
  }

  /// Layers that PEFT can adapt and that are not linear layers of a block.
  private static let unadaptable: Set<String> = [
    "lm_head", "embed_tokens", "embed_out", "embed_in", "wte", "wpe",
  ]

  private func unknown(_ name: String) -> ModelError {
    if Self.unadaptable.contains(Self.lastPart(name)) {
      return ModelError(
        "target_modules '\(name)': adapters beside the embedding or the head are not supported; name it in "
          + "modules_to_save, or merge the adapter with PEFT")
    }
    return ModelError(
      "target_modules '\(name)' is no linear layer of this model; there are \(listing), "
        + "and \"all-linear\" takes them all")
  }

  private var listing: String {
    adaptableLayers.prefix { $0.block == 0 }.map { "'\(Self.lastPart($0.name))'" }.joined(separator: ", ")
  }

  private func predicate(
    _ targets: LowRankOptions.Targets, _ key: String
  ) throws(ModelError) -> (String) -> Bool {
    switch targets {
    case .allLinear: return { _ in true }
    case .usual:
      let names = usualTargets
      return { layer in names.contains { Self.isMeant(layer, by: $0) } }
    case .named(let names): return { layer in names.contains { Self.isMeant(layer, by: $0) } }
    case .pattern(let pattern):
      let pattern = try NamePattern(pattern, of: key)
      return { pattern.matches($0) }
    }
  }

  private static func isMeant(_ layer: String, by name: String) -> Bool {
    layer == name || layer.hasSuffix("." + name)
  }

  static func lastPart(_ name: String) -> String { String(name.split(separator: ".").last ?? "") }

  /// The weights of modules that are trained as a whole: those of every module whose name ends so.
  ///
  /// - Parameter isStrict: whether every name must be a module's; PEFT passes over those that are not.
  /// - Throws: if a name is no module's, or a module cannot be trained as a whole.
  func savedWeights(
    _ options: LowRankOptions, isStrict: Bool
  ) throws(ModelError) -> [WeightSpecification] {
    for name in options.savedModules
    where isStrict && !weights.contains(where: { isSaved($0, by: name) }) {
      let known = Set(weights.map { Self.lastPart(Self.module(of: $0)) }).sorted()
      throw ModelError(
        "modules_to_save '\(name)' is no module of this model; there are "
          + known.map { "'\($0)'" }.joined(separator: ", "))
    }
    let saved = weights.filter { weight in options.savedModules.contains { isSaved(weight, by: $0) } }
    if let turned = saved.first(where: \.isTurned) {
      throw ModelError(
        "modules_to_save '\(Self.lastPart(Self.module(of: turned)))': layers that are stored transposed are not "
          + "supported there; adapt them, or save the embedding, norms and head")
    }
    return saved
  }

  /// Whether a weight belongs to a module whose name, or that of a module around it, ends in `name`.
  private func isSaved(_ weight: WeightSpecification, by name: String) -> Bool {
    var module = Self.module(of: weight)[...]
    while true {
      if module.hasSuffix(name) || adapterName(ofModule: String(module)).hasSuffix(name) { return true }
      guard let dot = module.lastIndex(of: ".") else { return false }
      module = module[..<dot]
    }
  }

  /// The module that a weight belongs to: its name without `.weight` or `.bias`.
  static func module(of weight: WeightSpecification) -> String { module(of: weight.name) }

  /// The same of a name.
  static func module(of weight: ParameterName) -> String {
    weight.description.split(separator: ".").dropLast().joined(separator: ".")
  }
}

/// A regular expression for the names of layers, as Python's `re.fullmatch` reads it.
struct NamePattern {
  private let expression: Regex<AnyRegexOutput>

  /// - Parameter key: where the pattern stands, for messages.
  /// - Throws: if it is no regular expression.
  init(_ pattern: String, of key: String) throws(ModelError) {
    do {
      expression = try Regex(pattern)
    } catch {
      throw ModelError("\(key) '\(pattern)' is no regular expression: \(error)")
    }
  }

  /// Whether all of `name` matches.
  func matches(_ name: String) -> Bool { (try? expression.wholeMatch(in: name)) != nil }
}
