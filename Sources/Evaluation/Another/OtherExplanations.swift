import Support

/// The models that a search for other explanations has found, and what distinguishes them.
public struct OtherExplanations: Codable, Equatable, Sendable {
  public let method: AnotherPlan.Method
  /// Of what the explanations are gradients; nil in results of earlier versions, for the inputs.
  public let place: AnotherPlan.Place?
  /// The largest number of models that were to be compared.
  public let count: Int
  /// c: a component of an example's gradient is large if its magnitude is more than c times the
  /// largest one.
  public let cutoff: Double
  /// The weight of the penalty; that of the second model if not all models have the same.
  public let lambda: Double
  /// The weights of the models from the second one on, as `AnotherPlan` has them; nil if all are
  /// `lambda`.
  public let lambdas: [Double]?
  /// The bounds of the sequential method, as `AnotherPlan` has them.
  public let leastAccuracy: Double
  public let leastNew: Double
  /// The models in the order of their training. If the search stopped, it did so after the last one.
  public let models: [OtherModel]
  /// The number of test images, and on how many of them the models of the ensemble disagree.
  public let images: Int
  public let disagreements: Int
  /// The first of these images, which a report shows.
  public let shown: Disagreements

  /// The largest number of images on which models disagree that a report shows.
  static let mostShown = 10

  init(_ plan: AnotherPlan, _ models: [OtherModel], images: Int, _ found: Disagreements) {
    method = plan.method
    place = plan.place
    count = plan.count
    cutoff = plan.cutoff
    lambda = plan.lambda(of: 2)
    lambdas = plan.lambdas.allSatisfy { $0 == plan.lambdas[0] } ? nil : plan.lambdas
    leastAccuracy = plan.leastAccuracy
    leastNew = plan.leastNew
    self.models = models
    self.images = images
    disagreements = found.examples.count
    shown = found.first(Self.mostShown)
  }

  /// The names of the models that are accurate for reasons of their own: all but the one after which
  /// the search stopped. Their number measures how redundant the data are: how many ways there are
  /// to tell the classes.
  public var ensemble: [String] { models.filter { $0.stop == nil }.map(\.model) }

  /// Why the search ended, as a sentence.
  public var ending: String {
    guard let last = models.last else { return "No model was found." }
    func text(_ share: Double?) -> String {
      share.map { ($0 * 1000).rounded() / 10 }.map { "\($0.plainDecimal) %" } ?? "none"
    }
    switch last.stop {
    case .accuracy:
      let first = models.first?.decidingAccuracy ?? 0
      return "The search stopped after \(last.model), whose accuracy of "
        + "\(text(last.decidingAccuracy)) is less than \(text(leastAccuracy)) of the "
        + "\(text(first)) of \(models[0].model)."
    case .explanations:
      return "The search stopped after \(last.model), because less than \(text(leastNew)) of the "
        + "large components of its gradients lie outside of the masks that it was trained with "
        + "(\(text(last.inUnion.map { 1 - $0 })))."
    case nil where method == .simultaneous:
      return "\(models.count == 2 ? "Both" : "All \(models.count)") models were trained together."
    case nil:
      return "The search ended with \(last.model), because \(count) models were asked for; neither "
        + "the accuracy nor the explanations stopped it."
    }
  }

  /// The measurements as a table, `another.csv`, with a row for each model.
  public func csv() -> String {
    let names = models.map(\.model)
    var table = CSV(
      header: "model,number,train_accuracy,held_out_accuracy,test_accuracy,images,explained,"
        + "large_share,in_union,in_mask,"
        + (names.dropLast().map { "in_\($0)" } + ["in_ensemble", "stop"]).joined(separator: ","))
    func text(_ share: Double?) -> String { share?.roundedToMillionths.plainDecimal ?? "" }
    for model in models {
      let earlier = (0..<max(0, names.count - 1)).map { place in
        model.inEarlier.indices.contains(place) ? text(model.inEarlier[place]) : ""
      }
      table.append(
        [
          model.model, "\(model.number)", text(model.trainAccuracy), text(model.heldOutAccuracy),
          text(model.testAccuracy), "\(model.images)", "\(model.explained)",
          text(model.largeShare), text(model.inUnion), text(model.inMask),
        ] + earlier + ["\(model.stop == nil)", model.stop?.rawValue ?? ""])
    }
    return table.text
  }
}

/// A model of a search for other explanations. All shares are means over the training images with a
/// gradient that is finite and not zero, of the large components of ∇ₓ p_ŷ.
public struct OtherModel: Codable, Equatable, Sendable {
  /// Why the search stopped after a model.
  public enum Stop: String, Codable, Sendable {
    /// Its accuracy fell: it has found no other explanation.
    case accuracy
    /// Its explanations are those of the models before it.
    case explanations
  }

  public let model: String
  /// Its place among the models, counted from 1.
  public let number: Int
  /// The accuracies on the training images, on the held-out images (nil if there are none), and on
  /// the test images.
  public let trainAccuracy: Double
  public let heldOutAccuracy: Double?
  public let testAccuracy: Double
  /// The number of training images that were looked at, and how many of them have a gradient.
  public let images: Int
  public let explained: Int
  /// The mean share of all components that are large.
  public let largeShare: Double?
  /// The share of the large components that lie in the masks that the model was trained with: the
  /// union of those of all models before it. nil for a first model.
  public let inUnion: Double?
  /// The share of the large components that are also large in each earlier model.
  public let inEarlier: [Double]
  /// The share of the large components that lie in the mask of the data; nil if the data have none.
  public let inMask: Double?
  /// For rows of a table, the features that are large in the most images, the most frequent first.
  public let features: [Feature]
  /// Why the search stopped after this model; nil if it did not.
  public let stop: Stop?

  /// A feature, and the share of the images in which it is large.
  public struct Feature: Codable, Equatable, Sendable {
    public let name: String
    public let share: Double
  }

  /// The accuracy that decides whether the search goes on.
  var decidingAccuracy: Double { heldOutAccuracy ?? trainAccuracy }
}
