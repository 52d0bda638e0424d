import Attacks
import Certificates
import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// What one certificate says about one model: for each image, the class and the size up to which no
/// perturbation changes it.
public struct CertifiedModel: Codable, Equatable, Sendable {
  /// The name of the certificate in the experiment.
  public let certificate: String
  /// The name of the method.
  public let method: String
  public let model: String
  /// The norm that measures perturbations.
  public let norm: Norm
  /// The part of each image that may change; nil for all of it.
  public let mask: MaskLimit?
  /// Whether the certificates are about a smoothed form of the model.
  public let isAboutSmoothed: Bool
  /// The settings of the method.
  public let settings: [String: String]
  /// The sizes for which the certified accuracy is reported, ascending.
  public let epsilons: [Double]
  /// The smallest and the largest valid value.
  public let valueRange: ClosedRange<Double>
  /// The true class of each image.
  public let labels: [Int]
  /// The certificates of the images, in the same order.
  public let images: [CertifiedImage]
  /// The set-up that computed them.
  public let computed: ComputationRecord

  /// Certifies a model's classes for images, some at a time.
  /// - Parameters:
  ///   - data: the images, the first `plan.count` of which are certified.
  ///   - seed: the seed of the random numbers, which belong to the images.
  ///   - begun: the certificates of the first images, from a request that was interrupted.
  ///   - keeping: called after each group of images with all certificates so far.
  ///   - done: called often, with the number of images that are finished; may throw, to stop.
  /// - Throws: `Failure` if the data have no masks and the plan needs them, or if a layer has no
  ///   bounds; what the closures throw.
  public init(
    of contestant: Contestant, by plan: CertificatePlan, on data: LabelledImages, seed: Seed,
    evaluator: Evaluator = Evaluator(), from begun: [CertifiedImage] = [],
    keeping keep: ([CertifiedImage]) throws -> Void = { _ in },
    watching done: (Int) throws -> Void = { _ in }
  ) throws {
    let data = try plan.count.map { try data.first($0) } ?? data
    try plan.checkMasks(of: data)
    let classifier = contestant.classifier
    let atOnce = plan.method.imagesAtOnce(of: evaluator.forGradients(of: data.shape).batchSize)
    var images = Array(begun.prefix(data.count))
    while images.count < data.count {
      let first = images.count
      let batch = data.batch(first..<min(data.count, first + atOnce)).to(classifier.device)
      images += try plan.certify(
        batch.images, labels: batch.labels, masks: batch.annotations.masks, of: classifier,
        draws: ExampleDraws(seed, examples: batch.places, device: classifier.device)
      ) { try done(first + $0) }
      try keep(images)
    }
    certificate = plan.name
    method = type(of: plan.method).name
    model = contestant.name
    norm = plan.method.norm
    mask = plan.mask
    isAboutSmoothed = type(of: plan.method).isAboutSmoothed
    settings = plan.settings
    epsilons = plan.epsilons
    valueRange = data.valueRange
    labels = data.labels.int64s().map(Int.init)
    self.images = images
    computed = .current(device: classifier.device)
  }

  /// The number of images that are certified to be classified correctly under every perturbation up
  /// to a size.
  public func certified(within size: Double) -> Int {
    zip(labels, images).count { $1.isCertified($0, within: size) }
  }

  /// A row for each size.
  /// - Parameter results: the attacks of the same experiment, which bound the accuracy from above.
  public func cells(
    beside results: [TransferResult] = [], _ plans: [AttackPlan] = []
  ) -> [CertifiedCell] {
    let broken = isAboutSmoothed ? nil : smallestBreaks(results, plans)
    return epsilons.map { epsilon in
      CertifiedCell(
        self, within: epsilon, certified: certified(within: epsilon),
        attacked: broken.map { sizes in sizes.count { $0 > reach(epsilon) } })
    }
  }

  /// The largest measured size of a perturbation within a size, which rounding may increase.
  func reach(_ size: Double) -> Double {
    size + ThreatModel(norm, epsilon: size, valueRange: valueRange).tolerance
  }

