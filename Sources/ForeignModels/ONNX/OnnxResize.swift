import Foundation
import ModelCore
import Support

/// How `Resize` and `Upsample` compute the numbers along one dimension of their result.
private struct OnnxScaling {
  /// The place in the input, which may lie between two numbers, of a place in the result.
  let coordinate: (Int) -> Double
  let size: Int
  let wanted: Int
  /// By how much the result is larger.
  let scale: Double

  init(_ call: OnnxCall, _ mode: String, size: Int, wanted: Int, scale: Double) throws {
    (self.size, self.wanted, self.scale) = (size, wanted, scale)
    let (n, m) = (Double(size), Double(wanted))
    switch mode {
    case "half_pixel": coordinate = { (Double($0) + 0.5) / scale - 0.5 }
    case "pytorch_half_pixel":
      coordinate = { wanted > 1 ? (Double($0) + 0.5) / scale - 0.5 : 0 }
    case "half_pixel_symmetric":
      let shift = n / 2 * (1 - m / (n * scale))
      coordinate = { shift + (Double($0) + 0.5) / scale - 0.5 }
    case "align_corners": coordinate = { wanted > 1 ? Double($0) * (n - 1) / (m - 1) : 0 }
    case "asymmetric": coordinate = { Double($0) / scale }
    default:
      throw call.wrong("places pixels by '\(mode.prefix(40))', which is not supported")
    }
  }

  /// For each place of the result, the nearest place of the input.
  func nearest(_ mode: String, _ call: OnnxCall) throws -> [Int64] {
    try (0..<wanted).map { place in
      // Coordinates are rounded as in single precision, in which they are defined.
      let x = Double(Float(coordinate(place)))
      let found: Double
      switch mode {
      case "round_prefer_floor": found = (x - 0.5).rounded(.up)
      case "round_prefer_ceil": found = (x + 0.5).rounded(.down)
      case "floor": found = x.rounded(.down)
      case "ceil": found = x.rounded(.up)
      default: throw call.wrong("rounds by '\(mode.prefix(40))', which is not supported")
      }
      return Int64(min(max(found, 0), Double(size - 1)))
    }
  }

  /// The matrix `[wanted, size]` of the weights with which numbers of the input enter the result.
  /// - Parameters:
  ///   - kernel: the weight of a number at a distance, which is 0 from `reach` on.
  ///   - widens: whether the kernel becomes wider where the result is smaller (antialiasing).
  ///   - excludes: whether places outside of the input have no weight, instead of the weight of
  ///     the nearest number.
  func matrix(_ kernel: (Double) -> Double, reach: Double, widens: Bool, excludes: Bool) -> Tensor {
    let width = widens ? max(1, 1 / scale) : 1
    var weights = [Float](repeating: 0, count: wanted * size)
    for place in 0..<wanted {
      let x = min(max(coordinate(place), -1e9), 1e9)
      let first = Int((x - reach * width).rounded(.down)) + 1
      let last = max(first, Int((x + reach * width).rounded(.up)) - 1)
      // Taps far outside of the input all belong to its ends.
      let taps =
        max(
          first, -4 * Int(width) - 4)...max(
          max(first, -4 * Int(width) - 4), min(last, size + 4 * Int(width) + 4))
      var entries = taps.map { (tap: $0, weight: kernel((Double($0) - x) / width)) }
      if excludes { entries.removeAll { !(0..<size).contains($0.tap) } }
      let sum = entries.reduce(0) { $0 + $1.weight }
      for (tap, weight) in entries where sum != 0 {
        weights[place * size + min(max(tap, 0), size - 1)] += Float(weight / sum)
      }
    }
    return Tensor(weights, shape: [wanted, size])
  }
}

