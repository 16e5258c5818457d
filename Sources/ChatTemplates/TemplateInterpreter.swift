// Runs the statements of a template.

/// One rendering of a template: its names, what it has written, what it has made.
struct TemplateInterpreter {
  let source: [Unicode.Scalar]
  let date: TemplateDate?
  /// Names and their values by frame. Frames that no macro can see again make room for others.
  private var frames: [[String: TemplateValue]]
  /// The frames in sight, the innermost last; the first holds what the caller gave.
  private(set) var sight = [0, 1]
  /// Frames before this one are seen by a macro, and stay.
  private var keptFrames = 2
  /// What lives while the template is rendered.
  var objects = TemplateObjects()
  /// Macros that have been defined, with the frames they see.
  private(set) var macros: [(macro: TemplateMacro, sight: [Int])] = []
  /// How many macros are being called.
  var callDepth = 0
  private var output = ""

  /// An interpreter that knows these names.
  init(source: [Unicode.Scalar], names: [String: TemplateValue], date: TemplateDate?) {
    self.source = source
    self.date = date
    frames = [names, [:]]
  }

  /// The text of a whole template.
  mutating func render(_ statements: [TemplateStatement]) throws(TemplateError) -> String {
    _ = try run(statements)
    return output
  }

  /// An error of evaluation at a place.
  func fault(_ problem: String, at place: Int) -> TemplateError {
    TemplateLexer.error(source, place, .evaluation, problem)
  }

  /// Gives the faults of `body` the place where they happened.
  mutating func located<Value>(
    _ place: Int, _ body: (inout TemplateObjects) throws(TemplateFault) -> Value
  ) throws(TemplateError) -> Value {
    do throws(TemplateFault) {
      return try body(&objects)
    } catch { throw fault(error.problem, at: place) }
  }

  // MARK: Statements

  /// How the statements behind one go on.
  enum Flow {
    case onward, leavesLoop, nextRound
  }

  private mutating func run(_ statements: [TemplateStatement]) throws(TemplateError) -> Flow {
    for statement in statements {
      let flow = try run(statement)
      if flow != .onward { return flow }
    }
    return .onward
  }

  private mutating func run(_ statement: TemplateStatement) throws(TemplateError) -> Flow {
    switch statement.kind {
    case .text(let text): output += text
    case .output(let expression): output += try evaluate(expression).text
    case .branch(let branches, let otherwise):
      for (condition, body) in branches where try evaluate(condition).isTrue { return try run(body) }
      return try run(otherwise)
    case .loop(let loop): try run(loop, at: statement.place)
    case .set(let targets, let expression):
      let value = try evaluate(expression)
      for target in targets { try bind(target, to: value, at: statement.place) }
    case .setBlock(let target, let filters, let body):
      let text = try filtered(try text(of: body), filters)
      try bind(target, to: text, at: statement.place)
    case .macro(let macro): frames[innermost][macro.name] = define(macro)
    case .with(let bindings, let body):
      enter()
      defer { leave() }
      // Every value is read before any name is bound.
      var values: [TemplateValue] = []
      for (_, expression) in bindings { values.append(try evaluate(expression)) }
      for ((target, _), value) in zip(bindings, values) { try bind(target, to: value, at: statement.place) }
      return try run(body)
    case .filterBlock(let filters, let body): output += try filtered(try text(of: body), filters).text
    case .callBlock(let caller, let callee, let arguments):
      var arguments = try evaluate(arguments)
      arguments.named.append(("caller", define(caller)))
      output += try call(try evaluate(callee), arguments, at: callee.place).text
    case .generation(let body): output += try text(of: body)
    case .leaveLoop: return .leavesLoop
    case .nextRound: return .nextRound
    }
    return .onward
  }

  /// What a body writes, in a frame of its own.
  private mutating func text(of body: [TemplateStatement]) throws(TemplateError) -> String {
    enter()
    defer { leave() }
    let outer = output
    output = ""
    defer { output = outer }
    _ = try run(body)
    return output
  }

  private mutating func filtered(_ text: String, _ filters: [TemplateFilterCall]) throws(TemplateError)
    -> TemplateValue
  {
    var value = TemplateValue.string(text)
    for filter in filters {
      let arguments = try evaluate(filter.arguments)
      let input = value
      value = try located(filter.place) { objects throws(TemplateFault) in
        try TemplateFilters.apply(filter.name, to: input, arguments, &objects)
      }
    }
    return value
  }

  // MARK: Loops

  private mutating func run(_ loop: TemplateLoop, at place: Int) throws(TemplateError) {
    let sequence = try evaluate(loop.sequence)
    try run(loop, over: sequence, depth: 0, at: place)
  }

