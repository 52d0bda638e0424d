import Datasets
import Evaluation
import Support

/// The pictures of a search for other explanations.
public struct ExplanationPictures: Sendable {
  /// Where the reasons of each model lie; nil for data that are no pictures.
  public let map: ImageSheet?
  /// What the codes mean; nil for a search in the inputs themselves.
  public let codes: ImageSheet?
  /// Images on which the models disagree; nil if there are none.
  public let disagreements: ImageSheet?

  /// - Returns: nil if there are no such pictures.
  init?(map: ImageSheet?, codes: ImageSheet? = nil, disagreements: ImageSheet?) {
    guard map != nil || codes != nil || disagreements != nil else { return nil }
    self.map = map
    self.codes = codes
    self.disagreements = disagreements
  }
}

extension ReportPage {
  /// The section on models with other explanations; nil if the experiment looked for none.
  var otherExplanations: Section? {
    guard let found = grid.another, !found.models.isEmpty else { return nil }
    let curves = ExplanationCurves(found).map {
      figure(
        $0.panels,
        caption: """
          The models in the order of their training. “In masks found” is the share of a model's large \
          gradient components that are large in a model before it\
          \(found.models.contains { $0.inMask != nil } ? ", and “in data's mask” the share of those in the masks that the data have" : ""). \
          The band around the test accuracy is its 95% interval.
          """, name: "another", results: ["another.csv"])
    }
    let content: [Markup?] = [
      Markup("p", [:], method(found)), Markup("p", [:], Markup("strong", [:], found.ending)),
      Markup("p", [:], redundancy(found)), curves, explanationPictures?.map.map { figure(of: $0) },
      explanationPictures?.codes.map { figure(of: $0) },
      measures(found),
    ]
    return Section(
      id: "another", heading: "Other explanations",
      content: content.compactMap { $0 } + repeatedMeasures + features(found)
        + disagreements(found))
  }

  private func method(_ found: OtherExplanations) -> String {
    let large = """
      A component of a gradient is large if its magnitude is more than \(found.cutoff.plainDecimal) \
      times the largest one of the example.
      """
    switch found.method {
    case .sequential:
      return """
        Each model is trained with a penalty (\(weights(found))) on its input gradients where the \
        gradients of the models before it are large, so that it must find other features that tell \
        the classes. \(large)
        """
    case .simultaneous where found.place == .codes:
      return """
        The models are trained together on the codes that an autoencoder gives to each picture, with a \
        penalty (λ = \(found.lambda.plainDecimal)) on the squared cosine of the gradients of every two \
        models in these codes. \(large)
        """
    case .simultaneous:
      return """
        The models are trained together, with a penalty (λ = \(found.lambda.plainDecimal)) on the \
        squared cosine of the input gradients of every two of them. \(large)
        """
    }
  }

  /// The weight of the penalty, or that of each model: `λ = 1000 for normal-2 and 10 for normal-3`.
  private func weights(_ found: OtherExplanations) -> String {
    guard let weights = found.lambdas else { return "λ = \(found.lambda.plainDecimal)" }
    let models = found.models.dropFirst()
    let each = models.enumerated().map { place, model in
      "\(weights[min(place, weights.count - 1)].plainDecimal) for \(model.model)"
    }
    return "λ = \(listed(each))"
  }

  private func redundancy(_ found: OtherExplanations) -> String {
    let names = found.ensemble
    guard names.count > 1 else {
      return """
        No second model is as accurate for other reasons: the search found one way to tell the \
        classes, that of \(names.first ?? "no model").
        """
    }
    return """
      The ensemble has \(counted(names.count, "model")) that are right for different reasons: \
      \(listed(names)). Its size measures how redundant the features are. Accuracy on the training \
      data does not say which reasons count: a person has to choose, for example by looking at the \
      examples below.
      """
  }

