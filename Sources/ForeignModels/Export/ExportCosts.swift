import ModelCore
import Support

/// Bounds of the work of one operator, from the shapes of its arguments. They are far above what any
/// classifier needs, and keep a small malicious file from computing for days. The memory of a result
/// is bounded by `withMemoryLimit`.
enum ExportCosts {
  /// The largest product of the sizes of two factors. A matrix product whose result fits into a
  /// gigabyte then takes at most some 10^11 multiplications.
  private static let mostPairs = 0x1p48
  /// The most multiplications, additions or comparisons of windows.
  private static let mostOperations = 0x1p42

  private static let products: Set<String> = [
    "linear", "matmul", "mm", "bmm", "addmm", "baddbmm", "addbmm", "mv", "addmv", "dot", "einsum",
    "tensordot", "outer", "kron", "cdist", "scaled_dot_product_attention", "bilinear",
    "linalg_vecdot", "inner",
  ]
  private static let windows: Set<String> = [
    "max_pool1d", "max_pool2d", "max_pool3d", "max_pool2d_with_indices", "avg_pool1d", "avg_pool2d",
    "avg_pool3d", "unfold", "im2col",
  ]

  /// - Parameter name: the operator, such as "aten::conv2d".
  /// - Throws: `Failure.badData` if the call needs more work than the layer of any classifier.
  static func check(_ name: String, _ arguments: [Operator.Value]) throws {
    let word = name.dropFirst("aten::".count).prefix { $0 != "." }
    if word.hasPrefix("conv") || word == "_convolution" {
      try checkConvolution(arguments)
    } else if windows.contains(String(word)) {
      try checkWindows(arguments)
    } else if products.contains(String(word)) {
      var sizes: [Double] = []
      for argument in arguments {
        if case .tensor(let tensor) = argument { sizes.append(Double(tensor.count)) }
        if case .tensors(let tensors) = argument {
          sizes += tensors.compactMap { $0.map { Double($0.count) } }
        }
      }
      let largest = sizes.sorted(by: >).prefix(2).reduce(1, *)
      guard largest <= mostPairs else { throw excess }
    }
  }

  private static let excess = Failure.badData(
    "it needs more computation than the layer of any classifier")

  /// A convolution multiplies each number of its weights with as many positions as its padded images
  /// have, for each image. The padding is the fifth argument.
  private static func checkConvolution(_ arguments: [Operator.Value]) throws {
    guard arguments.count > 1, case .tensor(let images) = arguments[0],
      case .tensor(let weight) = arguments[1], images.rank > 1, weight.rank > 1
    else { return }
    var positions = Double(images.shape[0])
    let padding: [Int] =
      if arguments.count > 4, case .ints(let numbers) = arguments[4] { numbers } else { [] }
    for (place, size) in images.shape.dropFirst(2).enumerated() {
      let pad = padding.isEmpty ? 0 : padding[min(place, padding.count - 1)]
      positions *= Double(size) + 2 * Double(max(pad, weight.shape.dropFirst(2).max() ?? 0))
    }
    guard positions * Double(weight.count) <= mostOperations else { throw excess }
  }

  /// A pooling visits every place of its window, the second argument, for each number at most.
  private static func checkWindows(_ arguments: [Operator.Value]) throws {
    guard arguments.count > 1, case .tensor(let images) = arguments[0],
      case .ints(let window) = arguments[1]
    else { return }
    let places = window.reduce(1) { $0 * Double($1) }
    guard abs(places) * Double(images.count) <= mostOperations else { throw excess }
  }
}
