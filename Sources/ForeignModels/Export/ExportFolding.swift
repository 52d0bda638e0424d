import ModelCore
import Support

/// Multiplies batch normalisations into the convolutions before them.
///
/// Outside training, a batch normalisation is a linear function of each channel c,
///
///     y = a_c·(x − μ_c) + β_c,  a_c = γ_c / √(σ²_c + ε).
///
/// After a convolution x = W∗u + b, whose result nothing else takes, it is a convolution with the
/// weights a_c·W_c and the bias a_c·(b_c − μ_c) + β_c. One pass over the images is then enough.
struct ExportFolding {
  private(set) var steps: [ExportStep] = []
  private(set) var constants: [Operator.Value?]
  private let layout: ExportLayout

  init(
    _ all: [ExportStep], constants: [Operator.Value?], keeping logits: Int, layout: ExportLayout
  ) {
    self.layout = layout
    self.constants = constants
    var uses = [Int](repeating: 0, count: constants.count)
    for slot in all.flatMap(\.reads) + [logits] { uses[slot] += 1 }
    /// The place in `steps` of the convolution that gives a slot.
    var convolutions: [Int: Int] = [:]
    for step in all {
      if let normalization = step.call(of: "aten::batch_norm"),
        case .slot(let input)? = normalization.operands.first, uses[input] == 1,
        let place = convolutions[input], step.targets.count == 1,
        let folded = fold(step, into: steps[place])
      {
        steps[place] = folded
        continue
      }
      if step.call(of: "aten::conv2d") != nil, case .one(let slot)? = step.targets.first {
        convolutions[slot] = steps.count
      }
      steps.append(step)
    }
  }

  /// The convolution with the weights above; nil if a weight is not a constant of float32.
  private mutating func fold(_ normalization: ExportStep, into convolution: ExportStep)
    -> ExportStep?
  {
    func constant(_ operand: ExportStep.Operand) -> Tensor? {
      guard case .slot(let slot) = operand, case .tensor(let tensor)? = constants[slot],
        tensor.type == .float32
      else { return nil }
      return tensor
    }
    let operands = normalization.operands
    guard let weight = constant(convolution.operands[1]), weight.rank == 4,
      let mean = constant(operands[3]), let variance = constant(operands[4]),
      case .constant(.bool(false)) = operands[5], case .constant(.double(let epsilon)) = operands[7]
    else { return nil }
    func vector(_ operand: ExportStep.Operand, _ other: Double) -> Tensor? {
      switch operand {
      case .constant(.none), .constant(.missing):
        Tensor.full(other, shape: [weight.shape[0]], device: weight.device)
      default: constant(operand)
      }
    }
    guard let gamma = vector(operands[1], 1), let beta = vector(operands[2], 0),
      let bias = vector(convolution.operands[2], 0),
      [mean, variance, gamma, beta, bias].allSatisfy({ $0.shape == [weight.shape[0]] })
    else { return nil }
    let scale = gamma / (variance + epsilon).squareRoot
    let folded = layout.ordered(weight * scale.reshaped([-1, 1, 1, 1]))
    let offset = (bias - mean) * scale + beta
    constants += [.tensor(folded), .tensor(offset)]
    return convolution.replacing(
      weight: constants.count - 2, bias: constants.count - 1, targets: normalization.targets)
  }
}
