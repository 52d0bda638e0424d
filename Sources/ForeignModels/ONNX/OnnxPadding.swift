import ModelCore
import Support

extension OnnxCall {
  /// Adds numbers before and after those of each dimension. A negative pad removes numbers.
  func padding() throws -> Tensor {
    var x = try numbers(0)
    let mode = try text("mode") ?? "constant"
    guard let pads = try list(1, or: "pads") else { throw wrong("has no pads") }
    let value = try number(2, or: "value") ?? 0
    let axes = try (list(3, or: "axes") ?? Array(0..<x.rank)).map { try dimension($0, of: x.rank) }
    guard pads.count == 2 * axes.count, Set(axes).count == axes.count,
      pads.allSatisfy({ (-65_536...65_536).contains($0) })
    else {
      throw wrong("has \(pads.count) pads for \(axes.count) axes, or pads above 65536")
    }
    // Pairs of pads for each dimension.
    var sides = [(before: Int, after: Int)](repeating: (0, 0), count: x.rank)
    for (place, axis) in axes.enumerated() {
      sides[axis] = (pads[place], pads[place + axes.count])
    }
    let shape = x.shape
    let wanted = shape.indices.map { shape[$0] + sides[$0].before + sides[$0].after }
    guard wanted.allSatisfy({ $0 > 0 }), !shape.contains(0),
      shape.indices.allSatisfy({ min(sides[$0].before, 0) + min(sides[$0].after, 0) > -shape[$0] })
    else { throw wrong("leaves nothing of \(shape)") }
    try checkRoom(wanted)
    if mode == "constant" {
      let last = sides.reversed().flatMap { [$0.before, $0.after] }
      return try aten("constant_pad_nd", [.tensor(x), .ints(last), .double(value)])
    }
    for axis in axes where sides[axis] != (0, 0) {
      let places = try (-sides[axis].before..<shape[axis] + sides[axis].after).map {
        try Int64(place($0, of: shape[axis], mode))
      }
      let indices = Tensor(places, shape: [places.count]).to(x.device)
      x = try x.throwing.indexSelect(axis, indices)
    }
    return x
  }

  /// The place from which a padded tensor takes the number at a place before or after it.
  private func place(_ place: Int, of size: Int, _ mode: String) throws -> Int {
    switch mode {
    case "edge": return min(max(place, 0), size - 1)
    case "wrap": return (place % size + size) % size
    case "reflect":
      // The numbers at the ends are not repeated.
      let period = max(1, 2 * (size - 1))
      let within = (place % period + period) % period
      return min(within, period - within) % size
    default: throw wrong("pads in the unknown mode '\(mode.prefix(40))'")
    }
  }
}