  /// For each image, the size of the smallest perturbation of any attack with which the model
  /// misclassifies it: 0 if it misclassifies the unchanged image, and ∞ if no attack broke it; nil
  /// if there is no attack that may change only what the certificate lets change.
  func smallestBreaks(_ results: [TransferResult], _ plans: [AttackPlan]) -> [Double]? {
    let place = Norm.allCases.firstIndex(of: norm) ?? 0
    let allowed = results.filter { result in
      guard let plan = plans.first(where: { $0.name == result.attack }) else { return false }
      return (mask == nil || plan.mask == mask) && result.victims.contains(model)
    }
    guard !allowed.isEmpty else { return nil }
    var smallest = zip(labels, images).map { $0 == $1.prediction ? Double.infinity : 0 }
    for result in allowed {
      guard let victim = result.victims.firstIndex(of: model) else { continue }
      let clean = result.clean.select(0, victim).int64s()
      let truth = result.labels.int64s()
      for budget in result.epsilons.indices {
        let predicted = result.predictions.select(0, budget).select(0, victim).int64s()
        let sizes = result.sizes.select(0, budget).select(0, place).floats()
        for example in truth.indices {
          let image = example / result.examplesPerImage
          guard image < smallest.count else { break }
          if clean[example] != truth[example] { smallest[image] = 0 }
          if predicted[example] != truth[example] {
            smallest[image] = min(smallest[image], Double(sizes[example]))
          }
        }
      }
    }
    return smallest
  }
}

extension CertificatePlan {
  /// Checks that images have the masks that limit this plan, of 0 and 1 alone.
  /// - Throws: `Failure.badData`, which names the data, or the first example with another value.
  public func checkMasks(of data: LabelledImages) throws {
    try mask?.checkMasks(of: data, for: name, "certificate")
  }
}

/// The certified accuracy of a model for one size of perturbations.
public struct CertifiedCell: Codable, Equatable, Sendable {
  public let certificate: String
  public let method: String
  public let model: String
  public let norm: String
  /// The part of each image that may change; nil for all of it.
  public let mask: String?
  /// Whether the certificates are about a smoothed form of the model.
  public let isAboutSmoothed: Bool
  public let epsilon: Double
  /// The number of images.
  public let images: Int
  /// How many of them are certified to be classified correctly: at least so many are right under
  /// every perturbation up to ε.
  public let certified: Int
  /// How many of them the model classifies correctly unchanged and with every example of an attack
  /// that is at most ε away: at most so many are right under every perturbation up to ε. nil if
  /// there is no attack, or if the certificates are about a smoothed model.
  public let attacked: Int?

  /// The certified accuracy, and its Wilson 95 % interval; fractions with six decimals.
  public let accuracy: Double
  public let ciLow: Double
  public let ciHigh: Double

  public var interval: ClosedRange<Double> { ciLow...ciHigh }

  init(
    _ model: CertifiedModel, within epsilon: Double, certified: Int, attacked: Int?
  ) {
    certificate = model.certificate
    method = model.method
    self.model = model.model
    norm = model.norm.rawValue
    mask = model.mask?.rawValue
    isAboutSmoothed = model.isAboutSmoothed
    self.epsilon = epsilon
    images = model.labels.count
    self.certified = certified
    self.attacked = attacked
    let interval = wilsonInterval(successes: certified, of: images)
    accuracy = (Double(certified) / Double(max(1, images))).roundedToMillionths
    ciLow = interval.lowerBound.roundedToMillionths
    ciHigh = interval.upperBound.roundedToMillionths
  }
}

extension [CertifiedCell] {
  /// The certified accuracies as a table, `certificates.csv`.
  public func csv() -> String {
    var table = CSV(
      header: "certificate,method,model,norm,mask,smoothed,epsilon,images,certified,accuracy,"
        + "ci_low,ci_high,attacked")
    for cell in self {
      table.append([
        cell.certificate, cell.method, cell.model, cell.norm, cell.mask ?? "",
        "\(cell.isAboutSmoothed)", cell.epsilon.plainDecimal, "\(cell.images)",
        "\(cell.certified)", cell.accuracy.plainDecimal, cell.ciLow.plainDecimal,
        cell.ciHigh.plainDecimal,
        cell.attacked.map { "\($0)" } ?? "",
      ])
    }
    return table.text
  }
}
