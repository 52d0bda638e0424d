import ModelCore

/// Floating-point operations of a network's matrix products and convolutions, a multiplication and
/// an addition being two.
struct Operations {
  /// One pass forward, per image.
  let forward: Double
  /// What the first layer's input gradient costs, which training does not need.
  let firstInputGradient: Double

  init(_ description: NetworkDescription) throws {
    let shapes = try description.layers.shapes(from: description.input.sizes)
    let costs = description.layers.layers.enumerated().map { index, layer -> Double in
      let output = Double(shapes[index + 1].reduce(1, *))
      switch layer {
      case let convolution as Convolution:
        let kernel = convolution.window.kernel
        let products = shapes[index][0] / convolution.groups * kernel.height * kernel.width
        return 2 * output * Double(products)
      case is Linear: return 2 * output * Double(shapes[index][0])
      default: return 0
      }
    }
    forward = costs.reduce(0, +)
    firstInputGradient = costs.first { $0 > 0 } ?? 0
  }

  /// A pass forward, and one back to the images.
  var inputGradient: Double { 2 * forward }

  /// A pass forward, and one back to all parameters.
  var trainingStep: Double { 3 * forward - firstInputGradient }
}