  /// Runs a loop over the elements of `sequence`, inside `depth` loops of the same statement.
  private mutating func run(
    _ loop: TemplateLoop, over sequence: TemplateValue, depth: Int, at place: Int
  ) throws(TemplateError) {
    var elements = try located(loop.sequence.place) { objects throws(TemplateFault) in
      try objects.elements(of: sequence)
    }
    // Where nothing looks ahead, a filter sees what the body did in the rounds before.
    let filtersLate = loop.filter != nil && !loop.readsLoop
    if !filtersLate {
      var kept: [TemplateValue] = []
      for element in elements where try passes(element, loop, at: place) { kept.append(element) }
      elements = kept
    }
    var state = TemplateLoopState(elements: elements, depth: depth)
    if loop.isRecursive { state.recursion = (loop, sight, place) }
    let object = objects.loops.count
    objects.loops.append(state)
    var hasFinishedRound = false
    for (index, element) in elements.enumerated() {
      if filtersLate, try !passes(element, loop, at: place) { continue }
      objects.loops[object].index = index
      enter()
      defer { leave() }
      frames[innermost]["loop"] = .object(.loop(object))
      try bind(loop.target, to: element, at: place)
      let flow = try run(loop.body)
      if flow == .leavesLoop { break }
      if flow == .onward { hasFinishedRound = true }
    }
    // As in Jinja, `else` also follows a loop whose every round was cut short.
    if !hasFinishedRound {
      enter()
      defer { leave() }
      _ = try run(loop.otherwise)
    }
  }

  private mutating func passes(_ element: TemplateValue, _ loop: TemplateLoop, at place: Int)
    throws(TemplateError) -> Bool
  {
    guard let filter = loop.filter else { return true }
    enter()
    defer { leave() }
    try bind(loop.target, to: element, at: place)
    return try evaluate(filter).isTrue
  }

  /// What a `recursive` loop writes for the elements of `sequence`.
  mutating func recur(_ object: Int, over sequence: TemplateValue, at place: Int) throws(TemplateError)
    -> String
  {
    let state = objects.loops[object]
    guard let (loop, seen, loopPlace) = state.recursion else {
      throw fault("the loop cannot be called; write 'recursive' behind it", at: place)
    }
    guard state.depth < 64 else { throw fault("the loop calls itself too deeply", at: place) }
    return try inSight(seen) { interpreter throws(TemplateError) in
      try interpreter.run(loop, over: sequence, depth: state.depth + 1, at: loopPlace)
    }
  }

  // MARK: Macros

  /// A macro that sees what is in sight now.
  private mutating func define(_ macro: TemplateMacro) -> TemplateValue {
    macros.append((macro, sight))
    keptFrames = max(keptFrames, frames.count)
    return .callable(.macro(macros.count - 1))
  }

  /// What the body of a macro writes, with names for its parameters.
  mutating func expand(
    _ index: Int, _ names: (inout TemplateInterpreter) throws(TemplateError) -> Void
  ) throws(TemplateError) -> String {
    let (macro, seen) = macros[index]
    return try inSight(seen) { interpreter throws(TemplateError) in
      interpreter.enter()
      defer { interpreter.leave() }
      try names(&interpreter)
      _ = try interpreter.run(macro.body)
    }
  }

  /// What `body` writes while it sees these frames.
  private mutating func inSight(
    _ seen: [Int], _ body: (inout TemplateInterpreter) throws(TemplateError) -> Void
  ) throws(TemplateError) -> String {
    let (outer, outerSight) = (output, sight)
    (output, sight) = ("", seen)
    defer { (output, sight) = (outer, outerSight) }
    try body(&self)
    return output
  }

  // MARK: Names

  private var innermost: Int { sight[sight.count - 1] }

  private mutating func enter() {
    sight.append(frames.count)
    frames.append([:])
  }

  private mutating func leave() {
    let frame = sight.removeLast()
    if frame == frames.count - 1, frame >= keptFrames { frames.removeLast() }
  }

  /// Binds a name in the innermost frame.
  mutating func bind(_ name: String, to value: TemplateValue) { frames[innermost][name] = value }

  /// Binds a target of `for`, `set` or `with` in the innermost frame.
  private mutating func bind(_ target: TemplateTarget, to value: TemplateValue, at place: Int)
    throws(TemplateError)
  {
    switch target {
    case .name(let name): bind(name, to: value)
    case .attribute(let name, let attribute):
      guard case .object(.namespace(let index))? = lookUp(name) else {
        throw fault(
          "cannot set '\(name).\(attribute)': only attributes of a namespace() can be set", at: place)
      }
      guard !attribute.hasPrefix("_") else {
        throw fault("cannot set '\(name).\(attribute)': the name begins with '_'", at: place)
      }
      objects.namespaces[index][attribute] = value
    case .tuple(let targets):
      let values = try located(place) { objects throws(TemplateFault) in try objects.elements(of: value) }
      guard values.count == targets.count else {
        throw fault("cannot unpack \(values.count) values into \(targets.count) names", at: place)
      }
      for (target, value) in zip(targets, values) { try bind(target, to: value, at: place) }
    }
  }

  /// The value of a name, or nil.
  func lookUp(_ name: String) -> TemplateValue? {
    for frame in sight.reversed() {
      if let value = frames[frame][name] { return value }
    }
    return nil
  }

  /// The names in sight, for suggestions.
  var knownNames: Set<String> { Set(sight.flatMap { frames[$0].keys }).subtracting(["loop"]) }
}
