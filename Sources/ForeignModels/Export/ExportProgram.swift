import ModelCore
import Support

/// A graph of torch.export that libtorch's operators compute one after the other, so that gradients
/// go through it.
struct ExportProgram: ForeignProgram {
  /// The number of learned numbers.
  let weights: Int
  /// The shape of a batch of images; a size that the graph leaves free is nil.
  let input: [Int?]
  private let steps: [ExportStep]
  /// The values by slot before the first step: the constants.
  private let constants: [Operator.Value?]
  private let images: Int
  private let logits: Int
  private let type: Tensor.ElementType
  private let layout: ExportLayout

  var batchSize: Int? { input.first ?? nil }

  /// - Throws: `Failure.badData` that names all operators that are not supported, or says what is
  ///   wrong with the graph.
  init(_ archive: ExportArchive, output: String? = nil, device: Device) throws {
    let module = archive.program.module
    try ExportOperators.check(module.graph.nodes)
    let signature = try ExportSignature(module, output: output)
    let named = try archive.tensors(
      weights: Set(signature.weights.values), constants: Set(signature.constants.values))
    var slots = ExportSlots()
    images = try slots.add(signature.images)
    var constants: [Int: Tensor] = [:]
    for (input, name) in signature.weights { constants[try slots.add(input)] = named.weights[name] }
    for (input, name) in signature.constants {
      constants[try slots.add(input)] = named.constants[name]
    }
    var steps: [ExportStep] = []
    for node in module.graph.nodes where !ExportOperators.isAssertion(node.target) {
      steps.append(try ExportStep(node, slots: &slots, device: device))
    }
    logits = try slots.find(signature.logits)
    let aliases = try ExportAliases(steps, constants: Set(constants.keys), slots: slots.count)
    layout = aliases.layout(images: images)
    var values = [Operator.Value?](repeating: nil, count: slots.count)
    for (slot, tensor) in constants {
      values[slot] = .tensor(layout.ordered(tensor).to(device))
    }
    (self.steps, self.constants) = try Self.folded(
      steps, values, aliases, layout, keeping: logits)
    let parameters = Set(signature.parameters)
    weights = signature.weights.reduce(0) { sum, entry in
      sum + (parameters.contains(entry.key) ? named.weights[entry.value]?.count ?? 0 : 0)
    }
    guard let meta = module.graph.tensors[signature.images],
      let type = ExportTypes.input[meta.type]
    else {
      throw Failure.badData(
        "its input '\(signature.images.prefix(80))' is not a tensor of floating-point numbers")
    }
    self.type = type
    input = meta.sizes.map { size in if case .number(let number) = size { number } else { nil } }
  }

  /// Computes the steps that depend on constants only once, here, and notes for each other step the
  /// values that no later step needs.
  private static func folded(
    _ steps: [ExportStep], _ constants: [Operator.Value?], _ aliases: ExportAliases,
    _ layout: ExportLayout, keeping logits: Int
  ) throws -> ([ExportStep], [Operator.Value?]) {
    var (values, left) = (constants, [ExportStep]())
    for step in steps {
      if step.reads.allSatisfy({ values[$0] != nil }), !aliases.isWritten(step) {
        try withoutGradients { try withMemoryLimit(1 << 30) { try step.run(&values) } }
      } else {
        left.append(step)
      }
    }
    let merged = ExportFolding(
      left, constants: values, keeping: logits, layout: layout)
    (left, values) = (merged.steps, merged.constants)
    var seen: Set = [logits]
    for place in left.indices.reversed() {
      left[place].forgotten = (left[place].reads + left[place].gives).filter {
        values[$0] == nil && seen.insert($0).inserted
      }
    }
    let needed = Set(left.flatMap(\.reads)).union([logits])
    return (left, values.indices.map { needed.contains($0) ? values[$0] : nil })
  }

  func bounds(_ inputs: Bounds) throws -> Bounds {
    throw Failure.badData(
      "a program of torch.export has no interval bounds",
      hint: "export the model as ONNX, or give its weights with an architecture")
  }

