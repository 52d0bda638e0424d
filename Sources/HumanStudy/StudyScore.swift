import Evaluation
import Foundation
import Support

/// Scores a study: from the answers and the key to `StudyResults`.
///
/// A picture that was shown twice counts once, as it was answered first. Images are the images that
/// pictures are made of: two attacked versions of one digit have one image.
public struct StudyScore {
  let data: StudyData
  /// First showings of adversarial pictures.
  let showings: [StudyData.Showing]
  let conditions: [Condition]
  let draws: Int
  let progress: ProgressDisplay

  /// - Parameter draws: how many samples the bootstrap draws.
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
    // In the design's order, then as they come.
    let models = data.design.models ?? []
    let found = Set(showings.compactMap(\.stimulus.condition))
    conditions = found.sorted { a, b in
      let places = [a, b].map { condition in
        (
          models.firstIndex(of: condition.source) ?? models.count,
          data.design.attacks.firstIndex(of: condition.attack) ?? 0
        )
      }
      return (places[0].1, places[0].0, a.source, a.epsilon) < (
        places[1].1, places[1].0, b.source, b.epsilon
      )
    }
    guard !showings.isEmpty else {
      throw Failure.badData(
        "\(folder.answers.path): no answer can be analysed: "
          + (data.excluded.isEmpty
            ? "there is none" : "all \(data.excluded.count) participants are left out"),
        hint: data.excluded.first.map { "\($0.participant): \($0.reason)" })
    }
  }

  public func results() -> StudyResults {
    let counted = CountedAnswers(showings, conditions)
    progress.begin("bootstrap", total: draws, unit: "draws")
    let intervals = self.intervals(counted)
    progress.end(nil)
    progress.begin("mixed models", total: Measure.allCases.count, unit: "measures")
    let fits = Measure.allCases.map { measure in
      let fit = MixedComparison(counted.cells(measure), conditions: conditions.count)
      let found = comparisons(measure, fit, counted, intervals.differences[measure.rawValue] ?? [])
      progress.update(measure.place + 1)
      return (measure: measure, model: fit, comparisons: found)
    }
    progress.end(nil)
    let groups = conditions.indices.map { number in
      showings.filter { $0.stimulus.condition == conditions[number] }
    }
    return StudyResults(
      title: data.study.title, classNames: data.study.classNames, participants: participation,
      conditions: conditions.indices.map { number in
        conditionResult(conditions[number], groups[number], intervals.shares[number])
      },
      comparisons: fits.flatMap(\.comparisons),
      models: fits.compactMap { mixedModel($0.measure, $0.model) },
      agreement: ([(nil, showings)] + zip(conditions, groups).map { (Optional($0), $1) }).compactMap
      { condition, own in
        agreement(condition, own)
      },
      withModels: modelAgreement, times: times)
  }

  // MARK: Shares

  private func intervals(
    _ counted: CountedAnswers
  ) -> (shares: [[[Double]?]], differences: [String: [[Double]?]]) {
    let bootstrap = StudyBootstrap(
      participants: counted.participants, images: counted.images, draws: draws,
      seed: data.design.seed.derive("study bootstrap"))
    let measures = Measure.allCases
    let pairs = Self.pairs(conditions.count)
    var done = 0
    let found = bootstrap.intervals { participants, images in
      done += 1
      progress.update(done)
      let shares = counted.shares(participants, images)
      let differences = measures.flatMap { measure in
        pairs.map { pair -> Double? in
          guard let a = shares[pair.0][measure.place], let b = shares[pair.1][measure.place] else {
            return nil
          }
          return b - a
        }
      }
      return shares.flatMap(\.self) + differences
    }.map { $0.map { [$0.lowerBound, $0.upperBound] } }
    let count = conditions.count * measures.count
    let shares = conditions.indices.map {
      Array(found[$0 * measures.count..<($0 + 1) * measures.count])
    }
    let differences = measures.map { measure in
      let start = count + measure.place * pairs.count
      return (measure.rawValue, Array(found[start..<start + pairs.count]))
    }
    return (shares, Dictionary(uniqueKeysWithValues: differences))
  }

  static func pairs(_ count: Int) -> [(Int, Int)] {
    (0..<count).flatMap { first in (first + 1..<max(count, first + 1)).map { (first, $0) } }
  }

  private func conditionResult(
    _ condition: Condition, _ own: [StudyData.Showing], _ intervals: [[Double]?]
  ) -> StudyResults.ConditionResult {
    func share(_ measure: Measure) -> StudyResults.Share {
      let count = own.count(where: measure.holds)
      let wilson = wilsonInterval(successes: count, of: own.count)
      // Of none or all every draw is none or all too, which says nothing about how sure that is.
      let varies = 0 < count && count < own.count
      return StudyResults.Share(
        count: count, of: own.count, share: Double(count) / Double(own.count),
        wilson: [wilson.lowerBound, wilson.upperBound],
        bootstrap: varies ? intervals[measure.place] : nil)
    }
    let classes = data.study.classNames.count
    func confusion(_ row: (StudyData.Showing) -> Int) -> [[Int]] {
      var counts = [[Int]](repeating: [Int](repeating: 0, count: classes + 1), count: classes)
      for showing in own { counts[row(showing)][showing.category(classes)] += 1 }
      return counts
    }
    return StudyResults.ConditionResult(
      condition: condition, participants: Set(own.map(\.participant)).count,
      pictures: Set(own.map(\.stimulus.name)).count, images: Set(own.map(\.stimulus.index)).count,
      fooled: share(.fooled), reasonable: share(.reasonable), original: share(.original),
      medianMilliseconds: median(personalMedians(own)), byLabel: confusion(\.stimulus.label),
      byTarget: confusion { $0.stimulus.target ?? 0 })
  }

  private func comparisons(
    _ measure: Measure, _ fit: MixedComparison, _ counted: CountedAnswers, _ intervals: [[Double]?]
  ) -> [StudyResults.Comparison] {
    zip(Self.pairs(conditions.count), intervals).map { pair, interval in
      let (a, b) = (counted.counts(measure, pair.0), counted.counts(measure, pair.1))
      let mixed = fit.difference(pair.0, pair.1)
      let shares = [a, b].map { Double($0.yes) / Double($0.yes + $0.no) }
      return StudyResults.Comparison(
        measure: measure.rawValue, first: conditions[pair.0], second: conditions[pair.1],
        difference: shares[1] - shares[0], bootstrap: interval,
        logOdds: mixed?.logOdds,
        standardError: mixed.flatMap { $0.standardError.isFinite ? $0.standardError : nil },
        mixedP: fit.p(pair.0, pair.1),
        fisherP: fisherExactTest((a.yes, a.no), (b.yes, b.no)))
    }
  }

  private func mixedModel(_ measure: Measure, _ fit: MixedComparison) -> StudyResults
    .MixedModelResult?
  {
    guard let model = fit.model else { return nil }
    return StudyResults.MixedModelResult(
      measure: measure.rawValue,
      coefficients: conditions.indices.map { number in
        let estimate = fit.estimate(number)
        return .init(
          condition: conditions[number], logOdds: estimate?.logOdds,
          standardError: estimate.flatMap { $0.standardError.isFinite ? $0.standardError : nil })
      },
      participantDeviation: model.participantDeviation, imageDeviation: model.imageDeviation,
      logLikelihood: model.logLikelihood, isConverged: model.isConverged)
  }

  // MARK: Participants

  private var participation: StudyResults.Participation {
    let checks = data.showings.filter { $0.phase == .check && !$0.isRepeat }
    let design = data.design
    let rule =
      design.checks == 0
      ? nil
      : "Participants who got fewer than \(Int((design.checksRight * 100).rounded())) % of the \(design.checks) unchanged "
        + "pictures right are left out; the design says so from the start."
    let repeated = data.showings.filter { $0.phase == .main && $0.isRepeat }
    let same = repeated.count { again in
      let before = data.showings.first {
        $0.participant == again.participant && $0.stimulus.name == again.stimulus.name
      }
      return before?.first == again.first
    }
    return StudyResults.Participation(
      answered: data.participants.count + data.excluded.count, analysed: data.participants.count,
      excluded: data.excluded.map {
        StudyResults.Excluded(participant: $0.participant, reason: $0.reason)
      }, rule: rule,
      checksRight: checks.count(where: \.isRight), checks: checks.count, repeated: repeated.count,
      repeatedSame: same)
  }

  /// Each participant's median time.
  private func personalMedians(_ own: [StudyData.Showing]) -> [Double] {
    Dictionary(grouping: own, by: \.participant).sorted { $0.key < $1.key }.compactMap {
      median($0.value.compactMap(\.milliseconds))
    }
  }

  private var times: StudyResults.TimeResult? {
    let medians = personalMedians(showings)
    // The logarithm of nothing is none.
    let logs = showings.compactMap(\.milliseconds).filter { $0 > 0 }.map { log($0) }
    guard let middle = median(medians), let fastest = medians.min(), let slowest = medians.max(),
      logs.count > 1
    else {
      return nil
    }
    let mean = logs.reduce(0, +) / Double(logs.count)
    let variance = logs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(logs.count - 1)
    return StudyResults.TimeResult(
      median: middle, fastest: fastest, slowest: slowest, logMean: mean,
      logDeviation: variance.squareRoot(),
      answers: logs.count)
  }

  // MARK: Agreement

  private func agreement(_ condition: Condition?, _ own: [StudyData.Showing]) -> StudyResults
    .AgreementResult?
  {
    let classes = data.study.classNames.count
    let pictures = Dictionary(grouping: own, by: \.stimulus.name).filter { $0.value.count >= 2 }
    let counts = pictures.sorted { $0.key < $1.key }.map { _, showings in
      var chosen = [Int](repeating: 0, count: classes + 1)
      for showing in showings { chosen[showing.category(classes)] += 1 }
      return chosen
    }
    let bySize = Dictionary(grouping: counts) { $0.reduce(0, +) }
    // Most answers; among equals most answers a picture.
    let ranked = bySize.map { (answers: $0.key * $0.value.count, raters: $0.key, counts: $0.value) }
    guard let commonest = ranked.max(by: { ($0.answers, $0.raters) < ($1.answers, $1.raters) })
    else { return nil }
    let seed = data.design.seed.derive("study agreement \(condition?.name ?? "all")")
    func interval(_ pictures: [[Int]], _ number: ([[Int]]) -> Double?) -> [Double]? {
      let bootstrap = StudyBootstrap(
        participants: 1, images: pictures.count, draws: draws, seed: seed)
      let found = bootstrap.intervals { _, times in
        [number(zip(pictures, times).flatMap { [[Int]](repeating: $0, count: $1) })]
      }
      return found[0].map { [$0.lowerBound, $0.upperBound] }
    }
    return StudyResults.AgreementResult(
      condition: condition, pictures: counts.count, answers: counts.joined().reduce(0, +),
      alpha: krippendorffAlpha(counts), alphaInterval: interval(counts, krippendorffAlpha),
      kappa: fleissKappa(commonest.counts), kappaInterval: interval(commonest.counts, fleissKappa),
      kappaPictures: commonest.counts.count, kappaRaters: commonest.raters)
  }

  private var modelAgreement: [StudyResults.ModelAgreement] {
    data.predictions.sorted { $0.key < $1.key }.compactMap { agreement(with: $0.key, $0.value) }
  }

  private func agreement(with model: String, _ said: [String: Int]) -> StudyResults.ModelAgreement?
  {
    let own = data.showings.filter { !$0.isRepeat && said[$0.stimulus.name] != nil }
    guard !own.isEmpty else { return nil }
    func isRight(_ showing: StudyData.Showing) -> Bool {
      said[showing.stimulus.name] == showing.stimulus.label
    }
    let people = Dictionary(grouping: own, by: \.participant).sorted { $0.key < $1.key }.map(
      \.value)
    let kappas = people.compactMap { errorConsistency($0.map(\.isRight), $0.map(isRight)) }
    let bootstrap = StudyBootstrap(
      participants: kappas.count, images: 1, draws: draws,
      seed: data.design.seed.derive("study agreement with \(model)"))
    let interval: ClosedRange<Double>? =
      kappas.count < 2
      ? nil
      : bootstrap.intervals { times, _ in
        var sum = 0.0
        for (kappa, count) in zip(kappas, times) { sum += kappa * Double(count) }
        return [sum / Double(kappas.count)]
      }[0]
    let same = own.count { showing in
      guard let label = said[showing.stimulus.name] else { return false }
      return showing.first == .label(label)
    }
    let count = Double(own.count)
    return StudyResults.ModelAgreement(
      model: model, answers: own.count, peopleRight: Double(own.count(where: \.isRight)) / count,
      modelRight: Double(own.count(where: isRight)) / count, sameAnswer: Double(same) / count,
      errorConsistency: kappas.isEmpty ? nil : kappas.reduce(0, +) / Double(kappas.count),
      interval: interval.map { [$0.lowerBound, $0.upperBound] }, participants: kappas.count)
  }
}

extension StudyData.Showing {
  /// The answer as a column of a table: a class, or the one after the last for none of them.
  func category(_ classes: Int) -> Int {
    if case .label(let label) = first { label } else { classes }
  }
}
