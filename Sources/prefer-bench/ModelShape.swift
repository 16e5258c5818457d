// Shapes of models that people fine-tune, by name, for steps on random weights.

import CommandLineTool
import TransformerModels

/// The measures of well-known models.
enum ModelShape {
  /// Names with measures: vocabulary, width, feed-forward width, layers, heads, key and value heads, tied head.
  private static let shapes: KeyValuePairs<String, (Int, Int, Int, Int, Int, Int, Bool)> = [
    "smollm2-135m": (49_152, 576, 1536, 30, 9, 3, true),
    "smollm2-360m": (49_152, 960, 2560, 32, 15, 5, true),
    "0.5b": (151_936, 896, 4864, 24, 14, 2, true),
    "1b": (128_256, 2048, 8192, 16, 32, 8, true),
    "1.5b": (151_936, 1536, 8960, 28, 12, 2, true),
    "3b": (128_256, 3072, 8192, 28, 24, 8, true),
    "7b": (152_064, 3584, 18_944, 28, 28, 4, false),
  ]

  /// Every name.
  static var names: [String] { shapes.map(\.key) }

  /// What help says of the names.
  static var list: String {
    "Shapes: " + names.joined(separator: ", ")
      + "; 0.5b, 1.5b and 7b are Qwen2.5's, 1b and 3b Llama 3.2's, without biases."
  }

  /// Measures that may be given as `key=value` in the place of a shape's own.
  static let measures = ["layers", "width", "inner", "heads", "kv_heads", "vocabulary"]

  /// A shape with some of its measures replaced.
  static func configuration(
    _ name: String, _ overrides: [Invocation.Override] = []
  ) throws(UsageError) -> ModelConfiguration {
    guard let shape = shapes.first(where: { $0.key == name })?.value else {
      throw UsageError("--shape takes \(names.joined(separator: ", ")), not '\(name)'")
    }
    var values = [
      "vocabulary": shape.0, "width": shape.1, "inner": shape.2, "layers": shape.3, "heads": shape.4,
      "kv_heads": shape.5,
    ]
    for override in overrides {
      guard measures.contains(override.key) else {
        throw UsageError("a shape has no '\(override.key)'; it has \(measures.joined(separator: ", "))")
      }
      guard let value = Int(override.value), value > 0 else {
        throw UsageError("\(override.key) takes a positive whole number, not '\(override.value)'")
      }
      values[override.key] = value
    }
    let heads = values["heads"] ?? 1
    let (width, groups) = (values["width"] ?? heads, values["kv_heads"] ?? 1)
    guard heads % groups == 0, width % (2 * heads) == 0 else {
      throw UsageError(
        "width must be a multiple of twice the heads, and heads one of kv_heads; \(width), \(heads) and "
          + "\(groups) are not")
    }
    var configuration = ModelConfiguration(
      vocabularyCount: values["vocabulary"] ?? 1, width: width, feedForwardWidth: values["inner"] ?? 1,
      layerCount: values["layers"] ?? 1, headCount: heads, keyValueHeadCount: groups)
    configuration.tiesEmbeddings = shape.6
    configuration.maximumPositions = 32_768
    return configuration
  }
}
