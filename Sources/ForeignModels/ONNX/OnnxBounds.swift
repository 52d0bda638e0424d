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
      "MaxPool", "AveragePool", "GlobalAveragePool", "ReduceMean", "Relu", "Sigmoid", "Tanh",
      "Softplus", "Sqrt", "Exp", "LeakyRelu", "Clip", "Identity", "Dropout", "Cast", "Add",
      "Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Concat", "Slice", "Gather", "Pad",
    ]
    let others: [String: OnnxIntervalRule] = [
      "Neg": .monotone(fallingWith: [0]), "Sub": .monotone(fallingWith: [1]),
      "Conv": .affine(weights: [1], shifts: [2]), "Gemm": .affine(weights: [0, 1], shifts: [2]),
      "MatMul": .affine(weights: [0, 1]), "Mul": .affine(weights: [0, 1]),
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
        known[step.outputs[0]] = try call.value { $1.center }
      } else {
        values[step.outputs[0]] = try call.result()
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
private struct OnnxIntervalCall {
  let node: OnnxFile.Node
  let operators: Int
  let images: Int
  let inputs: [Bounds?]
  let constants: [Tensor?]

  func result() throws -> Bounds {
    switch OnnxIntervalRule.all[node.operation] {
    case .monotone(let falling):
      if node.operation == "LeakyRelu", case .float(let slope)? = node.attributes["alpha"],
        slope < 0
      {
        throw refusal("has a negative slope, and so no interval bounds")
      }
      return Bounds(
        lower: try value { falling.contains($0) ? $1.upper : $1.lower },
        upper: try value { falling.contains($0) ? $1.lower : $1.upper })
    case .affine(let weights, let shifts):
      guard inputs.filter({ $0 != nil }).count == 1,
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
      return Bounds(around: try value { $1.center }, by: radius.absolute)
    case nil: throw refusal("has no interval bounds")
    }
  }

  /// The result for one number from each interval, and for changed constants.
  func value(
    _ choose: (_ place: Int, Bounds) -> Tensor,
    changing change: (_ place: Int, Tensor) -> Tensor = { $1 }
  ) throws -> Tensor {
    let values = inputs.indices.map { place in
      inputs[place].map { choose(place, $0) } ?? constants[place].map { change(place, $0) }
    }
    return try OnnxCall(node: node, inputs: values, operators: operators, images: images).result()
  }

  private func refusal(_ reason: String) -> Failure { .badData("\(node.label) \(reason)") }
}
