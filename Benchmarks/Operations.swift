import ModelCore

/// The number of floating-point operations in a network's matrix products and convolutions. A
/// multiplication and an addition count as two.
struct Operations {
  /// The operations of one forward pass, per image.
  let forward: Double
  /// The operations of the input gradient of the first layer, which training does not compute.
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

  /// The operations of a forward pass and a backward pass to the images.
  var inputGradient: Double { 2 * forward }

  /// The operations of a forward pass and a backward pass to all parameters.
  var trainingStep: Double { 3 * forward - firstInputGradient }
}
