import Support

/// A two-dimensional convolution (cross-correlation, as in PyTorch) of pictures: `conv OUT [kernel
/// K] [stride S] [padding P] [dilation D] [groups G] [bias off]`.
///
/// OUT is the number of output channels. K, S, P and D are whole numbers, or pairs like `5x3` for
/// (height, width). The defaults are kernel 3, stride 1, padding 0, dilation 1 and one group. The
/// output has ⌊(size + 2·P − D·(K − 1) − 1) / S⌋ + 1 pixels along each side.
public struct Convolution: WeightedLayer {
  public static let keyword = "conv"
  public let outputs: Int
  public let window: Window
  public let groups: Int
  public let hasBias: Bool

  public init(_ outputs: Int, _ window: Window, groups: Int = 1, hasBias: Bool = true) {
    self.outputs = outputs
    self.window = window
    self.groups = groups
    self.hasBias = hasBias
  }

  public init(_ words: inout LayerWords) throws {
    outputs = try words.count("the number of output channels")
    var window = Window(kernel: words.take("kernel") ? try words.pair("kernel") : 3)
    if words.take("stride") { window.stride = try words.pair("stride") }
    if words.take("padding") { window.padding = try words.pair("padding", atLeast: 0) }
    if words.take("dilation") { window.dilation = try words.pair("dilation") }
    self.window = window
    groups = words.take("groups") ? try words.count("groups") : 1
    hasBias = try !words.takeBiasOff()
  }

  public var text: String {
    var text = "conv \(outputs) kernel \(window.kernel)"
    if window.stride != 1 { text += " stride \(window.stride)" }
    if window.padding != 0 { text += " padding \(window.padding)" }
    if window.dilation != 1 { text += " dilation \(window.dilation)" }
    if groups != 1 { text += " groups \(groups)" }
    if !hasBias { text += " bias off" }
    return text
  }

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requirePicture(input)
    guard input[0] % groups == 0, outputs % groups == 0 else {
      throw Failure.badData(
        "the number of groups, \(groups), must divide both the \(input[0]) input channels and the "
          + "\(outputs) output channels")
    }
    let size = window.outputSize(height: input[1], width: input[2])
    return [outputs, size.height, size.width]
  }

  public func parameters(for input: [Int]) -> [ParameterDescription] {
    let area = window.kernel.height * window.kernel.width
    let inputs = input[0] / groups * area
    let shape = [outputs, input[0] / groups, window.kernel.height, window.kernel.width]
    let weight = ParameterDescription(
      "weight", shape, .weight(inputs: inputs, outputs: outputs / groups * area))
    let bias = ParameterDescription("bias", [outputs], .bias(inputs: inputs))
    return hasBias ? [weight, bias] : [weight]
  }

  func product(_ x: Tensor, _ weight: Tensor, bias: Tensor?) -> Tensor {
    x.convolved(weight, bias: bias, window: window, groups: groups)
  }
}

extension LayerWords {
  /// Reads `bias on` or `bias off`, if it comes next; true for `bias off`.
  mutating func takeBiasOff() throws -> Bool {
    guard take("bias") else { return false }
    return try choice("bias", of: ["on", "off"]) == "off"
  }
}
