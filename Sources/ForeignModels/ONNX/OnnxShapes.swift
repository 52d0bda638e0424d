import ModelCore
import Support

/// Operators that give the same numbers in another shape or order.
extension OnnxOperators {
  static let shapes: [String: Single] = [
    "Flatten": { try $0.flatten() },
    "Reshape": { try $0.reshape() },
    "Transpose": { try $0.transpose() },
    "Squeeze": { try $0.squeeze() },
    "Unsqueeze": { try $0.unsqueeze() },
    "Expand": { try $0.expand() },
    "Tile": { try $0.tile() },
    "DepthToSpace": { try $0.depthToSpace() },
    "SpaceToDepth": { try $0.spaceToDepth() },
  ]
}

extension OnnxCall {
  fileprivate func flatten() throws -> Tensor {
    let x = try input(0)
    let given = try int("axis") ?? 1
    let axis = given == x.rank ? given : try dimension(given, of: x.rank)
    return try reshaped(x, [x.shape[..<axis].reduce(1, *), x.shape[axis...].reduce(1, *)])
  }

  /// In the new shape, 0 stands for the size of the input's dimension, and −1 for the size that
  /// remains.
  fileprivate func reshape() throws -> Tensor {
    let x = try input(0)
    guard let wanted = try list(1, or: "shape") else { throw wrong("has no shape") }
    let takesZero = try int("allowzero") ?? 0 != 0
    var shape = wanted.enumerated().map { place, size in
      size == 0 && !takesZero && place < x.rank ? x.shape[place] : size
    }
    if let free = shape.firstIndex(of: -1) {
      let others = shape.enumerated().filter { $0.offset != free }.map(\.element)
      let (product, isSound) = others.reduce((1, true)) { sum, size in
        let (product, overflow) = sum.0.multipliedReportingOverflow(by: size)
        return (product, sum.1 && size >= 0 && !overflow)
      }
      guard isSound, product > 0, x.count.isMultiple(of: product) else {
        throw wrong("cannot reshape \(x.shape) to \(wanted.prefix(16))")
      }
      shape[free] = x.count / product
    }
    return try reshaped(x, shape)
  }

  fileprivate func transpose() throws -> Tensor {
    let x = try input(0)
    let order = try ints("perm") ?? Array((0..<x.rank).reversed())
    guard order.sorted() == Array(0..<x.rank) else {
      throw wrong("has the order \(order.prefix(16)) for an input of \(x.shape)")
    }
    return try x.throwing.permuted(order)
  }

  fileprivate func squeeze() throws -> Tensor {
    let x = try input(0)
    let axes = try list(1, or: "axes").map { try $0.map { try dimension($0, of: x.rank) } }
    let gone = axes ?? x.shape.indices.filter { x.shape[$0] == 1 }
    guard gone.allSatisfy({ x.shape[$0] == 1 }) else {
      throw wrong("removes the dimensions \(gone) of \(x.shape), which are not all of size 1")
    }
    return try reshaped(x, x.shape.indices.filter { !gone.contains($0) }.map { x.shape[$0] })
  }

  fileprivate func unsqueeze() throws -> Tensor {
    let x = try input(0)
    guard let list = try list(1, or: "axes"), x.rank + list.count <= 16 else {
      throw wrong("has no axes, or too many")
    }
    let axes = try list.map { try dimension($0, of: x.rank + list.count) }
    guard Set(axes).count == axes.count else { throw wrong("has the same axis twice") }
    var left = x.shape[...]
    return try reshaped(
      x, (0..<x.rank + axes.count).map { axes.contains($0) ? 1 : left.removeFirst() })
  }

  /// The input repeated along its dimensions of size 1, up to a shape.
  fileprivate func expand() throws -> Tensor {
    let x = try input(0)
    guard let wanted = try list(1, or: "shape") else { throw wrong("has no shape") }
    return try expanded(x, broadcast(x.shape, wanted))
  }

  func expanded(_ x: Tensor, _ shape: [Int]) throws -> Tensor {
    x.shape == shape ? x : try aten("expand", [.tensor(x), .ints(shape)])
  }

  /// The input repeated some times along each dimension.
  fileprivate func tile() throws -> Tensor {
    let x = try input(0)
    guard let times = try list(1, or: "repeats"), times.count == x.rank,
      times.allSatisfy({ (0...1 << 30).contains($0) })
    else { throw wrong("does not say how often to repeat each dimension of \(x.shape)") }
    try checkRoom(zip(x.shape, times).map { $0.multipliedReportingOverflow(by: $1).partialValue })
    return try aten("repeat", [.tensor(x), .ints(times)])
  }

  /// The size of the blocks of pixels that become channels, or the other way round.
  private func blockSize() throws -> Int {
    guard let size = try int("blocksize"), (1...65_536).contains(size) else {
      throw wrong("has no size of its blocks, or one that is not from 1 to 65536")
    }
    return size
  }

  /// `[N, C·b², H, W]` → `[N, C, H·b, W·b]`.
  fileprivate func depthToSpace() throws -> Tensor {
    let (x, b) = (try planes(), try blockSize())
    let mode = try text("mode") ?? "DCR"
    let (n, c, h, w) = (x.shape[0], x.shape[1] / b / b, x.shape[2], x.shape[3])
    guard ["DCR", "CRD"].contains(mode), c * b * b == x.shape[1] else {
      throw wrong("has the mode '\(mode.prefix(40))' and blocks of \(b) for \(x.shape)")
    }
    let split = try reshaped(x, mode == "DCR" ? [n, b, b, c, h, w] : [n, c, b, b, h, w])
    let order = mode == "DCR" ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]
    return try reshaped(split.throwing.permuted(order), [n, c, h * b, w * b])
  }

  /// `[N, C, H·b, W·b]` → `[N, b²·C, H, W]`.
  fileprivate func spaceToDepth() throws -> Tensor {
    let (x, b) = (try planes(), try blockSize())
    let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2] / b, x.shape[3] / b)
    guard h * b == x.shape[2], w * b == x.shape[3] else {
      throw wrong("has blocks of \(b) for \(x.shape)")
    }
    let split = try reshaped(x, [n, c, h, b, w, b])
    return try reshaped(split.throwing.permuted([0, 3, 5, 1, 2, 4]), [n, b * b * c, h, w])
  }
}