  private func measures(_ found: OtherExplanations) -> Markup {
    let hasHeldOut = found.models.contains { $0.heldOutAccuracy != nil }
    let hasMask = found.models.contains { $0.inMask != nil }
    let earlier = found.models.dropLast().map(\.model)
    func text(_ share: Double?) -> String { share.map(percent) ?? "" }
    let rows = found.models.map { model in
      [model.model, text(model.trainAccuracy)]
        + (hasHeldOut ? [text(model.heldOutAccuracy)] : [])
        + [text(model.testAccuracy), text(model.inUnion)] + (hasMask ? [text(model.inMask)] : [])
        + earlier.indices.map {
          model.inEarlier.indices.contains($0) ? text(model.inEarlier[$0]) : ""
        }
    }
    return table(
      "Models with other explanations",
      header: ["Model", "Training accuracy, %"] + (hasHeldOut ? ["Held-out accuracy, %"] : [])
        + ["Test accuracy, %", "In masks found, %"] + (hasMask ? ["In the data's mask, %"] : [])
        + earlier.map { "As \($0), %" }, rows)
  }

  /// The table over repetitions from other seeds; empty if there are none.
  private var repeatedMeasures: [Markup] {
    guard let repeats = grid.anotherRepeats, let first = repeats.first else { return [] }
    let names = [
      ("train_accuracy", "Training accuracy"), ("held_out_accuracy", "Held-out accuracy"),
      ("test_accuracy", "Test accuracy"), ("in_union", "In masks found"),
      ("in_mask", "In the data's mask"),
    ].filter { name in repeats.contains { $0.measure == name.0 } }
    let models = repeats.map(\.model).reduce(into: [String]()) { names, name in
      if !names.contains(name) { names.append(name) }
    }
    let rows = models.map { model in
      [model, "\(repeats.first { $0.model == model }?.values.count ?? 0)"]
        + names.map { name in
          repeats.first { $0.model == model && $0.measure == name.0 }.map {
            let spread = Spread($0.values)
            return "\(percent(spread.mean)) ± \(percent(spread.standardDeviation))"
          } ?? ""
        }
    }
    let title = "Over \(counted(first.values.count, "repetition")) from different seeds"
    return [
      Markup("h3", [:], title),
      table(title, header: ["Model", "Repetitions"] + names.map(\.1), rows),
      Markup(
        "p", [:],
        "The mean ± the standard deviation, in %, over the repetitions that have the model."),
    ]
  }

  /// The most frequent features of each model; empty for pictures.
  private func features(_ found: OtherExplanations) -> [Markup] {
    let models = found.models.filter { !$0.features.isEmpty }
    guard let most = models.map(\.features.count).max() else { return [] }
    let rows = (0..<most).map { rank in
      ["\(rank + 1)"]
        + models.map { model in
          guard model.features.indices.contains(rank) else { return "" }
          let feature = model.features[rank]
          return "\(feature.name) (\(percent(feature.share))%)"
        }
    }
    let title = "Features that are large in the most training examples"
    return [
      Markup("h3", [:], title),
      table(title, header: ["Rank"] + models.map(\.model), rows),
      Markup("p", [:], "In parentheses, the share of the training examples."),
    ]
  }

  private func disagreements(_ found: OtherExplanations) -> [Markup] {
    guard found.ensemble.count > 1 else { return [] }
    let rounded = percent(Double(found.disagreements) / Double(max(1, found.images)))
    let share = found.disagreements > 0 && rounded == "0.0" ? "less than 0.1" : rounded
    let text = """
      The models of the ensemble disagree on \(found.disagreements) of \(found.images) test examples \
      (\(share)%). All of them are in disagreements.csv, for a person to label.
      """
    let heading = [Markup("h3", [:], "Examples on which the models disagree")]
    guard !found.shown.examples.isEmpty else { return heading + [Markup("p", [:], text)] }
    let rows = found.shown.examples.map { example in
      (["\(example.index)", "\(example.label)"] + example.predictions.map(String.init))
    }
    let first =
      table(
        "The first examples on which the models disagree",
        header: ["Test example", "Label"] + found.shown.models, rows)
    return heading + [Markup("p", [:], text)]
      + [explanationPictures?.disagreements.map { figure(of: $0) }].compactMap { $0 } + [first]
  }
}
