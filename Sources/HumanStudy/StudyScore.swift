import Evaluation
import Foundation
import Support

/// Scores a study: computes `StudyResults` from the answers and the key.
///
/// A picture that a participant saw twice counts once, with the first answer. In all statistics
/// "image" means the image of the data set that a picture is made of: two attacked versions of one
/// digit have one image.
public struct StudyScore {
  let data: StudyData
  /// The first showings of adversarial pictures.
  let showings: [StudyData.Showing]
  let conditions: [Condition]
  /// How many samples the bootstrap draws.
  let draws: Int
  let progress: ProgressDisplay

  /// Reads a study's answers.
  /// - Parameter draws: how many samples the bootstrap draws.
  /// - Throws: `Failure.badData` if there is no answer that can be analysed.
  public init(
    _ folder: StudyFolder, draws: Int = 2000, progress: ProgressDisplay = ProgressDisplay(.quiet)
  ) throws {
    let data = try StudyData(folder)
    self.data = data
    self.draws = draws
    self.progress = progress
    showings = data.showings.filter {
      $0.phase == .main && $0.stimulus.condition != nil && !$0.isRepeat
    }
    // By the design's order of attacks and models, then by name and budget. Controls come first.
    let models = data.design.models ?? []
    let found = Set(showings.compactMap(\.stimulus.condition))
    conditions = found.sorted { a, b in
      let places = [a, b].map { condition in
        (
          models.firstIndex(of: condition.source) ?? models.count,
          condition.isControl ? -1 : data.design.attacks.firstIndex(of: condition.attack) ?? 0
        )
      }
      return (places[0].1, places[0].0, a.source, a.epsilon) < (
        places[1].1, places[1].0, b.source, b.epsilon
      )
    }
    guard !showings.isEmpty else {
      let reason =
        data.excluded.isEmpty
        ? "nobody has answered" : "all \(data.excluded.count) participants are left out"
      throw Failure.badData(
        "\(folder.answers.path) has no answer that can be analysed: \(reason)",
        hint: data.excluded.first.map { "for example \($0.participant): \($0.reason)" })
    }
  }

  /// Computes all results. The bootstrap and the mixed models take most of the time.
  public func results() -> StudyResults {
    let counted = CountedAnswers(showings, conditions)
    progress.begin("bootstrap", total: draws, unit: "draws")
    let samples = self.samples(counted)
    progress.end(nil)
    let pairs = Self.pairs(conditions.count).count
    progress.begin("mixed models", total: Measure.allCases.count * pairs, unit: "comparisons")
    var done = 0
    let comparisons = Measure.allCases.flatMap { measure in
      self.comparisons(measure, counted, samples.differences[measure.place]) {
        done += 1
        progress.update(done)
      }
    }
    let models = Measure.allCases.compactMap { mixedModel($0, counted) }
    progress.end(nil)
    let groups = conditions.indices.map { number in
      showings.filter { $0.stimulus.condition == conditions[number] }
    }
    let agreements = ([(nil, showings)] + zip(conditions, groups).map { (Optional($0), $1) })
      .compactMap { condition, own in agreement(condition, own) }
    return StudyResults(
      title: data.study.title, classNames: data.study.classNames, participants: participation,
      conditions: conditions.indices.map { number in
        conditionResult(conditions[number], groups[number], samples.shares[number])
      },
      comparisons: comparisons,
      models: models, agreement: agreements, withModels: modelAgreement, times: times,
      unanswered: data.conditions.filter { !conditions.contains($0) })
  }
}
