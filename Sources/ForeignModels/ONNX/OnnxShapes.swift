import ModelCore
import Support

/// The operators that rearrange numbers without changing them.
extension OnnxCall {
  func flatten() throws -> Tensor {
    let x = try input(0)
    let given = try int("axis") ?? 1
    let axis = given == x.rank ? given : try dimension(given, of: x.rank)
    return try reshaped(x, [x.shape[..<axis].reduce(1, *), x.shape[axis...].reduce(1, *)])
  }

  /// In the new shape, 0 stands for the size of the input's dimension, and −1 for the size that
  /// remains.
  func reshape() throws -> Tensor {
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

  func transpose() throws -> Tensor {
    let x = try input(0)
    let order = try ints("perm") ?? Array((0..<x.rank).reversed())
    guard order.sorted() == Array(0..<x.rank) else {
      throw wrong("has the order \(order.prefix(16)) for an input of \(x.shape)")
    }
    return try x.throwing.permuted(order)
  }

  func squeeze() throws -> Tensor {
    let x = try input(0)
    let axes = try list(1, or: "axes").map { try $0.map { try dimension($0, of: x.rank) } }
    let gone = axes ?? x.shape.indices.filter { x.shape[$0] == 1 }
    guard gone.allSatisfy({ x.shape[$0] == 1 }) else {
      throw wrong("removes the dimensions \(gone) of \(x.shape), which are not all of size 1")
    }
    return try reshaped(x, x.shape.indices.filter { !gone.contains($0) }.map { x.shape[$0] })
  }

  func unsqueeze() throws -> Tensor {
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

  func concatenation() throws -> Tensor {
    let parts = try inputs.indices.map { try input($0) }
    guard let first = parts.first, let given = try int("axis") else {
      throw wrong("has no inputs, or no axis")
    }
    let axis = try dimension(given, of: first.rank)
    let fits = parts.allSatisfy { part in
      part.rank == first.rank && part.type == first.type
        && part.shape.indices.allSatisfy { $0 == axis || part.shape[$0] == first.shape[$0] }
    }
    guard fits else {
      throw wrong("cannot concatenate \(parts.prefix(8).map(\.shape)) along axis \(axis)")
    }
    var shape = first.shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    try checkRoom(shape)
    return try Tensor.throwingConcatenation(parts, along: axis)
  }

  /// A slice along some dimensions, with steps of at least one.
  func slice() throws -> Tensor {
    var x = try input(0)
    guard let starts = try list(1, or: "starts"), let ends = try list(2, or: "ends"),
      starts.count == ends.count
    else {
      throw wrong("has no starts or ends, or not equally many")
    }
    let axes = try list(3, or: "axes") ?? Array(starts.indices)
    let steps = try list(4, or: "steps") ?? starts.map { _ in 1 }
    guard axes.count == starts.count, steps.count == starts.count,
      steps.allSatisfy({ (1...1 << 30).contains($0) })
    else {
      throw wrong("has the steps \(steps.prefix(8)), expected one of at least 1 for each axis")
    }
    for (place, given) in axes.enumerated() {
      let axis = try dimension(given, of: x.rank)
      let size = x.shape[axis]
      func clamped(_ end: Int) -> Int { min(max(end < 0 ? max(end, -size) + size : end, 0), size) }
      let (start, end) = (clamped(starts[place]), clamped(ends[place]))
      guard start < end else { throw wrong("leaves nothing of \(x.shape)") }
      x = try x.throwing.narrow(axis, start, end - start)
      guard steps[place] > 1 else { continue }
      let taken = Tensor(labels: Array(stride(from: 0, to: end - start, by: steps[place]))).to(
        x.device)
      x = try x.throwing.indexSelect(axis, taken)
    }
    return x
  }

  func gather() throws -> Tensor {
    let (x, places) = (try input(0), try input(1))
    guard [.int64, .int32].contains(places.type), places.rank <= 1, x.rank > 0 else {
      throw wrong("is supported with one list of indices only, found shape \(places.shape)")
    }
    let axis = try dimension(int("axis") ?? 0, of: x.rank)
    let size = Int64(x.shape[axis])
    let indices = places.int64s()
    guard indices.allSatisfy({ (-size..<size).contains($0) }) else {
      throw wrong("has an index outside of \(x.shape)")
    }
    var shape = x.shape
    shape[axis] = indices.count
    try checkRoom(shape)
    let wanted = Tensor(indices.map { $0 < 0 ? $0 + size : $0 }, shape: [indices.count]).to(
      x.device)
    let taken = try x.throwing.indexSelect(axis, wanted)
    guard places.rank == 0 else { return taken }
    shape.remove(at: axis)
    return try reshaped(taken, shape)
  }

  /// Adds numbers before and after those of each dimension. A negative pad removes numbers.
  func padding() throws -> Tensor {
    var x = try numbers(0)
    let mode = try text("mode") ?? "constant"
    guard mode == "constant" else {
      throw wrong("pads in the mode '\(mode.prefix(40))', only 'constant' is supported")
    }
    guard let pads = try list(1, or: "pads") else { throw wrong("has no pads") }
    let value = try number(2, or: "value") ?? 0
    let axes = try (list(3, or: "axes") ?? Array(0..<x.rank)).map { try dimension($0, of: x.rank) }
    guard pads.count == 2 * axes.count, Set(axes).count == axes.count,
      pads.allSatisfy({ abs($0) <= 65_536 })
    else {
      throw wrong("has \(pads.count) pads for \(axes.count) axes, or pads above 65536")
    }
    for (place, axis) in axes.enumerated() {
      let (before, after) = (pads[place], pads[place + axes.count])
      let start = max(0, -before)
      let length = x.shape[axis] - start - max(0, -after)
      guard length > 0 else { throw wrong("leaves nothing of \(x.shape)") }
      x = try x.throwing.narrow(axis, start, length)
      x = try padded(x, axis, before: max(0, before), after: max(0, after), value)
    }
    return x
  }

  /// A tensor with numbers of one value added before and after it along one dimension.
  func padded(_ x: Tensor, _ axis: Int, before: Int, after: Int, _ value: Double) throws -> Tensor {
    guard before > 0 || after > 0 else { return x }
    var shape = x.shape
    shape[axis] += before + after
    try checkRoom(shape)
    let parts = [before, 0, after].enumerated().compactMap { place, count -> Tensor? in
      if place == 1 { return x }
      shape[axis] = count
      return count == 0 ? nil : Tensor.full(value, shape: shape, type: x.type, device: x.device)
    }
    return try Tensor.throwingConcatenation(parts, along: axis)
  }

  /// The sizes of the input, from dimension `start` up to `end`.
  func shapeOfInput() throws -> Tensor {
    let shape = try input(0).shape
    func place(_ name: String, _ fallback: Int) throws -> Int {
      let given = try int(name) ?? fallback
      return min(max(given < 0 ? max(given, -shape.count) + shape.count : given, 0), shape.count)
    }
    let (start, end) = (try place("start", 0), try place("end", shape.count))
    let sizes = start < end ? Array(shape[start..<end]) : []
    return Tensor(sizes.map(Int64.init), shape: [sizes.count])
  }
}
