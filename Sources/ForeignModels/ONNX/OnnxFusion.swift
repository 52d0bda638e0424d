import ModelCore

/// Replaces groups of nodes by one node that computes the same with less memory traffic.
///
/// Exporters write some layers as several operators, each of which would read and write all numbers
/// once: a linear layer as a product and a sum, and activations as their formulas. A group is
/// replaced only if nothing else uses the values inside it.
struct OnnxFusion {
  private var steps: [OnnxFile.Node?]
  private let constants: [String: Tensor]
  private var makers: [String: Int] = [:]
  private var uses: [String: Int] = [:]

  /// - Returns: the nodes in an order in which they can be computed.
  static func fused(_ steps: [OnnxFile.Node], _ constants: [String: Tensor], output: String)
    -> [OnnxFile.Node]
  {
    var fusion = OnnxFusion(steps, constants, output)
    for place in steps.indices {
      fusion.fuseLinear(place)
      fusion.fuseGelu(place)
      fusion.fuseSwish(place)
    }
    return fusion.steps.compactMap { $0 }
  }

  private init(_ steps: [OnnxFile.Node], _ constants: [String: Tensor], _ output: String) {
    self.steps = steps
    self.constants = constants
    uses[output] = 1
    for (place, step) in steps.enumerated() {
      for name in step.inputs { uses[name, default: 0] += 1 }
      for name in step.outputs { makers[name] = place }
    }
  }

  // MARK: Patterns

  /// x·W + b → Gemm(x, W, b), for a constant matrix W and a constant row b.
  private mutating func fuseLinear(_ place: Int) {
    guard let sum = steps[place], sum.operation == "Add",
      let (product, others) = operand(of: sum, madeBy: "MatMul"), let node = steps[product],
      let row = constants[others], row.rank == 1, node.inputs.count == 2,
      let matrix = constants[node.inputs[1]], matrix.rank == 2, matrix.type == .float32,
      row.type == .float32, constants[node.inputs[0]] == nil, matrix.shape[1] == row.shape[0]
    else { return }
    replace(place, [product], by: "Gemm", node.inputs + [others])
  }

  /// x·½·(1 + erf(x/√2)) → Gelu(x).
  private mutating func fuseGelu(_ place: Int) {
    guard let last = steps[place], last.operation == "Mul" else { return }
    // The three factors may be multiplied in any order.
    for (name, other) in zip(last.inputs, last.inputs.reversed()) {
      guard uses[name] == 1, let inner = makers[name], let node = steps[inner],
        node.operation == "Mul"
      else { continue }
      var factors = node.inputs + [other]
      guard let half = factors.firstIndex(where: { isNumber($0, 0.5) }) else { continue }
      factors.remove(at: half)
      for (sum, x) in zip(factors, factors.reversed()) where uses[sum] == 1 {
        if let maker = makers[sum], let inside = errorFunction(maker, of: x) {
          return replace(place, [inner] + inside, by: "Gelu", [x])
        }
      }
    }
  }

  /// The nodes that compute 1 + erf(x/√2), of which the last one is at a place.
  private func errorFunction(_ place: Int, of x: String) -> [Int]? {
    guard let sum = steps[place], sum.operation == "Add",
      let (erf, one) = operand(of: sum, madeBy: "Erf"),
      isNumber(one, 1), let node = steps[erf], uses[node.inputs[0]] == 1,
      let ratio = makers[node.inputs[0]], let scaled = steps[ratio], scaled.inputs.count == 2
    else { return nil }
    let root = 2.0.squareRoot()
    let isScaled =
      switch scaled.operation {
      case "Div": scaled.inputs[0] == x && isNumber(scaled.inputs[1], root)
      case "Mul":
        scaled.inputs[0] == x && isNumber(scaled.inputs[1], 1 / root)
          || scaled.inputs[1] == x && isNumber(scaled.inputs[0], 1 / root)
      default: false
      }
    return isScaled ? [place, erf, ratio] : nil
  }

  /// x·sigmoid(x) → Swish(x).
  private mutating func fuseSwish(_ place: Int) {
    guard let product = steps[place], product.operation == "Mul",
      let (sigmoid, x) = operand(of: product, madeBy: "Sigmoid"), steps[sigmoid]?.inputs == [x]
    else { return }
    replace(place, [sigmoid], by: "Swish", [x])
  }

  // MARK: Parts of patterns

  /// The operand of a node with two inputs that a node of this kind makes for it alone, and the
  /// other operand.
  private func operand(of node: OnnxFile.Node, madeBy operation: String) -> (Int, String)? {
    guard node.inputs.count == 2 else { return nil }
    for (place, other) in [(0, 1), (1, 0)] {
      let name = node.inputs[place]
      guard let maker = makers[name], uses[name] == 1, steps[maker]?.operation == operation,
        steps[maker]?.inputs.isEmpty == false
      else { continue }
      return (maker, node.inputs[other])
    }
    return nil
  }

  private func isNumber(_ name: String, _ number: Double) -> Bool {
    guard let constant = constants[name], constant.count == 1, constant.rank <= 1 else {
      return false
    }
    return abs(constant.scalar - number) < 1e-6
  }

  private mutating func replace(
    _ place: Int, _ others: [Int], by operation: String, _ inputs: [String]
  ) {
    for other in others { steps[other] = nil }
    steps[place]?.operation = operation
    steps[place]?.inputs = inputs
    steps[place]?.attributes = [:]
  }
}
