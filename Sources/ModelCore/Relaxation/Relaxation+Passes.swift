import Support

/// The passes back through the computation.
extension Relaxation {
  /// The most numbers of a value in one pass; about 32 MB.
  private static let numbersAtOnce = 1 << 23

  /// Lower bounds of linear functions of a value, computed for some rows at a time.
  /// - Parameters:
  ///   - functions: one function for each row, by its coefficients, `[R, …]`.
  ///   - images: the image that each row is about, int64 `[R]`.
  /// - Returns: the bounds, and the sums of the absolute values that they consist of, `[R]` each.
  func smallest(_ functions: Tensor, of value: Int, images: Tensor) throws -> (
    value: Tensor, magnitude: Tensor
  ) {
    let (count, atOnce) = (functions.shape[0], rowsAtOnce(before: value))
    let parts = try stride(from: 0, to: count, by: atOnce).map { first in
      let length = min(atOnce, count - first)
      return try pass(
        functions.narrow(0, first, length), of: value, images: images.narrow(0, first, length))
    }
    guard parts.count != 1 else { return parts[0] }
    return (Tensor.concatenate(parts.map(\.value)), Tensor.concatenate(parts.map(\.magnitude)))
  }

  /// The number of rows that one pass back from a value takes.
  private func rowsAtOnce(before value: Int) -> Int {
    let largest = bounds[...value].map { $0.center.shape.dropFirst().reduce(1, *) }.max() ?? 1
    return max(1, Self.numbersAtOnce / largest)
  }

  /// The intervals of a value, some of them bounded by linear functions of the input. They are kept
  /// as the value's intervals.
  /// - Parameter wanted: true for the numbers to bound, in the shape of the value.
  func refined(_ value: Int, where wanted: Tensor) throws -> Bounds {
    let known = bounds[value]
    let places = wanted.reshaped([-1]).nonzero.reshaped([-1])
    guard places.count > 0 else { return known }
    let shape = Array(known.center.shape.dropFirst())
    let size = shape.reduce(1, *)
    var (lower, upper) = (known.lower.reshaped([-1]), known.upper.reshaped([-1]))
    // Two rows for each number: one for its smallest and one for its largest value.
    let atOnce = max(1, rowsAtOnce(before: value) / 2)
    for first in stride(from: 0, to: places.count, by: atOnce) {
      let part = places.narrow(0, first, min(atOnce, places.count - first))
      let images = (part.to(.float64) / Double(size)).floor.to(.int64)
      let unit = (part - images * Double(size)).oneHot(classes: size)
        .reshaped([part.count] + shape)
      let found = try pass(
        Tensor.concatenate([unit, -unit]), of: value, images: Tensor.concatenate([images, images]))
      // Rounding must not make an interval too small.
      let safe = (found.value - found.magnitude * Self.rounding).reshaped([2, part.count])
      let (low, high) = (safe.select(0, 0).orUnknown, -safe.select(0, 1).orUnknown)
      lower = lower.scattering(0, part, lower.indexSelect(0, part).maximum(low))
      upper = upper.scattering(0, part, upper.indexSelect(0, part).minimum(high))
    }
    let tighter = Bounds(
      lower: lower.minimum(upper).reshaped(known.center.shape),
      upper: lower.maximum(upper).reshaped(known.center.shape))
    bounds[value] = tighter
    return tighter
  }

  /// The rounding of one float32 pass, as a share of the absolute values that are added up.
  private static let rounding = 1e-6

  /// One pass back.
  private func pass(_ functions: Tensor, of value: Int, images: Tensor) throws -> (
    value: Tensor, magnitude: Tensor
  ) {
    try onPass()
    var pending: [Int: Tensor] = [value: functions]
    // What has been added up so far, and the sum of the absolute values.
    var constant = Tensor.zeros([functions.shape[0]], device: functions.device)
    var size = constant
    func add(_ coefficients: Tensor, at place: Int) {
      pending[place] = pending[place].map { $0 + coefficients } ?? coefficients
    }
    func add(constants numbers: Tensor) {
      constant = constant + numbers.flattened.sum([1])
      size = size + numbers.detached.absolute.flattened.sum([1])
    }
    for place in stride(from: value, to: 0, by: -1) {
      guard let coefficients = pending.removeValue(forKey: place) else { continue }
      let (positive, negative) = (coefficients.relu, coefficients.minimum(0))
      switch steps[place] {
      case .input: preconditionFailure("only the first step is the input")
      case .affine(let sources, let function):
        // The function is W·x + b, and the coefficients a of its result become Wᵀ·a, the gradient
        // of ⟨a, W·x + b⟩. What they make of x = 0, ⟨a, b⟩, is added.
        let shapes = sources.map { [functions.shape[0]] + bounds[$0].center.shape.dropFirst() }
        let (passed, shift) = try withGradients {
          let zeros = shapes.map { Tensor.zeros($0, device: functions.device).tracked }
          let result = try function(zeros)
          guard result.shape == coefficients.shape else {
            throw Failure.badData(
              "a step of the model gives \(result.shape) for \(shapes), expected "
                + "\(coefficients.shape): it does not treat each image by itself",
              hint: "export the model with a batch of any size")
          }
          let shift = result * coefficients
          return (shift.sum().gradients(of: zeros, differentiable: learns), shift)
        }
        add(constants: learns ? shift : shift.detached)
        for (source, coefficients) in zip(sources, passed) { add(coefficients, at: source) }
      case .lines(let source, let all):
        let lines = all.rows(images)
        add(positive * lines.lowerSlope + negative * lines.upperSlope, at: source)
        add(constants: positive * lines.lowerOffset + negative * lines.upperOffset)
      case .largest(let source, let pooling):
        let (passed, upper) = pooling.rows(images, positive, negative)
        add(passed, at: source)
        add(constants: upper)
      case .interval:
        let all = bounds[place]
        add(
          constants: positive * all.lower.indexSelect(0, images)
            + negative * all.upper.indexSelect(0, images))
      }
    }
    guard let coefficients = pending[0] else { return (constant, size) }
    let inputs = set.rows(images)
    return (
      inputs.smallest(coefficients) + constant,
      inputs.magnitude(coefficients) + size
    )
  }
}

extension Tensor {
  /// Lower bounds in which −∞, which is always one, takes the place of what is not a number (NaN).
  var orUnknown: Tensor {
    equals(self).choose(self, else: Tensor.full(-.infinity, shape: [], device: device))
  }
}
