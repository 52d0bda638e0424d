import Evaluation
import Explanations
import Foundation
import ImageSets

/// What a run stored about the explanations of its models' answers.
public struct ExplainedAnswers: Sendable {
  let models: [StoredExplanations]
  /// The maps of pictures; nil for rows of a table.
  let maps: ExplanationMaps?

  /// - Returns: nil if nothing is stored.
  /// - Throws: `Failure` if a picture cannot be encoded.
  public init?(_ models: [StoredExplanations]) throws {
    guard !models.isEmpty else { return nil }
    self.models = models
    maps = try ExplanationMaps(models)
  }
}

extension ReportPage {
  /// The section on explanations of the models' answers; nil if the experiment asks for none.
  var explanations: Section? {
    guard let found = grid.explanations, let first = found.first else { return nil }
    let methods = first.methods.map { method in
      Markup(
        "li", [:], Markup("b", [:], method.name),
        " (\(method.title)): \(method.summary). It explains ",
        method.score + ".")
    }
    var content: [Markup] = [
      Markup("p", [:], explanationLegend(first)), Self.colorScale,
      Markup("ul", ["class": "methods"], children: methods),
    ]
    if let answers { content += answers.maps.map { [$0.html] } ?? bars(answers.models) }
    content += explanationTrust(found)
    return Section(id: "explanations", heading: "Explanations", content: content)
  }

  /// What the figures show.
  private func explanationLegend(_ first: ExplainedModel) -> String {
    let isPicture = answers?.maps != nil
    let what = isPicture ? "pixel" : answers?.models.first?.isText == true ? "word" : "feature"
    let drawn =
      isPicture
      ? "Each map has its own full colour, the contribution that 99 of 100 pixels do not exceed; it "
        + "stands below the map."
      : "The \(ExplanationBars.most) largest contributions are shown; the longest bar of each picture "
        + "is the largest of them."
    let isMasked = answers?.models.contains { model in
      model.examples.contains { $0.features.contains { $0.contains(where: \.isMasked) } }
    }
    let marked =
      !isPicture && isMasked == true
      ? " Names in bold are features that the data's masks mark: they must not matter." : ""
    return """
      Each method says how much each \(what) contributes to a score of the model's answer. Orange: the \
      \(what) raises the score. Blue: it lowers the score. White: it does neither. \(drawn)\(marked)
      """
  }

  /// A bar from the colour that lowers the score to the one that raises it.
  private static var colorScale: Markup {
    let steps = 21
    let parts = (0..<steps).map { step in
      let color = ContributionColors.color(Float(2 * step) / Float(steps - 1) - 1)
      return Markup(
        "rect",
        ["x": 122.0 + 6 * Double(step), "y": 4, "width": 6.2, "height": 14, "fill": color.hex])
    }
    let words = [
      SVG.text("lowers the score", at: .init(x: 114, y: 15), anchor: "end"),
      SVG.text("raises the score", at: .init(x: 256, y: 15)),
    ]
    return Markup(
      "figure", ["class": "scale"],
      SVG.picture(
        id: "explanation-scale", size: .init(width: 370, height: 22),
        title: "Colours of the contributions",
        description: "From blue, which lowers the score, over white to orange, which raises it.",
        content: parts + words))
  }

  /// For each example, a picture of bars for each model and method. The first two are visible, and the
  /// others are folded.
  private func bars(_ models: [StoredExplanations]) -> [Markup] {
    // Two methods stand side by side for each model.
    let pairs = models[0].model.methods.count == 2 ? "max-width:50rem" : nil
    let figures = models[0].examples.indices.map { row in
      let example = models[0].examples[row]
      let panels = models.enumerated().flatMap { place, model in
        model.model.methods.indices.map { method in
          let own = model.examples[row]
          return ExplanationBars(
            id: "explanation-\(row)-\(place)-\(method)",
            title: "\(model.model.model), \(model.model.methods[method].name)",
            subtitle: "predicts \(own.predicted), \(certainty(own.probability))"
              + (own.predicted == own.label ? "" : ": wrong"),
            features: own.features[method], showsValues: !model.isText
          ).picture()
        }
      }
      return Markup(
        "figure", [:], Markup("h3", [:], "Example \(example.index): \(example.label)"),
        Markup("div", ["class": "panels", "style": pairs], children: panels))
    }
    guard figures.count > 2 else { return figures }
    let summary = Markup("summary", [:], "\(counted(figures.count - 2, "more example"))")
    return figures.prefix(2)
      + [Markup("details", [:], children: [summary] + figures.dropFirst(2))]
  }
}
