import Datasets
import ModelCore
import Support

/// A usual normalisation of images, (x − M) / S for each channel, with which a model that has none
/// would classify more images correctly.
///
/// Most models are trained on images that were normalised with the means and deviations of their
/// data. If nobody says so, such a model takes images that are too bright and too flat, and it is
/// less accurate than it could be.
public struct MissingNormalization: Codable, Equatable, Sendable {
  /// What the normalisation is usual for, such as `CIFAR-10`.
  public let usualFor: String
  public let mean: [Double]
  public let deviation: [Double]
  /// How many images both were judged on.
  public let judged: Int
  /// How many of these are right as the images are.
  public let right: Int
  /// How many of these are right with the normalisation.
  public let rightNormalized: Int
  /// The p-value of McNemar's exact test that both are right equally often, times the number of
  /// normalisations that were tried.
  public let p: Double

  /// Whether the model most likely needs a normalisation: with this one it is wrong at most two
  /// thirds as often, and the difference is significant at 1%.
  public var isFound: Bool { 3 * (judged - rightNormalized) <= 2 * (judged - right) && p < 0.01 }

  /// The settings after a model's file that state the normalisation.
  var settings: String {
    func list(_ numbers: [Double]) -> String {
      let isOne = Set(numbers).count == 1
      return (isOne ? [numbers[0]] : numbers).map(\.plainDecimal).joined(separator: "/")
    }
    return ":mean=\(list(mean)),std=\(list(deviation))"
  }

  /// The usual normalisations of pixel values from 0 to 1.
  private static let usual: [(usualFor: String, mean: [Double], deviation: [Double])] = [
    ("MNIST", [0.1307], [0.3081]),
    ("Fashion-MNIST", [0.286], [0.353]),
    ("ImageNet", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ("CIFAR-10", [0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616]),
    ("CIFAR-100", [0.5071, 0.4865, 0.4409], [0.2673, 0.2564, 0.2762]),
    ("values from −1 to 1", [0.5], [0.5]),
    ("values from −1 to 1", [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
  ]

  /// Looks for the normalisation with which a model is right most often.
  /// - Parameters:
  ///   - images: images `[N, C, H, W]` on the model's device.
  ///   - labels: their labels `[N]`.
  ///   - right: whether the model classifies each of the images correctly as they are.
  /// - Returns: nil for rows of a table, for other values than those from 0 to 1, and if no
  ///   normalisation makes more answers right.
  init?(_ classifier: any Classifier, images: Tensor, labels: Tensor, right: [Bool]) {
    guard images.rank == 4, classifier.valueRange == 0...1, right.contains(false) else {
      return nil
    }
    let candidates = Self.usual.filter { $0.mean.count == images.shape[1] }
    let normalized = candidates.map { candidate in
      func perChannel(_ numbers: [Double]) -> Tensor {
        Tensor(numbers.map(Float.init), shape: [1, numbers.count, 1, 1]).to(images.device)
      }
      let moved = (images - perChannel(candidate.mean)) / perChannel(candidate.deviation)
      return zip(classifier.predictions(moved).int64s(), labels.int64s()).map { $0 == $1 }
    }
    guard
      let best = candidates.indices.max(by: {
        normalized[$0].trueCount < normalized[$1].trueCount
      }), normalized[best].trueCount > right.trueCount
    else { return nil }
    (usualFor, mean, deviation) = candidates[best]
    (judged, self.right, rightNormalized) = (
      right.count, right.trueCount, normalized[best].trueCount
    )
    p = min(1, Discordance(normalized[best], right).p * Double(candidates.count))
  }
}

extension TrustCheck {
  static let lacksNormalization = TrustCheck(
    name: "a normalisation that is missing",
    raisedIf: """
      a model from a file, for which no normalisation is stated, is wrong on at most two thirds as \
      many of the first images if their values are normalised as is usual for MNIST, Fashion-MNIST, \
      CIFAR-10, CIFAR-100, ImageNet, or values from −1 to 1 (McNemar's exact test at 1% for all of \
      these together)
      """,
    meaning: """
      The model was most likely trained on normalised images and is shown others. Its accuracy is \
      too low, and its accuracy under attack is not that of the model as it is used.
      """,
    advice: """
      State the normalisation that the model was trained with: after its file on the command line, \
      or under normalize in an experiment. Budgets stay in the unit of the images.
      """
  ) { evidence in
    evidence.probes.compactMap { probe in
      guard let missing = probe.missingNormalization, missing.isFound else { return nil }
      return Finding(
        because: "\(probe.model) classifies \(missing.right) of \(missing.judged) images "
          + "correctly, and \(missing.rightNormalized) if they are normalised as is usual for "
          + "\(missing.usualFor) (\(missing.settings)).",
        victim: probe.model)
    }
  }
}
