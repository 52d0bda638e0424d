import ModelCore
import Support

/// A computation that was read from a file: a TorchScript program or an ONNX graph.
protocol ForeignProgram: Sendable {
  /// images → logits `[N, K]`, differentiable. The images are already prepared as the program
  /// expects them.
  /// - Throws: `Failure.badData` with the reason, if the program cannot take such images.
  func run(_ images: Tensor) throws -> Tensor
}

extension ScriptProgram: ForeignProgram {}

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
  /// Whether the program accepts only a batch of one image. It is then called for one image after
  /// another.
  let isSingle: Bool
  private let program: any ForeignProgram

  /// Calls the program once, to find the number of classes.
  /// - Parameters:
  ///   - input: the shape of one image, or of one row of a table.
  ///   - valueRange: the smallest and the largest value of the data.
  /// - Throws: `Failure.badData` if the program does not give one row of logits for each image.
  init(
    _ program: any ForeignProgram, input: InputShape, valueRange: ClosedRange<Double> = 0...1,
    notes: ModelNotes, device: Device
  ) throws {
    let before = try notes.preparation(for: input, in: valueRange)
    try self.init(
      program, input: input, valueRange: valueRange, before: before, layout: notes.layout ?? .nchw,
      device: device)
  }

  private init(
    _ program: any ForeignProgram, input: InputShape, valueRange: ClosedRange<Double>,
    before: LayerList, layout: ModelNotes.Layout, device: Device
  ) throws {
    guard input.isPicture || layout != .nhwc else {
      throw Failure.badData(
        "layout nhwc is an order of channels, height and width, and its input \(input) is a row "
          + "of a table", hint: "leave layout out")
    }
    _ = try before.shapes(from: input.sizes)
    let middle = (valueRange.lowerBound + valueRange.upperBound) / 2
    func logits(_ count: Int) throws -> Tensor {
      let images = Tensor.full(middle, shape: [count] + input.sizes, device: device)
      let logits = try withoutGradients { try program.run(Self.prepared(images, before, layout)) }
      guard logits.rank == 2, logits.shape[0] == count, (2...65_536).contains(logits.shape[1])
      else {
        throw Failure.badData(
          "it gives an output of shape \(logits.shape) for a batch of shape \(images.shape), "
            + "expected [\(count), classes]",
          hint: "export a model that gives one row of logits for each image, of 2 to 65536 classes")
      }
      return logits
    }
    // A program that accepts only one image fails for two, so one image is tried next. If both
    // fail, the error for two images is reported.
    let two = Result { try logits(2) }
    let found = try (try? two.get()) ?? (try? logits(1)) ?? two.get()
    isSingle = found.shape[0] == 1
    inputShape = input
    classCount = found.shape[1]
    self.valueRange = valueRange
    self.device = device
    self.before = before
    self.layout = layout
    self.program = program
  }

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
      before: LayerList(layers.layers + before.layers), layout: layout, device: device)
  }

  public func logits(_ images: Tensor) -> Tensor {
    guard isSingle, images.shape[0] != 1 else { return run(images) }
    return Tensor.concatenate((0..<images.shape[0]).map { run(images.narrow(0, $0, 1)) })
  }

  private func run(_ images: Tensor) -> Tensor {
    // The initializer has run the program on images of this shape, so that what is left is a
    // failure that no caller can handle, such as too little memory.
    do { return try program.run(Self.prepared(images, before, layout)) } catch {
      Engine.refuse((error as? Failure)?.message ?? "\(error)")
    }
  }

  /// images `[N, C, H, W]` or `[N, D]` → the program's input, row-major in memory, since a program
  /// may depend on the order in memory.
  private static func prepared(_ images: Tensor, _ before: LayerList, _ layout: ModelNotes.Layout)
    -> Tensor
  {
    let x = before.applyWithoutParameters(images)
    return switch layout {
    case .nchw: x.contiguous
    case .nhwc: x.permuted([0, 2, 3, 1]).contiguous
    case .flat: x.contiguous.flattened
    }
  }
}
