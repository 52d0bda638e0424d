import ModelCore
import Support

extension OnnxProgram {
  /// The graph in steps between linear functions. See `Relaxation`.
  /// - Throws: `Failure.badData` that names a node without bounds.
  func relaxed(_ input: RelaxedValue) throws -> RelaxedValue {
    let images = input.bounds.center.shape[0]
    var values = [self.input: input]
    let sizes = OnnxSizes(constants, operators: operators)
    for step in steps {
      let inputs = step.inputs.map { values[$0] }
      guard step.operation != "Shape", !inputs.allSatisfy({ $0 == nil }) else {
        sizes.note(step, shapes: inputs.map { $0?.bounds.center.shape })
        continue
      }
      let known = try sizes.values(for: images)
      let call = OnnxRelaxedCall(
        node: step, operators: operators, images: images, inputs: inputs,
        constants: step.inputs.map { known[$0] }, sizes: sizes)
      for (name, value) in try call.results() { values[name] = value }
    }
    guard let logits = values[output] else {
      throw Failure.badData("its output '\(output.prefix(80))' has no bounds")
    }
    return logits
  }
}

/// The values of a graph that do not depend on the pixels, such as sizes. Some depend on the number
/// of images, which differs between the bounds of a batch and the passes back through the graph.
private final class OnnxSizes {
  private let fixed: [String: Tensor]
  private let operators: Int
  /// The nodes that give such values, each with the shapes of those inputs that depend on the
  /// pixels.
  private var nodes: [(node: OnnxFile.Node, shapes: [[Int]?])] = []
  /// The values by the number of images.
  private var values: [Int: [String: Tensor]] = [:]

  init(_ constants: [String: Tensor], operators: Int) {
    fixed = constants
    self.operators = operators
  }

  func note(_ node: OnnxFile.Node, shapes: [[Int]?]) {
    nodes.append((node, shapes))
    values = [:]
  }

  /// All constants for a number of images.
  func values(for images: Int) throws -> [String: Tensor] {
    if let found = values[images] { return found }
    var known = fixed
    for (node, shapes) in nodes {
      let inputs = zip(node.inputs, shapes).map { name, shape -> Tensor? in
        shape.map { Tensor.zeros([]).expanded([images] + $0.dropFirst()) } ?? known[name]
      }
      let call = OnnxCall(node: node, inputs: inputs, operators: operators, images: images)
      for (name, value) in try call.named() { known[name] = value }
    }
    values[images] = known
    return known
  }
}

/// One node with those inputs that depend on the images, and the values of the constant ones.
private struct OnnxRelaxedCall {
  let node: OnnxFile.Node
  let operators: Int
  let images: Int
  let inputs: [RelaxedValue?]
  let constants: [Tensor?]
  let sizes: OnnxSizes

  /// Operators that are linear in all inputs that depend on the images together.
  private static let linear: Set<String> = [
    "AveragePool", "GlobalAveragePool", "Resize", "Upsample", "ReduceMean", "ReduceSum", "Identity",
    "Dropout", "Cast", "CastLike", "Add", "Sum", "Mean", "Sub", "Neg", "Flatten", "Reshape",
    "Transpose", "Squeeze", "Unsqueeze", "Expand", "Tile", "Concat", "Split", "Slice", "Gather",
    "Pad", "DepthToSpace", "SpaceToDepth", "Conv", "Gemm", "MatMul", "Einsum", "ConvTranspose",
    "Mul", "Div", "BatchNormalization",
  ]

  /// Of those, the operators each of whose results depends on one number of the input, if there is
  /// only one input that depends on the images.
  private static let keepingBoxes: Set<String> = [
    "Identity", "Dropout", "Add", "Sum", "Sub", "Neg", "Flatten", "Reshape", "Transpose", "Squeeze",
    "Unsqueeze", "Mul", "Div", "BatchNormalization",
  ]

  private var dependent: [RelaxedValue] { inputs.compactMap { $0 } }

  /// The same node with the intervals of its inputs.
  var intervals: OnnxIntervalCall { intervals(inputs.map { $0?.bounds }) }

  private func intervals(_ bounds: [Bounds?]) -> OnnxIntervalCall {
    OnnxIntervalCall(
      node: node, operators: operators, images: images, inputs: bounds, constants: constants)
  }

  func results() throws -> [(String, RelaxedValue)] {
    let interval = try intervals.results()
    guard interval.allSatisfy({ $0.1.center.shape.first == images }) else {
      throw Failure.badData(
        "\(node.label) does not treat each image by itself, and so has no linear bounds",
        hint: "export the model with a batch of any size")
    }
    if Self.linear.contains(node.operation) {
      return try interval.enumerated().map { place, result in
        (result.0, try affine(place, result.1))
      }
    }
    guard dependent.count == 1, interval.count == 1, let input = dependent.first else {
      // Several values, such as those of a maximum: only their intervals are known.
      return interval.map { ($0.0, dependent[0].known($0.1)) }
    }
    func tighter(_ bounds: Bounds) throws -> Bounds {
      try intervals(inputs.map { $0 == nil ? nil : bounds }).results()[0].1
    }
    return [(interval[0].0, try relaxed(input, tighter))]
  }

  /// A function of one value that is not linear.
  private func relaxed(
    _ input: RelaxedValue, _ interval: (Bounds) throws -> Bounds
  ) throws -> RelaxedValue {
    switch node.operation {
    case "Relu":
      try input.mapped(bent: RelaxationLines.hasBothSigns, by: { .relu($0) }, to: interval)
    case "LeakyRelu":
      if let slope = leakySlope, 0...1 ~= slope {
        try input.mapped(
          bent: RelaxationLines.hasBothSigns, by: { .relu($0, slope: slope) }, to: interval)
      } else {
        try input.bounded(interval)
      }
    case "Sigmoid": try input.mapped(by: RelaxationLines.sigmoid, to: interval)
    case "Tanh": try input.mapped(by: RelaxationLines.tanh, to: interval)
    case "Softplus": try input.mapped(by: RelaxationLines.softplus, to: interval)
    default: try input.bounded(interval)
    }
  }

  private var leakySlope: Double? {
    switch node.attributes["alpha"] {
    case nil: 0.01
    case .float(let slope): slope
    default: nil
    }
  }

  /// One of the node's results as an affine function of the inputs that depend on the images.
  private func affine(_ place: Int, _ interval: Bounds) throws -> RelaxedValue {
    let (node, operators, sizes) = (node, operators, sizes)
    let isDependent = inputs.map { $0 != nil }
    func call(_ values: [Tensor]) throws -> Tensor {
      var rest = values[...]
      let known = try sizes.values(for: values[0].shape[0])
      let all = zip(node.inputs, isDependent).map { $1 ? rest.popFirst() : known[$0] }
      let results = try OnnxCall(
        node: node, inputs: all, operators: operators, images: values[0].shape[0]
      ).named()
      return results[place].1
    }
    if dependent.count == 1 {
      return try dependent[0].affine(
        interval,
        keepsBoxes: Self.keepingBoxes.contains(node.operation)
          && interval.center.count == dependent[0].bounds.center.count
      ) { try call([$0]) }
    }
    return .affine(dependent, interval) { try call($0) }
  }
}
