import ModelCore
import Support

/// A computation that was read from a file: a TorchScript program or an ONNX graph.
protocol ForeignProgram: Sendable {
  /// images → logits `[N, K]`, differentiable. The images are already prepared as the program
  /// expects them.
  /// - Throws: `Failure.badData` with the reason, if the program cannot take such images.
  func run(_ images: Tensor) throws -> Tensor

  /// The number of images that the file states for a batch; nil if it states none.
  var batchSize: Int? { get }

  /// Bounds of the logits for inputs in a box. The images are already prepared.
  /// - Throws: `Failure.badData` that says what has no bounds.
  func bounds(_ inputs: Bounds) throws -> Bounds

  /// The computation of the logits in steps between linear functions. The images are already
  /// prepared.
  /// - Throws: `Failure.badData` that says what has no bounds.
  func relaxed(_ input: RelaxedValue) throws -> RelaxedValue
}

extension ForeignProgram {
  var batchSize: Int? { nil }

  func relaxed(_ input: RelaxedValue) throws -> RelaxedValue {
    try input.bounded { try bounds($0) }
  }

  func bounds(_ inputs: Bounds) throws -> Bounds {
    throw Failure.badData(
      "a TorchScript program has no interval bounds",
      hint: "export the model as ONNX, or give its weights with an architecture")
  }
}

/// A TorchScript program, one output of which gives the logits.
struct ScriptModel: ForeignProgram {
  let program: ScriptProgram
  /// The name or the place of that output; nil for a program with one output.
  let output: String?

  func run(_ images: Tensor) throws -> Tensor { try program.run(images, output: output) }
}

/// A classifier that consists of a program from a file and of layers that prepare the images for
/// it.
///
/// The layers follow from what is known about the model (`ModelNotes`). They are part of the
/// classifier, so that images and budgets are in the units of the data.
public struct ForeignModel: Classifier {
  public let inputShape: InputShape
  public let classCount: Int
  public let valueRange: ClosedRange<Double>
  public let device: Device
  /// The layers that images pass before the program.
  public let before: LayerList
  let layout: ModelNotes.Layout
  /// The only number of images that the program accepts; nil if it accepts any number.
  public let batchSize: Int?
  /// Why no gradients go through the program, in the words of libtorch; nil if they do. Its logits
  /// are then constants, so that every gradient is zero.
  public let reasonAgainstGradients: String?
  /// What the user should know about the model, such as that its output is flattened.
  public let notices: [String]
  private let shape: LogitShape
  private let program: any ForeignProgram
  /// The name of the model in error messages.
  private let name: String

  /// Calls the program, to find the number of classes and the number of images that it accepts, and
  /// whether gradients go through it.
  /// - Parameters:
  ///   - input: the shape of one image, or of one row of a table.
  ///   - valueRange: the smallest and the largest value of the data.
  /// - Throws: `Failure.badData` if the program does not give one row of logits for each image.
  init(
    _ program: any ForeignProgram, input: InputShape, valueRange: ClosedRange<Double> = 0...1,
    notes: ModelNotes, device: Device, name: String = "the model"
  ) throws {
    let before = try notes.preparation(for: input, in: valueRange)
    try self.init(
      program, input: input, valueRange: valueRange, before: before, layout: notes.layout ?? .nchw,
      shape: LogitShape(isBinary: notes.binary ?? false), device: device, name: name)
  }

  private init(
    _ program: any ForeignProgram, input: InputShape, valueRange: ClosedRange<Double>,
    before: LayerList, layout: ModelNotes.Layout, shape: LogitShape, device: Device, name: String
  ) throws {
    guard input.isPicture || layout != .nhwc else {
      throw Failure.badData(
        "layout nhwc is an order of channels, height and width, and its input \(input) is a row "
          + "of a table", hint: "leave layout out")
    }
    _ = try before.shapes(from: input.sizes)
    let middle = (valueRange.lowerBound + valueRange.upperBound) / 2
    func images(_ count: Int) -> Tensor {
      Tensor.full(middle, shape: [count] + input.sizes, device: device)
    }
    // The shape of the program's own output, where it was accepted.
    var sizes: [Int] = []
    func output(_ images: Tensor) throws -> Tensor {
      let whole = try program.run(Self.prepared(images, before, layout))
      let logits = try shape.logits(whole, for: images.shape)
      sizes = whole.shape
      return logits
    }
    func logits(_ count: Int) throws -> Tensor {
      try withMemoryLimit(max(count, 16) * Self.mostBytes) {
        try withoutGradients { try output(images(count)) }
      }
    }
    let found: Tensor
    (batchSize, found) = try Self.accepted(program.batchSize, perImage: input.count, logits)
    notices = LogitShape.notice(of: sizes).map { [$0] } ?? []
    let trial = images(batchSize ?? 2)
    // A pass back keeps what a pass forward frees.
    let room = 4 * max(trial.shape[0], 16) * Self.mostBytes
    reasonAgainstGradients = withMemoryLimit(room) { Self.reason(output, at: trial) }
    self.shape = shape
    inputShape = input
    classCount = found.shape[1]
    self.valueRange = valueRange
    self.device = device
    self.before = before
    self.layout = layout
    self.program = program
    self.name = name
  }

  /// Why the logits cannot be differentiated with respect to the images; nil if they can. A program
  /// may contain an operation without a derivative, or one that fails where gradients are recorded.
  private static func reason(_ logits: (Tensor) throws -> Tensor, at images: Tensor) -> String? {
    do {
      _ = try withGradients {
        let variable = images.tracked
        return try logits(variable).sum().throwing.gradient(of: variable)
      }
      return nil
    } catch { return (error as? Failure)?.message ?? "\(error)" }
  }