  /// Computes one step after the other, and frees each value after the last step that takes it.
  func run(_ batch: Tensor) throws -> Tensor {
    if let batchSize, batch.shape.first != batchSize {
      throw Failure.badData(
        "it was exported for batches of \(batchSize) images, found \(batch.shape.first ?? 0)")
    }
    var values = constants
    values[images] = .tensor(try layout.prepared(batch).to(type))
    for step in steps {
      try step.run(&values)
      for slot in step.forgotten { values[slot] = nil }
    }
    guard case .tensor(let result)? = values[logits] else {
      throw Failure.badData("its output is not a tensor")
    }
    return try result.throwing.to(.float32)
  }
}

/// What the inputs and outputs of a graph stand for.
struct ExportSignature {
  /// The inputs that are weights, and those that are constants, each with its name in the archive.
  private(set) var weights: [String: String] = [:]
  private(set) var constants: [String: String] = [:]
  /// The inputs among the weights that a training learns.
  let parameters: [String]
  let images: String
  let logits: String

  /// - Throws: `Failure.badData` if there is not one input for the images and one output for the
  ///   logits, or if the program changes its own weights.
  init(_ module: ExportDocument.Module, output: String?) throws {
    var images: [String] = []
    for input in module.signature.inputs {
      switch input {
      case .images(let name): images.append(name)
      case .weight(let input, let name, _): weights[input] = name
      case .constant(let input, let name): constants[input] = name
      case .other("constant_input"): break
      case .other(let kind):
        throw Failure.badData(
          "its graph has an input of the kind '\(kind.prefix(40))', which is not supported",
          hint: "export a model that takes only images")
      }
    }
    let kinds = module.signature.outputs.map(\.name)
    guard kinds.count == module.graph.outputs.count else {
      throw Failure.badData("its signature does not fit its graph: the file may be damaged")
    }
    guard !kinds.contains("buffer_mutation"), !kinds.contains("parameter_mutation") else {
      throw ExportOperators.training("it changes its own weights when it runs")
    }
    let outputs = zip(kinds, module.graph.outputs).filter { $0.0 == "user_output" }.map(\.1)
    guard images.count == 1 else {
      throw Failure.badData(
        "its graph has \(images.count) inputs, expected one for the images",
        hint: "export a model that takes only images")
    }
    self.images = images[0]
    logits = try Self.chosen(outputs, keys: module.outputKeys, output)
    let learned = module.signature.inputs.compactMap { input -> String? in
      if case .weight(let input, _, true) = input { input } else { nil }
    }
    parameters = learned
  }

  /// The name of the output with the logits: the one that the user chooses by its key or its place,
  /// or the only one.
  private static func chosen(
    _ outputs: [ExportArgument], keys: [String], _ choice: String?
  ) throws -> String {
    var names: [(key: String, name: String)] = []
    for (place, output) in outputs.enumerated() {
      guard case .tensor(let name) = output else { continue }
      names.append((keys.count == outputs.count ? keys[place] : "\(place)", name))
    }
    let list = names.prefix(20).map { "'\($0.key.prefix(40))'" }.joined(separator: ", ")
    if let choice {
      let place = Int(choice).flatMap { names.indices.contains($0) ? names[$0] : nil }
      guard
        let found = names.first(where: { $0.key == choice || $0.name == choice }) ?? place
      else {
        throw Failure.badData("it has no output '\(choice)'; its outputs are \(list)")
      }
      return found.name
    }
    guard names.count == 1, outputs.count == 1 else {
      throw Failure.badData(
        "it gives \(outputs.count) outputs, expected one tensor of logits; its outputs are \(list)",
        hint: "choose one, like :output=\(names.first?.key ?? "0") after the file")
    }
    return names[0].name
  }
}

/// A number for each named value of a graph.
struct ExportSlots {
  private var places: [String: Int] = [:]
  var count: Int { places.count }

  /// - Throws: `Failure.badData` if another value has the name already.
  mutating func add(_ name: String) throws -> Int {
    guard places[name] == nil else {
      throw Failure.badData("two values of its graph are named '\(name.prefix(80))'")
    }
    places[name] = count
    return count - 1
  }

  /// - Throws: `Failure.badData` if no value before has the name.
  func find(_ name: String) throws -> Int {
    guard let place = places[name] else {
      throw Failure.badData("its graph uses '\(name.prefix(80))', which nothing before it gives")
    }
    return place
  }
}
