import ModelCore
import Support

/// Something read from a file that turns images, as it wants them, into logits.
protocol ForeignProgram: Sendable {
  /// images → logits `[N, K]`, differentiable. Throws what the engine said if it refused.
  func run(_ images: Tensor) throws -> Tensor
}

extension ScriptProgram: ForeignProgram {}

/// A model that was made elsewhere, as a classifier of images in [0, 1]: its program, behind what
/// its notes say.
public struct ForeignModel: Classifier {
  public let inputShape: InputShape
  public let classCount: Int
  public let device: Device
  public var valueRange: ClosedRange<Double> { 0...1 }
  /// The layers that images go through before the program.
  public let before: LayerList
  let layout: ModelNotes.Layout
  /// Whether the program was exported for one image at a time.
  let isSingle: Bool
  private let program: any ForeignProgram

  /// - Throws: `Failure.badData` if the program does not give one row of logits for each of such
  ///   images.
  init(_ program: any ForeignProgram, input: InputShape, notes: ModelNotes, device: Device) throws {
    let before = try notes.preparation(channels: input.channels)
    try self.init(
      program, input: input, before: before, layout: notes.layout ?? .nchw, device: device)
  }

  private init(
    _ program: any ForeignProgram, input: InputShape, before: LayerList, layout: ModelNotes.Layout,
    device: Device
  ) throws {
    _ = try before.shapes(from: input.sizes)
    let images = Tensor.full(0.5, shape: [2] + input.sizes, device: device)
    func answer(_ count: Int) throws -> Tensor {
      let prepared = Self.prepared(images.narrow(0, 0, count), before, layout)
      let logits = try withoutGradients { try program.run(prepared) }
      guard logits.rank == 2, logits.shape[0] == count, (2...65_536).contains(logits.shape[1])
      else {
        throw Failure.badData(
          "it gives numbers of shape \(logits.shape) for \(count) image\(count == 1 ? "" : "s") of \(input); "
            + "expected [\(count), classes]",
          hint: "export a model that ends in one row of logits for each image")
      }
      return logits
    }
    let two = Result { try answer(2) }
    let logits = try (try? two.get()) ?? (try? answer(1)) ?? two.get()
    isSingle = logits.shape[0] == 1
    inputShape = input
    classCount = logits.shape[1]
    self.device = device
    self.before = before
    self.layout = layout
    self.program = program
  }

  /// This model with more layers before it.
  func preceded(by layers: LayerList) throws -> ForeignModel {
    let shape = try layers.shapes(from: inputShape.sizes).last
    guard shape == inputShape.sizes else {
      throw Failure.badData(
        "the layers \(layers.texts) turn \(inputShape.sizes) into \(shape ?? []), which it does not take"
      )
    }
    guard try layers.parameters(for: inputShape.sizes).isEmpty else {
      throw Failure.badData(
        "the layers \(layers.texts) have to be trained: they cannot be put before a model")
    }
    return try ForeignModel(
      program, input: inputShape, before: LayerList(layers.layers + before.layers), layout: layout,
      device: device)
  }

  public func logits(_ images: Tensor) -> Tensor {
    guard isSingle, images.shape[0] != 1 else { return run(images) }
    return Tensor.concatenate((0..<images.shape[0]).map { run(images.narrow(0, $0, 1)) })
  }

  private func run(_ images: Tensor) -> Tensor {
    // That it takes such images was tried when it was read.
    do { return try program.run(Self.prepared(images, before, layout)) } catch {
      Engine.refuse((error as? Failure)?.message ?? "\(error)")
    }
  }

  /// Programs may look at numbers in the order of memory, so the order is the plain one.
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
