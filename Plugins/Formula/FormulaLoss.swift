// A loss that is written where it is asked for: `formula('softplus(-beta * margin)', beta=0.1)`.

import PreferenceCore

/// A loss in the words of a formula, differentiated like any other.
///
/// The formula has one value for each pair, or for each labelled completion, of what it names: `chosen`,
/// `rejected_ratio`, `margin`, `completion_length`, `chosen.reward`, … Its free names are hyperparameters, whose
/// values stand in the call. What must be scored follows from the names. `Docs/Formulas.md` lists them all.
///
/// - Shapes: one value for each pair, `[P]`, or each labelled completion, `[M]`.
public struct FormulaLoss: PreferenceLoss, OpenConfigurable {
  public static let card = LossCard(
    "formula", "A loss written as a formula of what a loss can see; its free names are hyperparameters.",
    formula: "the text", source: "this package",
    departures: ["the default text is DPO's, as an example"], twins: ["dpo"])

  public static let hyperparameters: Schema<Self> = [
    Field("text", \.text, "The formula; one value for each pair or labelled completion.").positional()
  ]

  public static let nameArgument = "as"
  private static let example = "-logsigmoid(beta * margin)"

  /// The formula.
  public var text = Self.example { didSet { read() } }
  /// What the logs call the term: `formula` unless the loss has a name of its own.
  public private(set) var name: String?
  private var given: [(name: String, value: Literal)] = []
  private var program: Result<FormulaProgram, FormulaProblem> = .failure(FormulaProblem("", at: 0))
  /// The free names' values in the program's order, once all are given.
  private var numbers: [FormulaValue] = []
  /// The example's own number, until another text or a number is given.
  private var isExample = true

  /// The example.
  public init() {
    given = [("beta", .number(0.1))]
    read()
    isExample = true
  }

  private mutating func read() {
    if isExample, text != Self.example { (given, isExample) = ([], false) }
    do throws(FormulaProblem) {
      program = .success(try FormulaProgram(text))
    } catch {
      program = .failure(error)
    }
    bind()
  }

  /// Puts the given numbers where the program wants them.
  private mutating func bind() {
    guard case .success(let program) = program else { return }
    numbers = program.parameters.compactMap { parameter in
      given.first { $0.name == parameter.name }.flatMap { Self.value($0.value) }
    }
  }

  private static func value(_ literal: Literal) -> FormulaValue? {
    if let x = Double(literal) { return .number(x) }
    return [Double](literal).map { .list($0.map { .number($0) }) }
  }

  // MARK: Hyperparameters

  public var openHyperparameters: [Argument] {
    (name.map { [Argument(Self.nameArgument, .word($0))] } ?? []) + given.map { Argument($0.name, $0.value) }
  }

  public var valueCard: Card {
    Card(
      name ?? Self.card.name, "A formula.", formula: text, source: "written in the config string",
      departures: [])
  }

  public mutating func setOpen(_ name: String, to value: Literal) throws(HyperparameterError) {
    if name == Self.nameArgument {
      guard case .word(let word) = value, LossRegistry.isName(word) else {
        throw HyperparameterError(
          name, "takes a name of lower-case letters, digits and hyphens, not '\(value)'")
      }
      self.name = word
      return
    }
    guard Self.value(value) != nil else {
      throw HyperparameterError(name, "takes a number, or a list with one for each reference, not '\(value)'")
    }
    if let place = given.firstIndex(where: { $0.name == name }) {
      given[place].value = value
    } else {
      given.append((name, value))
    }
    bind()
  }

  public func validate() throws(HyperparameterError) {
    let program: FormulaProgram
    switch self.program {
    case .success(let read): program = read
    case .failure(let problem): throw HyperparameterError("text", problem.prose(in: text))
    }
    let wanted = program.parameters.map(\.name)
    for (name, _) in given where !wanted.contains(name) {
      let near = nearest(to: name, in: wanted.filter { wanted in !given.contains { $0.name == wanted } })
      let advice = near.map { "; did you mean '\($0)'?" } ?? ""
      throw HyperparameterError(name, "is not in the formula\(advice)")
    }
    let missing = program.parameters.first { parameter in !given.contains { $0.name == parameter.name } }
    if let missing {
      let near = nearest(to: missing.name, in: FormulaName.all)
      let advice = near.map { "; did you mean '\($0)'?" } ?? "; give it one, as in \(missing.name)=0.1"
      let problem = FormulaProblem("'\(missing.name)' has no value\(advice)", at: missing.offset)
      throw HyperparameterError("text", problem.prose(in: text))
    }
    do throws(FormulaProblem) {
      var check = FormulaKindCheck(program, lists: lists)
      try check.check()
    } catch {
      throw HyperparameterError("text", error.prose(in: text))
    }
    if Set(listCounts).count > 1 {
      throw HyperparameterError(
        "text", "has lists of \(listCounts[0]) and \(listCounts[1]) numbers; make them alike")
    }
  }

  private var lists: Set<Int> {
    Set(numbers.indices.filter { if case .list = numbers[$0] { true } else { false } })
  }

  private var listCounts: [Int] {
    numbers.compactMap { if case .list(let items) = $0 { items.count } else { nil } }
  }

  // MARK: The loss

  /// The formula as read.
  ///
  /// - Precondition: the loss came from a registry, or passed `validate()`.
  private var valid: FormulaProgram {
    guard case .success(let program) = program else {
      preconditionFailure("formula: '\(text)' cannot be read; build the loss with a registry")
    }
    return program
  }

  public var requirements: Requirements { valid.requirements(listed: listCounts.first) }

  /// The number called `beta`, where there is one.
  public var rewardScale: Double {
    guard case .number(let beta)? = given.first(where: { $0.name == "beta" })?.value, beta > 0 else {
      return 1
    }
    return beta
  }

  public var startingValue: Double? { start.value }

  public var startsFlat: Bool { start.isFlat }

  private var start: FormulaStart {
    FormulaStart(valid, numbers: numbers, references: requirements.references.lowerBound)
  }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let program = valid
    let scope = FormulaScope(batch, isOfPairs: program.isOfPairs)
    var values = program.value(numbers: numbers, seen: scope.value).tensor
    // One number of the whole batch is everybody's.
    if values.shape.isEmpty { values = values + Tensor.zeros([scope.count]) }
    return LossTerms(name ?? Self.card.name, values, per: program.isOfPairs ? .pair : .completion)
  }
}

/// Brings `formula`.
public enum FormulaPlugin: LossPlugin {
  public static let name = "formula"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(FormulaLoss.self)
  }
}