extension OnnxCall {
  /// The input with other sizes, by the nearest numbers or by linear or cubic interpolation, along
  /// one dimension after the other.
  func resize() throws -> Tensor {
    let isOld = node.operation == "Upsample" || operators < 11
    var x = try numbers(0)
    let (shape, mode) = (x.shape, try text("mode") ?? "nearest")
    guard (1...8).contains(x.rank), !shape.contains(0) else {
      throw wrong("has an input of \(shape)")
    }
    let axes = try (ints("axes") ?? Array(0..<x.rank)).map { try dimension($0, of: x.rank) }
    let scales = try wantedScales(isOld ? 1 : 2, shape, axes)
    let (coordinates, rounding) =
      isOld
      ? ("asymmetric", "floor")
      : (
        try text("coordinate_transformation_mode") ?? "half_pixel",
        try text("nearest_mode") ?? "round_prefer_floor"
      )
    let (widens, excludes) = (
      try int("antialias") ?? 0 != 0, try int("exclude_outside") ?? 0 != 0
    )
    for (axis, (wanted, scale)) in zip(axes, scales) where wanted != shape[axis] || scale != 1 {
      var middle = x.shape
      middle[axis] = wanted
      try checkRoom(middle)
      let scaling = try OnnxScaling(
        self, coordinates, size: shape[axis], wanted: wanted, scale: scale)
      if mode == "nearest" {
        let places = Tensor(try scaling.nearest(rounding, self), shape: [wanted])
        x = try x.throwing.indexSelect(axis, places.to(x.device))
        continue
      }
      try Self.checkRoom(wanted * shape[axis], images: 1, node.label)
      try checkWork(Double(x.count / shape[axis]) * Double(wanted) * Double(shape[axis]))
      let matrix: Tensor
      switch mode {
      case "linear", "bilinear", "trilinear":
        matrix = scaling.matrix(
          { max(0, 1 - abs($0)) }, reach: 1, widens: widens, excludes: excludes)
      case "cubic", "bicubic":
        let a = try float("cubic_coeff_a") ?? -0.75
        matrix = scaling.matrix(
          { Self.cubic($0, a) }, reach: 2, widens: widens, excludes: excludes)
      default: throw wrong("resizes in the unknown mode '\(mode.prefix(40))'")
      }
      x = try along(axis, x, matrix.to(x.device))
    }
    return x
  }

  /// R. Keys, "Cubic Convolution Interpolation for Digital Image Processing" (1981).
  private static func cubic(_ distance: Double, _ a: Double) -> Double {
    let d = abs(distance)
    if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
  }

  /// The product of a matrix with the numbers along one dimension.
  private func along(_ axis: Int, _ x: Tensor, _ matrix: Tensor) throws -> Tensor {
    let order = (0..<x.rank).filter { $0 != axis } + [axis]
    let result = try x.throwing.permuted(order).throwing.matmul(matrix.transposed)
    return try result.throwing.permuted((0..<x.rank).map { order.firstIndex(of: $0)! })
  }

  /// The new size of each of the axes, and by how much it is larger.
  private func wantedScales(_ place: Int, _ shape: [Int], _ axes: [Int]) throws -> [(Int, Double)] {
    func wrongSizes() -> Failure { wrong("has sizes or scales that do not fit \(shape)") }
    if let sizes = try list(3, or: ""), !sizes.isEmpty {
      guard sizes.count == axes.count, sizes.allSatisfy({ (1...1 << 20).contains($0) }) else {
        throw wrongSizes()
      }
      let scales = zip(axes, sizes).map { Double($1) / Double(shape[$0]) }
      switch try text("keep_aspect_ratio_policy") ?? "stretch" {
      case "stretch": return Array(zip(sizes, scales))
      case let policy where policy == "not_larger" || policy == "not_smaller":
        guard let scale = policy == "not_larger" ? scales.min() : scales.max() else {
          throw wrongSizes()
        }
        return axes.map { (Int((Double(shape[$0]) * scale).rounded()), scale) }
      case let other: throw wrong("has the unknown aspect policy '\(other.prefix(40))'")
      }
    }
    let scales: [Double]
    if let tensor = optional(place) {
      guard tensor.type == .float32, tensor.count <= 16 else { throw wrongSizes() }
      scales = tensor.floats().map(Double.init)
    } else if case .floats(let numbers)? = node.attributes["scales"] {
      scales = numbers
    } else {
      throw wrong("has neither sizes nor scales")
    }
    guard scales.count == axes.count, scales.allSatisfy({ $0 > 0 && $0 <= 65_536 }) else {
      throw wrongSizes()
    }
    return try zip(axes, scales).map { axis, scale in
      let wanted = (Double(shape[axis]) * scale).rounded(.down)
      guard (1...Double(1 << 20)).contains(wanted) else { throw wrongSizes() }
      return (Int(wanted), scale)
    }
  }
}
