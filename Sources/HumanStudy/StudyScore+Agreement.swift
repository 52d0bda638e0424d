import Evaluation
import Foundation

/// How much people agree with each other and with models.
extension StudyScore {
  /// The agreement of people on the pictures that at least two of them saw; nil if there are none.
  ///
  /// Intervals come from a bootstrap over pictures: each draw takes as many pictures as there are,
  /// with replacement.
  /// - Parameters:
  ///   - condition: the condition of the showings; nil for all conditions together.
  ///   - own: the showings.
  func agreement(
    _ condition: Condition?, _ own: [StudyData.Showing]
  ) -> StudyResults.AgreementResult? {
    // counts [pictures][classes + 1]; the last category is "none of them".
    let classes = data.study.classNames.count
    let pictures = Dictionary(grouping: own, by: \.stimulus.name).filter { $0.value.count >= 2 }
    let counts = pictures.sorted { $0.key < $1.key }.map { _, showings in
      var chosen = [Int](repeating: 0, count: classes + 1)
      for showing in showings { chosen[showing.category(classes)] += 1 }
      return chosen
    }
    // Kappa needs pictures with the same number of answers. The number with the most answers in all
    // is taken and, of two equal ones, the larger number.
    let bySize = Dictionary(grouping: counts) { $0.reduce(0, +) }
    let ranked = bySize.map { (answers: $0.key * $0.value.count, raters: $0.key, counts: $0.value) }
    guard let commonest = ranked.max(by: { ($0.answers, $0.raters) < ($1.answers, $1.raters) })
    else { return nil }
    let seed = data.design.seed.derive("study agreement \(condition?.name ?? "all")")
    func interval(_ pictures: [[Int]], _ statistic: ([[Int]]) -> Double?) -> [Double]? {
      let bootstrap = StudyBootstrap(
        participants: 1, images: pictures.count, draws: draws, seed: seed)
      return bootstrap.samples { _, times in
        [statistic(zip(pictures, times).flatMap { [[Int]](repeating: $0, count: $1) })]
      }[0]?.interval
    }
    return StudyResults.AgreementResult(
      condition: condition, pictures: counts.count, answers: counts.joined().reduce(0, +),
      alpha: krippendorffAlpha(counts), alphaInterval: interval(counts, krippendorffAlpha),
      kappa: fleissKappa(commonest.counts), kappaInterval: interval(commonest.counts, fleissKappa),
      kappaPictures: commonest.counts.count, kappaRaters: commonest.raters)
  }

  /// The agreement of people with each model that has predictions, in the order of names.
  var modelAgreement: [StudyResults.ModelAgreement] {
    data.predictions.sorted { $0.key < $1.key }.compactMap { agreement(with: $0.key, $0.value) }
  }

  /// The agreement of people with one model; nil if nobody answered about a picture that it has a
  /// prediction for.
  ///
  /// Error consistency is computed for each participant and averaged. Its interval comes from a
  /// bootstrap over participants.
  /// - Parameter predicted: the class that the model predicts for each picture.
  private func agreement(
    with model: String, _ predicted: [String: Int]
  ) -> StudyResults.ModelAgreement? {
    let own = data.showings.filter { !$0.isRepeat && predicted[$0.stimulus.name] != nil }
    guard !own.isEmpty else { return nil }
    func isRight(_ showing: StudyData.Showing) -> Bool {
      predicted[showing.stimulus.name] == showing.stimulus.label
    }
    let people = Dictionary(grouping: own, by: \.participant).sorted { $0.key < $1.key }.map(
      \.value)
    let kappas = people.compactMap { errorConsistency($0.map(\.isRight), $0.map(isRight)) }
    let bootstrap = StudyBootstrap(
      participants: kappas.count, images: 1, draws: draws,
      seed: data.design.seed.derive("study agreement with \(model)"))
    let interval: [Double]? =
      kappas.count < 2
      ? nil
      : bootstrap.samples { times, _ in
        var sum = 0.0
        for (kappa, count) in zip(kappas, times) { sum += kappa * Double(count) }
        return [sum / Double(kappas.count)]
      }[0]?.interval
    let same = own.count { showing in
      guard let label = predicted[showing.stimulus.name] else { return false }
      return showing.first == .label(label)
    }
    let count = Double(own.count)
    return StudyResults.ModelAgreement(
      model: model, answers: own.count, peopleRight: Double(own.count(where: \.isRight)) / count,
      modelRight: Double(own.count(where: isRight)) / count, sameAnswer: Double(same) / count,
      errorConsistency: kappas.isEmpty ? nil : kappas.reduce(0, +) / Double(kappas.count),
      interval: interval, participants: kappas.count)
  }
}
