import ModelCore
import Support

/// Operators that take parts of tensors, and that put parts together.
extension OnnxOperators {
  static let parts: [String: Single] = [
    "Concat": { try $0.concatenation() },
    "Slice": { try $0.slice() },
    "Gather": { try $0.gather() },
    "GatherElements": { try $0.gatherElements() },
    "GatherND": { try $0.gatherPoints() },
    "ScatterElements": { try $0.scatterElements() },
    "ScatterND": { try $0.scatterPoints() },
    "Trilu": {
      let x = try $0.input(0)
      guard x.rank >= 2 else { throw $0.wrong("expects matrices, found \(x.shape)") }
      let first = Operator.Value.int(try $0.list(1, or: "k")?.first ?? 0)
      return try $0.aten(try $0.int("upper") ?? 1 != 0 ? "triu" : "tril", [.tensor(x), first])
    },
  ]
}

extension OnnxCall {
  fileprivate func concatenation() throws -> Tensor {
    let parts = try together(inputs.indices.map { try input($0) })
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

  /// Parts along one dimension: of given sizes, or equal ones, of which the last may be smaller.
  func split() throws -> [Tensor] {
    let x = try input(0)
    let axis = try dimension(int("axis") ?? 0, of: x.rank)
    let size = x.shape[axis]
    let sizes: [Int]
    if let given = try list(1, or: "split") {
      sizes = given
    } else {
      let count = try int("num_outputs") ?? node.outputs.count
      guard (1...10_000).contains(count) else { throw wrong("has \(count) outputs") }
      let most = (size + count - 1) / count
      sizes = (0..<count).map { max(0, min(most, size - $0 * most)) }
    }
    guard sizes.allSatisfy({ (0...size).contains($0) }), sizes.reduce(0, +) == size,
      sizes.count >= node.outputs.count
    else {
      throw wrong("splits \(x.shape) along axis \(axis) into \(sizes.prefix(16))")
    }
    var start = 0
    return try sizes.map { length in
      defer { start += length }
      return try x.throwing.narrow(axis, start, length)
    }
  }

  /// A slice along some dimensions. With a negative step it runs backwards.
  fileprivate func slice() throws -> Tensor {
    var x = try input(0)
    guard let starts = try list(1, or: "starts"), let ends = try list(2, or: "ends"),
      starts.count == ends.count
    else {
      throw wrong("has no starts or ends, or not equally many")
    }
    let axes = try list(3, or: "axes") ?? Array(starts.indices)
    let steps = try list(4, or: "steps") ?? starts.map { _ in 1 }
    guard axes.count == starts.count, steps.count == starts.count,
      steps.allSatisfy({ $0 != 0 && (-1 << 30...1 << 30).contains($0) })
    else {
      throw wrong("has the steps \(steps.prefix(8)), expected one other than 0 for each axis")
    }
    for (place, given) in axes.enumerated() {
      let axis = try dimension(given, of: x.rank)
      let size = x.shape[axis]
      var (start, end, step) = (starts[place], ends[place], steps[place])
      // Backwards, places are counted from the end of the flipped dimension.
      let least = step < 0 ? -1 : 0
      func clamped(_ end: Int) -> Int {
        min(max(end < 0 ? max(end, -size - 1) + size : end, least), size + least)
      }
      (start, end) = (clamped(start), clamped(end))
      if step < 0 {
        x = try aten("flip", [.tensor(x), .ints([axis])])
        start = max(start, 0)
        (start, end, step) = (size - 1 - start, size - 1 - end, -step)
      }
      guard start < end || x.type != .float32 else { throw wrong("leaves nothing of \(x.shape)") }
      x = try aten(
        "slice.Tensor", [.tensor(x), .int(axis), .int(start), .int(max(start, end)), .int(step)])
    }
    return x
  }

  /// The indices in a tensor, counted from the beginning.
  /// - Parameter size: the number of places, for each index of the tensor in row-major order.
  private func indices(_ tensor: Tensor, _ size: (Int) -> Int) throws -> [Int64] {
    guard [.int64, .int32].contains(tensor.type) else {
      throw wrong("expects whole numbers as indices, found \(tensor.type)")
    }
    return try tensor.int64s().enumerated().map { place, index in
      let size = Int64(size(place))
      guard (-size..<size).contains(index) else {
        throw wrong("has the index \(index) for a dimension of size \(size)")
      }
      return index < 0 ? index + size : index
    }
  }

  /// The parts at some indices of a dimension, whose place the shape of the indices takes.
  fileprivate func gather() throws -> Tensor {
    let (x, places) = (try input(0), try input(1))
    let axis = try dimension(int("axis") ?? 0, of: x.rank)
    let shape = x.shape
    let wanted = shape[..<axis] + places.shape + shape[(axis + 1)...]
    try checkRoom(Array(wanted))
    let indices = try indices(places) { _ in shape[axis] }
    if indices.count == 1 {
      return try reshaped(x.throwing.narrow(axis, Int(indices[0]), 1), Array(wanted))
    }
    let taken = try x.throwing.indexSelect(
      axis, Tensor(indices, shape: [indices.count]).to(x.device))
    return places.rank == 1 ? taken : try reshaped(taken, Array(wanted))
  }

  /// For each index, the number at the same place except for one dimension, where the index counts.
  fileprivate func gatherElements() throws -> Tensor {
    let (x, places) = (try input(0), try input(1))
    let axis = try dimension(int("axis") ?? 0, of: x.rank)
    let sound = try soundIndices(places, of: x, axis)
    return try aten("gather", [.tensor(x), .int(axis), .tensor(sound)])
  }

  private func soundIndices(_ places: Tensor, of x: Tensor, _ axis: Int) throws -> Tensor {
    guard places.rank == x.rank,
      x.shape.indices.allSatisfy({ $0 == axis || places.shape[$0] <= x.shape[$0] })
    else { throw wrong("has indices of shape \(places.shape) for an input of \(x.shape)") }
    try checkRoom(places.shape)
    let size = x.shape[axis]
    return Tensor(try indices(places) { _ in size }, shape: places.shape).to(x.device)
  }

  /// Numbers put at indices along one dimension.
  fileprivate func scatterElements() throws -> Tensor {
    let (x, places, values) = (try input(0), try input(1), try input(2))
    let axis = try dimension(int("axis") ?? 0, of: x.rank)
    let sound = try soundIndices(places, of: x, axis)
    guard values.shape == places.shape, values.type == x.type else {
      throw wrong("puts values of shape \(values.shape) at indices of shape \(places.shape)")
    }
    let all = together([x, sound, values])
    let name = try adds() ? "scatter_add" : "scatter.src"
    return try aten(name, [.tensor(all[0]), .int(axis), .tensor(all[1]), .tensor(all[2])])
  }

  /// Whether new values are added to the old ones and do not replace them.
  private func adds() throws -> Bool {
    let way = try text("reduction") ?? "none"
    guard ["none", "add"].contains(way) else {
      throw wrong("combines values by '\(way.prefix(40))', expected none or add")
    }
    return way == "add"
  }

  /// Reads points, each of which is a list of indices into the first dimensions of a tensor.
  /// - Returns: the tensor with these dimensions joined, the place of each point in the joined
  ///   dimension, the shape of the list of points, and that of what a point leads to.
  private func points(of x: Tensor, _ places: Tensor) throws -> (
    rows: Tensor, places: Tensor, outer: [Int], inner: [Int]
  ) {
    guard let depth = places.shape.last, (1...max(1, x.rank)).contains(depth), x.rank > 0 else {
      throw wrong("has points of shape \(places.shape) in an input of \(x.shape)")
    }
    let sizes = Array(x.shape[..<depth])
    let all = try indices(places) { sizes[$0 % depth] }
    let flat = stride(from: 0, to: all.count, by: depth).map { start in
      (0..<depth).reduce(Int64(0)) { $0 * Int64(sizes[$1]) + all[start + $1] }
    }
    let inner = Array(x.shape[depth...])
    let rows = try reshaped(x, [sizes.reduce(1, *)] + inner)
    return (
      rows, Tensor(flat, shape: [flat.count]).to(x.device), Array(places.shape.dropLast()), inner
    )
  }

  fileprivate func gatherPoints() throws -> Tensor {
    guard try int("batch_dims") ?? 0 == 0 else {
      throw wrong("has dimensions of a batch, which are not supported")
    }
    let (rows, places, outer, inner) = try points(of: input(0), input(1))
    try checkRoom(outer + inner)
    return try reshaped(rows.throwing.indexSelect(0, places), outer + inner)
  }

  fileprivate func scatterPoints() throws -> Tensor {
    let (x, values) = (try input(0), try input(2))
    let (rows, places, outer, inner) = try points(of: x, input(1))
    guard values.shape == outer + inner, values.type == x.type else {
      throw wrong("puts values of shape \(values.shape) at places of shape \(outer + inner)")
    }
    let list = try reshaped(values, [places.count] + inner)
    let all = together([rows, places, list])
    let name = try adds() ? "index_add" : "index_copy"
    return try reshaped(
      aten(name, [.tensor(all[0]), .int(0), .tensor(all[1]), .tensor(all[2])]), x.shape)
  }
}
