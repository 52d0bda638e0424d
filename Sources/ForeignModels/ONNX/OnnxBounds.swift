import ModelCore
import Support

/// How an operator carries intervals.
enum OnnxIntervalRule {
  /// The result grows, or stays the same, with every input, except that it falls with those at
  /// these places.
  case monotone(fallingWith: Set<Int> = [])
  /// The result is a linear function of one input, plus numbers that do not depend on it. The
  /// other inputs are constants: those at `weights` multiply the input, those at `shifts` do not.
  case affine(weights: Set<Int>, shifts: Set<Int> = [])

  /// The rules of all operators that have bounds, by name.
  static let all: [String: OnnxIntervalRule] = {
    let increasing = [
      "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Resize", "Upsample",
      "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceLogSumExp", "Relu", "Sigmoid",
      "Tanh", "Softplus", "Softsign", "Sqrt", "Exp", "Log", "Erf", "Atan", "Asin", "Sinh", "Asinh",
      "Atanh", "Acosh", "Sign", "Floor", "Ceil", "Round", "LeakyRelu", "PRelu", "Elu", "Selu",
      "Celu", "HardSigmoid", "ThresholdedRelu", "Clip", "Identity", "Dropout", "Cast", "CastLike",
      "Add", "Sum", "Mean", "Max", "Min", "Where", "Flatten", "Reshape", "Transpose", "Squeeze",
      "Unsqueeze", "Expand", "Tile", "Concat", "Split", "Slice", "Gather", "GatherElements",
      "GatherND", "ScatterElements", "ScatterND", "Trilu", "DepthToSpace", "SpaceToDepth", "Pad",
    ]
    let others: [String: OnnxIntervalRule] = [
      "Neg": .monotone(fallingWith: [0]), "Acos": .monotone(fallingWith: [0]),
      "Sub": .monotone(fallingWith: [1]),
      "Conv": .affine(weights: [1], shifts: [2]), "Gemm": .affine(weights: [0, 1], shifts: [2]),
      "MatMul": .affine(weights: [0, 1]), "Einsum": .affine(weights: [0, 1]),
      "ConvTranspose": .affine(weights: [1], shifts: [2]), "Mul": .affine(weights: [0, 1]),
      "Div": .affine(weights: [1]),
      "BatchNormalization": .affine(weights: [1], shifts: [2, 3]),
    ]
    return others.merging(increasing.map { ($0, .monotone()) }) { first, _ in first }
  }()
}

extension OnnxProgram {
  /// The bounds of the logits for inputs in a box.
  /// - Throws: `Failure.badData` that names the node without a rule, or one that multiplies two
  ///   values that both depend on the input.
  func bounds(_ inputs: Bounds) throws -> Bounds {
    // Values that do not depend on the pixels, such as sizes, are constants here.
    var (values, known) = ([input: inputs], constants)
    for step in steps {
      let call = OnnxIntervalCall(
        node: step, operators: operators, images: inputs.center.shape[0],
        inputs: step.inputs.map { values[$0] }, constants: step.inputs.map { known[$0] })
      if step.operation == "Shape" || step.inputs.allSatisfy({ values[$0] == nil }) {
        for (name, value) in try call.value({ $1.center }) { known[name] = value }
      } else {
        for (name, value) in try call.results() { values[name] = value }
      }
    }
    guard let logits = values[output] else {
      throw Failure.badData("its output '\(output.prefix(80))' has no bounds")
    }
    return logits
  }
}

/// One node with the intervals of those inputs that depend on the images, and the values of the
/// constant ones.
struct OnnxIntervalCall {
  let node: OnnxFile.Node
  let operators: Int
  let images: Int
  let inputs: [Bounds?]
  let constants: [Tensor?]

  func results() throws -> [(String, Bounds)] {
    switch OnnxIntervalRule.all[node.operation] {
    case .monotone(let falling):
      guard isMonotone else { throw refusal("has a negative slope, and so no interval bounds") }
      let lower = try value { falling.contains($0) ? $1.upper : $1.lower }
      let upper = try value { falling.contains($0) ? $1.lower : $1.upper }
      guard lower.allSatisfy({ $0.1.type == .float32 }) else {
        throw refusal("makes whole numbers or truth values of the images, which have no bounds")
      }
      guard (lower + upper).allSatisfy({ $0.1.equals($0.1).all().isTrue }) else {
        throw refusal("is not defined on the whole interval, and so has no bounds")
      }
      return zip(lower, upper).map { ($0.0, Bounds(lower: $0.1, upper: $1.1)) }
    case .affine(let weights, let shifts):
      // The images may be a factor at either place of a product, but must be what is divided,
      // convolved or normalised.
      let isProduct = weights.contains(0)
      guard inputs.filter({ $0 != nil }).count == 1, isProduct || inputs[0] != nil,
        inputs.indices.allSatisfy({ inputs[$0] == nil || !shifts.contains($0) })
      else {
        throw refusal("multiplies values that depend on the images, which has no interval bounds")
      }
      // Each weight w changes the result by at most |w|·radius. Constants that are added cancel.
      let radius = try value(
        { $1.radius },
        changing: { place, constant in
          weights.contains(place)
            ? constant.absolute : shifts.contains(place) ? constant * 0 : constant
        })
      return zip(try value { $1.center }, radius).map {
        ($0.0, Bounds(around: $0.1, by: $1.1.absolute))
      }
    case nil: throw refusal("has no interval bounds")
    }
  }

  /// The results for one number from each interval, and for changed constants.
  func value(
    _ choose: (_ place: Int, Bounds) -> Tensor,
    changing change: (_ place: Int, Tensor) -> Tensor = { $1 }
  ) throws -> [(String, Tensor)] {
    let values = inputs.indices.map { place in
      inputs[place].map { choose(place, $0) } ?? constants[place].map { change(place, $0) }
    }
    return try OnnxCall(node: node, inputs: values, operators: operators, images: images).named()
  }

  /// Whether the parameters of the node make it monotone: factors that are not negative, and no
  /// interpolation that overshoots.
  private var isMonotone: Bool {
    switch node.operation {
    case "LeakyRelu", "Elu", "Selu", "Celu", "HardSigmoid", "ThresholdedRelu":
      return ["alpha", "gamma"].allSatisfy {
        if case .float(let factor)? = node.attributes[$0] { return factor >= 0 }
        return true
      }
    case "PRelu": return constants.last??.min().scalar ?? -1 >= 0
    case "Resize", "Upsample":
      guard case .text(let mode)? = node.attributes["mode"] else { return true }
      return !mode.contains("cubic")
    default: return true
    }
  }

  private func refusal(_ reason: String) -> Failure { .badData("\(node.label) \(reason)") }
}