  /// Finds how many images a program accepts, and its logits for some.
  ///
  /// A program that fails for two images or for three was exported for batches of one size. This is
  /// two, one, what the file states, or a number in the reason of the failure, since libtorch names
  /// the shapes that do not fit: "shape '[8, 64]' is invalid for input of size 128".
  /// - Parameter perImage: the number of values of an image.
  /// - Throws: the error for two images, if the program fails for every size.
  private static func accepted(
    _ stated: Int?, perImage: Int, _ logits: (Int) throws -> Tensor
  ) throws -> (size: Int?, logits: Tensor) {
    let two = Result { try logits(2) }
    if let found = try? two.get() { return ((try? logits(3)) == nil ? 2 : nil, found) }
    var sizes = [1] + (stated.map { [$0] } ?? [])
    if case .failure(let failure as Failure) = two {
      sizes += failure.message.matches(of: /\d+/).compactMap { Int($0.0) }.prefix(12)
    }
    let possible = 1...max(1, mostNumbers / max(1, perImage))
    var tried: Set = [2]
    for size in sizes where possible.contains(size) && tried.insert(size).inserted {
      if let found = try? logits(size) { return (size, found) }
    }
    return try (nil, two.get())
  }

  /// The most memory that a program may use for one image, in bytes, when it is tried.
  private static let mostBytes = 1 << 26

  /// The most values in a batch that is tried to find the size of a program's batches.
  private static let mostNumbers = 1 << 24

  /// This model with more layers before it.
  /// - Throws: `Failure.badData` if the layers change the shape of the images, or have parameters.
  func preceded(by layers: LayerList) throws -> ForeignModel {
    let shape = try layers.shapes(from: inputShape.sizes).last
    guard shape == inputShape.sizes else {
      throw Failure.badData(
        "the layers \(layers.texts) turn an input of shape \(inputShape.sizes) into "
          + "\(shape ?? []), expected the same shape")
    }
    guard try layers.parameters(for: inputShape.sizes).isEmpty else {
      throw Failure.badData(
        "the layers \(layers.texts) have parameters to train, and cannot be put before a model")
    }
    return try ForeignModel(
      program, input: inputShape, valueRange: valueRange,
      before: LayerList(layers.layers + before.layers), layout: layout, shape: self.shape,
      device: device, name: name)
  }

  public func logits(_ images: Tensor) -> Tensor {
    // images [N, …]
    let count = images.shape[0]
    guard let batchSize, count != batchSize, count > 0 else { return run(images) }
    // The last batch is filled up with copies of the last image, whose logits are dropped.
    let missing = (batchSize - count % batchSize) % batchSize
    let last = images.narrow(0, count - 1, 1)
    let whole = Tensor.concatenate([images] + [Tensor](repeating: last, count: missing))
    let parts = stride(from: 0, to: count, by: batchSize).map { start in
      run(whole.narrow(0, start, batchSize))
    }
    return Tensor.concatenate(parts).narrow(0, 0, count)
  }

  /// Bounds of the logits for images in a box. See `Bounds`.
  /// - Throws: `Failure.badData` that names the layer or the operator without bounds.
  public func bounds(_ box: Bounds) throws -> Bounds {
    let prepared = try before.boundsWithoutParameters(box)
    func ordered(_ x: Tensor) -> Tensor { Self.ordered(x, layout) }
    let bounds = try program.bounds(
      Bounds(lower: ordered(prepared.lower), upper: ordered(prepared.upper)))
    return try shape.bounds(bounds, for: box.center.shape)
  }

  public func relaxed(_ input: RelaxedValue) throws -> RelaxedValue {
    let prepared = try before.relaxedWithoutParameters(input)
    func ordered(_ x: Tensor) -> Tensor { Self.ordered(x, layout) }
    let (center, radius) = (ordered(prepared.bounds.center), ordered(prepared.bounds.radius))
    let images = try prepared.affine(Bounds(around: center, by: radius), keepsBoxes: true) {
      ordered($0)
    }
    let output = try program.relaxed(images)
    let whole = input.bounds.center.shape
    return try output.affine(try shape.bounds(output.bounds, for: whole)) {
      try shape.logits($0, for: [$0.shape[0]] + whole.dropFirst())
    }
  }

  private func run(_ images: Tensor) -> Tensor {
    // The initializer has run the program on images of this shape. What is left is a failure that
    // no caller can handle, such as too little memory, or a program that fails for some values.
    do {
      func logits() throws -> Tensor {
        try shape.logits(
          program.run(Self.prepared(images, before, layout)), for: images.shape)
      }
      return try reasonAgainstGradients == nil ? logits() : withoutGradients(logits)
    } catch {
      let reason = (error as? Failure)?.message ?? "\(error)"
      Engine.stop("\(name) failed for images of shape \(images.shape): \(reason)")
    }
  }

  /// images `[N, C, H, W]` or `[N, D]` → the program's input, row-major in memory, since a program
  /// may depend on the order in memory.
  private static func prepared(_ images: Tensor, _ before: LayerList, _ layout: ModelNotes.Layout)
    -> Tensor
  {
    ordered(before.applyWithoutParameters(images), layout)
  }

  private static func ordered(_ x: Tensor, _ layout: ModelNotes.Layout) -> Tensor {
    switch layout {
    case .nchw: x.contiguous
    case .nhwc: x.permuted([0, 2, 3, 1]).contiguous
    case .flat: x.contiguous.flattened
    }
  }
}
