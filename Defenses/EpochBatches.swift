import Datasets
import ModelCore
import Support

/// The batches of one epoch of a training, in random order.
///
/// The random numbers of an epoch derive from the seed of the training and the number of the epoch. A
/// training that continues a checkpoint therefore sees the same batches as one that was never
/// interrupted. Batch statistics of a single image do not exist, so a last batch of one image is left
/// out.
struct EpochBatches: RandomAccessCollection {
  /// A batch and its place in the training.
  struct Element {
    /// The images with their annotations, on the device of the data.
    let batch: Batch
    let progress: TrainingProgress
    /// The factor on the learning rate.
    let rateFactor: Double
    /// The number of images that the training has seen after this batch, those of earlier epochs
    /// among them.
    let seen: Int
  }

  /// The seed of the epoch.
  let seed: Seed
  private let settings: TrainingSettings
  private let data: LabelledImages
  private let epoch: Int
  /// The images in the order of the epoch, int64 `[N]`.
  private let order: Tensor

  /// - Parameter epoch: the number of the epoch, counted from 0.
  init(_ settings: TrainingSettings, of data: LabelledImages, epoch: Int) {
    self.settings = settings
    self.data = data
    self.epoch = epoch
    seed = settings.seed.derive("epoch \(epoch)")
    order = RandomSource(seed.derive("order")).permutation(data.count)
  }

  /// Checks that there are batches to learn from.
  /// - Throws: `Failure.usage` if they would have a single image.
  static func check(_ settings: TrainingSettings, _ data: LabelledImages) throws {
    guard settings.batchSize >= 2, data.count >= 2 else {
      throw Failure.usage(
        "training needs batches of at least two images, because batch statistics of a single "
          + "image do not exist")
    }
  }

  /// The number of steps of an epoch for schedules, which includes a last batch of one image.
  private var steps: Int { (data.count + settings.batchSize - 1) / settings.batchSize }

  var startIndex: Int { 0 }
  var endIndex: Int { steps > 1 && data.count % settings.batchSize == 1 ? steps - 1 : steps }

  /// The factor on the learning rate at the first step of the epoch.
  var rateFactor: Double { rateFactor(0) }

  private func rateFactor(_ step: Int) -> Double {
    settings.schedule.factor(
      step: epoch * steps + step, stepsPerEpoch: steps, epochs: settings.epochs)
  }

  subscript(step: Int) -> Element {
    let start = step * settings.batchSize
    let count = Swift.min(settings.batchSize, data.count - start)
    return Element(
      batch: settings.annotated.batch(of: data, at: order.narrow(0, start, count)),
      progress: TrainingProgress(
        epoch: epoch, epochs: settings.epochs, step: step, stepsPerEpoch: steps),
      rateFactor: rateFactor(step), seen: epoch * data.count + start + count)
  }
}

/// Writes the checkpoints of a training, with a shortest time between two of them. An epoch on a small
/// table takes less time than a checkpoint, which has the history of all epochs.
struct CheckpointTimer {
  /// The usual shortest time between two checkpoints.
  static let usualInterval = Duration.seconds(1)

  private let interval: Duration
  private var last = ContinuousClock.now

  init(_ interval: Duration) { self.interval = interval }

  /// Writes a checkpoint after an epoch, if it is due.
  /// - Parameter isLast: whether the training is done; its last checkpoint is always written.
  /// - Throws: what `write` throws, and `Failure` if a signal has asked the process to stop.
  mutating func save(isLast: Bool, _ write: () throws -> Void) throws {
    let stops = Interruption.isStopRequested
    guard isLast || stops || last.duration(to: .now) >= interval else { return }
    try write()
    last = .now
    if !isLast { try Interruption.stopIfRequested() }
  }
}
