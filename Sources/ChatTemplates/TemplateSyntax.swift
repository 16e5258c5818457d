// The syntax tree of a template.

/// An expression and where it starts, as an offset in scalars.
struct TemplateExpression: Sendable {
  var kind: Kind
  var place: Int

  /// What an expression computes.
  indirect enum Kind: Sendable {
    case literal(TemplateValue)
    case name(String)
    case attribute(TemplateExpression, String)
    case item(TemplateExpression, TemplateExpression)
    case slice(
      TemplateExpression, from: TemplateExpression?, to: TemplateExpression?, step: TemplateExpression?)
    case list([TemplateExpression])
    case tuple([TemplateExpression])
    case map([(key: TemplateExpression, value: TemplateExpression)])
    case call(TemplateExpression, TemplateArguments)
    case filter(TemplateExpression, String, TemplateArguments)
    case test(TemplateExpression, String, TemplateArguments)
    case not(TemplateExpression)
    case negative(TemplateExpression)
    case positive(TemplateExpression)
    case arithmetic(TemplateExpression, Arithmetic, TemplateExpression)
    case concatenation([TemplateExpression])
    case comparison(TemplateExpression, [(Comparison, TemplateExpression)])
    case and(TemplateExpression, TemplateExpression)
    case or(TemplateExpression, TemplateExpression)
    case conditional(TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)
  }

  /// An operation on two values.
  enum Arithmetic: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case remainder = "%"
    case power = "**"
  }

  /// A comparison of two values.
  enum Comparison: String, Sendable {
    case equal = "=="
    case unequal = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case contained = "in"
    case notContained = "not in"
  }
}

/// The arguments of a call, a filter or a test.
struct TemplateArguments: Sendable {
  var positional: [TemplateExpression] = []
  var named: [(name: String, value: TemplateExpression)] = []
  /// Behind `*`: further positional arguments.
  var sequence: TemplateExpression?
  /// Behind `**`: further named arguments.
  var mapping: TemplateExpression?
}

/// What a `for` or a `set` binds: a name, several names, or an attribute of a namespace.
indirect enum TemplateTarget: Sendable {
  case name(String)
  case tuple([TemplateTarget])
  case attribute(String, String)
}

/// A statement and where it starts.
struct TemplateStatement: Sendable {
  var kind: Kind
  var place: Int

  /// What a statement does.
  indirect enum Kind: Sendable {
    case text(String)
    case output(TemplateExpression)
    case branch([(condition: TemplateExpression, body: [TemplateStatement])], otherwise: [TemplateStatement])
    case loop(TemplateLoop)
    case set([TemplateTarget], TemplateExpression)
    case setBlock(TemplateTarget, filters: [TemplateFilterCall], body: [TemplateStatement])
    case macro(TemplateMacro)
    case with([(TemplateTarget, TemplateExpression)], body: [TemplateStatement])
    case filterBlock([TemplateFilterCall], body: [TemplateStatement])
    case callBlock(TemplateMacro, TemplateExpression, TemplateArguments)
    case generation([TemplateStatement])
    case leaveLoop
    case nextRound
  }
}

/// A filter that is applied to the text of a block.
struct TemplateFilterCall: Sendable {
  var name: String
  var arguments: TemplateArguments
  var place: Int
}

/// A `for` statement.
struct TemplateLoop: Sendable {
  var target: TemplateTarget
  var sequence: TemplateExpression
  var filter: TemplateExpression?
  /// Whether the body may call `loop` on further elements.
  var isRecursive: Bool
  /// Whether the body asks for `loop`, which may look ahead.
  var readsLoop: Bool
  var body: [TemplateStatement]
  var otherwise: [TemplateStatement]
}

/// A `macro` statement.
struct TemplateMacro: Sendable {
  var name: String
  var parameters: [(name: String, standard: TemplateExpression?)]
  var body: [TemplateStatement]
  /// Names the body reads without binding them that stand for further arguments: `varargs`, `kwargs`, `caller`.
  var catches: Set<String>
}
