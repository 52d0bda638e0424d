import Foundation
import ModelCore
import Support

/// An ONNX graph that is computed by calls of libtorch, one for each node, so that gradients go
/// through it.
struct OnnxProgram: ForeignProgram {
  let steps: [OnnxFile.Node]
  let constants: [String: Tensor]
  let input: String
  let output: String
  let operators: Int
  /// For each step, the values that no later step needs.
  private let forgotten: [[String]]
  /// The number of float32 constants, which are the weights.
  let weights: Int
  let batchSize: Int?

  /// - Parameter wanted: which output gives the logits, by its name or place; nil for the only one.
  /// - Throws: `Failure.badData` that names all operators that are not supported, or says what is
  ///   wrong with the graph.
  init(_ file: OnnxFile, output wanted: String? = nil, device: Device) throws {
    try Self.checkOperators(file.nodes)
    guard file.inputs.count == 1 else {
      throw Failure.badData(
        "its graph has \(file.inputs.count) inputs, expected one input for the images",
        hint: "export the model without further inputs")
    }
    guard OnnxTensor.types[file.inputs[0].type]?.becomes == .float32 else {
      throw Failure.badData(
        "its input '\(file.inputs[0].name.prefix(80))' has the ONNX element type "
          + "\(file.inputs[0].type), expected float (1), float16 (10), double (11) or bfloat16 (16)"
      )
    }
    input = file.inputs[0].name
    output = try file.output(wanted)
    operators = file.operators
    batchSize = file.batchSize
    weights = file.constants.values.reduce(0) { $0 + ($1.type == .float32 ? $1.count : 0) }
    // Whole numbers are sizes and indices, which are read on the processor.
    var known = file.constants.mapValues { $0.type == .float32 ? $0.channelsLast.to(device) : $0 }
    var steps: [OnnxFile.Node] = []
    var folded = 0
    var made: Set<String> = [input]
    for node in file.nodes {
      for name in node.inputs where !name.isEmpty && known[name] == nil && !made.contains(name) {
        throw Failure.badData(
          "\(node.label) takes '\(name.prefix(80))', which no node before it gives")
      }
      let results = node.results
      guard !results.isEmpty,
        results.allSatisfy({ known[$0] == nil && made.insert($0).inserted })
      else {
        throw Failure.badData("\(node.label) gives no value, or one that another node gives")
      }
      // A value that depends only on constants is computed once, here.
      if node.inputs.allSatisfy({ $0.isEmpty || known[$0] != nil }) {
        let call = OnnxCall(
          node: node, inputs: node.inputs.map { known[$0] }, operators: operators, images: 1)
        for (name, constant) in try Self.folding({ try call.named() }) {
          folded += constant.count
          try OnnxCall.checkRoom(folded, images: 1, node.label)
          known[name] = constant
        }
        made.subtract(results)
      } else {
        steps.append(node)
      }
    }
    guard made.contains(output), output != input else {
      throw Failure.badData("its output '\(output.prefix(80))' does not depend on its input")
    }
    steps = OnnxFusion.fused(steps, known, output: output)
    let needed = Set(steps.flatMap(\.inputs))
    constants = known.filter { needed.contains($0.key) }
    self.steps = steps
    forgotten = Self.lastUses(steps, keeping: output)
  }

  /// Computes values that depend only on constants.
  private static func folding<Result>(_ body: () throws -> Result) throws -> Result {
    try withoutGradients { try withMemoryLimit(1 << 29, body) }
  }

  private static func checkOperators(_ nodes: [OnnxFile.Node]) throws {
    let unknown = nodes.filter { node in
      OnnxOperators.all[node.operation] == nil || !(node.domain.isEmpty || node.domain == "ai.onnx")
    }
    guard !unknown.isEmpty else { return }
    let names = Set(unknown.map { ($0.domain.isEmpty ? "" : "\($0.domain).") + $0.operation })
    let list = names.sorted().prefix(20).map { String($0.prefix(80)) }.joined(separator: ", ")
    throw Failure.badData(
      "operators that are not supported: \(list) (the first is \(unknown[0].label))",
      hint: otherWay)
  }

  /// What to do with a model that has operators, or uses of operators, that are not supported.
  static let otherWay =
    "save the model as TorchScript, which may use any operator: "
    + "torch.jit.trace(model.eval(), images).save('model.pt'). docs/models.md lists the ONNX "
    + "operators that are supported"

  /// For each step, the values that are not needed after it.
  private static func lastUses(_ steps: [OnnxFile.Node], keeping output: String) -> [[String]] {
    var forgotten = [[String]](repeating: [], count: steps.count)
    var seen: Set<String> = [output]
    for index in steps.indices.reversed() {
      for name in steps[index].inputs + steps[index].results where seen.insert(name).inserted {
        forgotten[index].append(name)
      }
    }
    return forgotten
  }

  /// Computes one node after the other, and frees each value after the last node that takes it.
  func run(_ images: Tensor) throws -> Tensor {
    var values = [input: images.rank == 4 && images.shape[1] > 1 ? images.channelsLast : images]
    var live = images.count
    for (step, forgotten) in zip(steps, forgotten) {
      let call = OnnxCall(
        node: step, inputs: step.inputs.map { values[$0] ?? constants[$0] }, operators: operators,
        images: images.shape[0])
      for (name, result) in try call.named() {
        live += result.count
        try OnnxCall.checkRoom(live, images: images.shape[0], step.label)
        values[name] = result
      }
      for name in forgotten { live -= values.removeValue(forKey: name)?.count ?? 0 }
    }
    guard let logits = values[output], logits.type == .float32 else {
      throw Failure.badData("its output '\(output.prefix(80))' is not a tensor of float numbers")
    }
    return logits
  }
}

extension OnnxFile.Node {
  /// The names of the outputs that are computed. Most operators have one: their further outputs,
  /// such as the places of the maxima in a pooling, belong to training or are not supported.
  var results: [String] {
    let all = OnnxOperators.several[operation] == nil ? outputs.prefix(1) : outputs[...]
    return all.filter { !$0.isEmpty }
  }
}
