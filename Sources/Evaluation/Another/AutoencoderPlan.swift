import Datasets
import Defenses
import Foundation
import Support

/// The entry `autoencoder` of an experiment: an autoencoder whose codes take the place of the pixels
/// in a search for other explanations (`another: { in: codes }`).
public struct AutoencoderPlan: Configurable, Equatable {
  /// The data whose training pictures the autoencoder learns from, without their labels; nil for the
  /// training pictures of the experiment.
  public var pictures: String?
  public var autoencoder: VariationalAutoencoder

  public init(pictures: String? = nil, _ autoencoder: VariationalAutoencoder = .init()) {
    self.pictures = pictures
    self.autoencoder = autoencoder
  }

  public static let settings: [Setting<AutoencoderPlan>] = [
    Setting { plan, given in
      let meaning = "the data whose training pictures the autoencoder learns from"
      guard given.has("pictures") else { return }
      let text = try given.string("pictures", meaning)
      plan.pictures = try DataReference(text, from: given.folder).absolute
    } values: { plan in
      plan.pictures.map { [("pictures", $0)] } ?? []
    },
    .group(\.autoencoder),
  ]

  /// Reads the entry of an experiment.
  /// - Parameter another: the search of the experiment, which needs the entry for codes.
  /// - Returns: nil if there is no entry.
  /// - Throws: `Failure.badData` if a setting is wrong, if the search needs the entry and there is
  ///   none, or if nothing needs it.
  init?(_ experiment: Settings, _ another: AnotherPlan?) throws {
    let isNeeded = another?.place == .codes
    guard let given = try experiment.map("autoencoder", "the autoencoder for codes of pictures")
    else {
      guard isNeeded else { return nil }
      throw Failure.badData(
        "\(experiment.place): another: 'in: codes' needs the entry 'autoencoder', and there is none",
        hint: "for example autoencoder: { codes: 6, beta: 4 }")
    }
    self.init()
    try read(given)
    try given.finish("autoencoder")
    guard isNeeded else {
      throw Failure.badData(
        "\(experiment.place(of: "autoencoder")): 'autoencoder' is for searches in codes, and the "
          + "experiment has none", hint: "add 'in: codes' to 'another', or remove 'autoencoder'")
    }
  }

  /// The pictures to learn from.
  /// - Parameters:
  ///   - training: the training pictures of the experiment.
  ///   - cache: what is known of the data from earlier processes; nil for nothing.
  /// - Throws: `Failure.badData` unless all are pictures of one shape with one range of values.
  func pictures(
    for training: LazyImages, cache: DataCache? = nil, progress: ProgressDisplay
  ) throws -> LazyImages {
    let own = training.facts
    guard own.shape.isPicture else {
      throw Failure.badData(
        "autoencoder: expected pictures, found \(own.name), which has rows of "
          + "\(own.shape.count) features", hint: "remove 'autoencoder' and 'in: codes'")
    }
    guard let pictures else { return training }
    let images = try DataPlan(DataReference(pictures)).lazily(
      .train, cache: cache, progress: progress)
    let found = images.facts
    guard found.shape == own.shape, found.valueRange == own.valueRange else {
      throw Failure.badData(
        "autoencoder: expected pictures of the shape \(own.shape) with values in "
          + "\(own.valueRange), as \(own.name) has them; \(found.name) has pictures of "
          + "the shape \(found.shape) with values in \(found.valueRange)",
        hint: "name other data under 'pictures', or leave it out")
    }
    return images
  }

  /// Everything that the weights of the autoencoder depend on besides the pictures and the seed.
  var text: String {
    autoencoder.settingValues.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
  }
}
