import Evaluation
import Foundation
import Support
import TestSupport
import Testing

@testable import HumanStudy

@Suite("Scoring a study")
struct StudyScoreTests {
  /// Percentages of the human study of A. Ross, "Training Machine Learning Models by Regularizing
  /// their Explanations" (2018), and the counts that they imply.
  struct Published: Sendable {
    let data: String
    let counts: [(answers: Int, fooled: Int, reasonable: Int)]
    let percentages: [(fooled: String, reasonable: String)]
  }

  static let published = [
    Published(
      data: "MNIST, JSMA", counts: [(50, 1, 13), (51, 0, 12), (55, 9, 23)],
      percentages: [("2.0", "26.0"), ("0.0", "23.5"), ("16.4", "41.8")]),
    Published(
      data: "SVHN, iterated TGSM", counts: [(60, 24, 38), (59, 1, 15), (54, 25, 44)],
      percentages: [("40.0", "63.3"), ("1.7", "25.4"), ("46.3", "81.5")]),
  ]

  @Test("the counts of the published study give the published percentages", arguments: published)
  func percentages(_ published: Published) throws {
    let study = SampleStudy()
    for (model, counts) in zip(SampleSets.models, published.counts) {
      for number in 0..<counts.answers {
        let saying: SampleStudy.Saying =
          number < counts.fooled
          ? .target
          : number < counts.reasonable
            ? (number % 2 == 0 ? .targetSecond : .nothing) : (number % 2 == 0 ? .original : .other)
        study.say("p\(number % 6)", model, image: number % 25, saying)
      }
    }
    let results = try study.score(
      "{ attack: jsma, participants: 6, models: [normal, distilled, regularised] }")
    #expect(results.conditions.map(\.condition.source) == SampleSets.models)
    for (result, (counts, percentage)) in zip(
      results.conditions, zip(published.counts, published.percentages))
    {
      #expect(result.fooled.of == counts.answers && result.fooled.count == counts.fooled)
      #expect(result.reasonable.count == counts.reasonable)
      #expect(StudyResults.percent(result.fooled.share) == percentage.fooled)
      #expect(StudyResults.percent(result.reasonable.share) == percentage.reasonable)
      let wilson = wilsonInterval(successes: counts.fooled, of: counts.answers)
      #expect(result.fooled.wilson == [wilson.lowerBound, wilson.upperBound])
      #expect(
        result.byLabel[3].reduce(0, +) == counts.answers && result.byTarget[7] == result.byLabel[3])
    }
    let first = results.comparisons.first { $0.measure == "fooled" }
    let (a, b) = (published.counts[0], published.counts[1])
    #expect(
      first?.fisherP
        == fisherExactTest((a.fooled, a.answers - a.fooled), (b.fooled, b.answers - b.fooled)))
    #expect(results.comparisons.allSatisfy { $0.mixedP != nil && $0.bootstrapP != nil })
    #expect(results.models.allSatisfy { $0.isConverged })
  }

  @Test("fooled, reasonable and original count the answers that their definitions say")
  func definitions() throws {
    let study = SampleStudy()
    for (image, saying) in [SampleStudy.Saying.target, .targetSecond, .nothing, .original, .other]
      .enumerated()
    {
      study.say("p", "a", image: image, saying)
    }
    // A timeout is not an answer. "None of them" as the second choice does not make a mistake
    // reasonable.
    study.answer("p", study.picture("a", image: 9), nil)
    let result = try study.score().conditions[0]
    #expect(
      result.fooled.count == 1 && result.reasonable.count == 3 && result.original.count == 2
        && result.fooled.of == 5)
    #expect(result.byLabel[3] == [0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 1])
  }

  @Test(
    "participants who withdrew, did not finish or failed the checks are left out as the design says"
  )
  func exclusions() throws {
    func study() -> SampleStudy {
      let study = SampleStudy()
      for (participant, right, status) in [
        ("attentive", 4, ParticipantRecord.Status.finished), ("hasty", 2, .finished),
        ("gone", 4, .started), ("withdrawn", 4, .withdrawn),
      ] {
        for check in 0..<4 {
          study.answer(
            participant, study.picture(nil, image: check, label: 5), .label(check < right ? 5 : 6),
            phase: .check)
        }
        study.say(participant, "a", image: 10, .target)
        study.status(participant, status)
      }
      return study
    }
    let results = try study().score("{ attack: jsma, participants: 4, checks: 4 }")
    #expect(results.participants.answered == 4 && results.participants.analysed == 1)
    #expect(results.participants.excluded.map(\.participant) == ["gone", "hasty", "withdrawn"])
    #expect(
      results.participants.excluded[1].reason == "2 of 4 checks right, the design asks for 75 %")
    #expect(results.conditions[0].fooled.of == 1 && results.participants.checksRight == 4)
    let lenient = try study().score(
      "{ attack: jsma, participants: 4, checks: 4, checksRight: 0.5, keepUnfinished: true }")
    #expect(lenient.participants.excluded.map(\.participant) == ["withdrawn"])
    let nobody = SampleStudy()
    nobody.say("p", "a", image: 1, .target)
    nobody.status("p", .withdrawn)
    let failure = #expect(throws: Failure.self) { try nobody.score() }
    #expect(failure?.message.contains("all 1 participants are left out") == true)
  }

  @Test("the rules in the study's file count, and not those of a design that was changed later")
  func fixedRules() throws {
    let study = SampleStudy()
    for (participant, milliseconds, isPilot) in [
      ("calm", 900.0, false), ("fast", 120, false), ("pilot", 900, true),
    ] {
      for image in 0..<3 {
        study.answer(
          participant, study.picture("a", image: image), .label(3), milliseconds: milliseconds)
      }
      study.status(participant, .finished, isPilot: isPilot)
    }
    study.exclusion = ExclusionRules(
      try SampleSets.design("{ attack: jsma, participants: 3, fastest: 0.2 }"))
    let results = try study.score("{ attack: jsma, participants: 3, fastest: 5 }")
    let people = results.participants
    #expect(people.analysed == 1 && people.excluded.map(\.participant) == ["fast", "pilot"])
    #expect(people.excluded[0].reason == "median time 120 ms, the design asks for 0.2 s")
    #expect(people.rules?.map(\.leftOut) == [0, 1, 0, 1])
    #expect(
      results.summary.contains(
        "Participants whose median time for a picture is below 0.2 s are left out (1)"))
  }

  @Test("a picture shown twice counts once, as it was answered first")
  func repeats() throws {
    let study = SampleStudy()
    let names = (0..<3).map { study.picture("a", image: $0) }
    for name in names { study.answer("p", name, .label(7)) }
    study.answer("p", names[0], .label(7))
    study.answer("p", names[1], .label(3))
    let results = try study.score()
    #expect(results.conditions[0].fooled.count == 3 && results.conditions[0].fooled.of == 3)
    #expect(results.participants.repeated == 2 && results.participants.repeatedSame == 1)
  }

  @Test("the bootstrap interval is wider if all answers of a kind come from few participants")
  func clusters() throws {
    func width(_ isFooled: (_ person: Int, _ image: Int) -> Bool) throws -> Double {
      let study = SampleStudy()
      for person in 0..<10 {
        for image in 0..<10 {
          study.say("p\(person)", "a", image: image, isFooled(person, image) ? .target : .original)
        }
      }
      let result = try study.score().conditions[0].fooled
      #expect(result.count == 20)
      let interval = try #require(result.bootstrap)
      return interval[1] - interval[0]
    }
    let clustered = try width { person, _ in person < 2 }
    let spread = try width { person, image in (person + image) % 5 == 0 }
    #expect(clustered > 1.5 * spread)
  }

  @Test("answers about pictures or classes that the study does not have are refused")
  func foreign() throws {
    let study = SampleStudy()
    study.answer("p", "s77", .label(1))
    let unknown = #expect(throws: Failure.self) { try study.score() }
    #expect(unknown?.message == "answers.csv: p answered about s77, which is not in key.csv")
    let other = SampleStudy()
    other.answer("p", other.picture("a", image: 0), .label(10))
    #expect(throws: Failure.self) { try other.score() }
  }

  @Test("error consistency is the mean over participants, and the bootstrap interval contains it")
  func withModels() throws {
    let study = SampleStudy()
    var said: [ModelAnswer] = []
    for person in 0..<4 {
      for image in 0..<8 {
        let name = study.picture("a", image: image)
        // The model and three persons are right on the even images, the fourth on the odd ones.
        let isRight = (image % 2 == 0) != (person == 3)
        study.answer("p\(person)", name, .label(isRight ? 3 : 7))
        said.append(ModelAnswer(stimulus: name, model: "m", predicted: image % 2 == 0 ? 3 : 7))
      }
    }
    try study.folder.write(said)
    let result = try #require(try study.score().withModels.first)
    #expect(result.errorConsistency == 0.5 && result.sameAnswer == 0.75 && result.modelRight == 0.5)
    #expect(result.interval.map { $0[0] < 0.5 && $0[1] > 0.5 } == true)
  }

  @Test("results.json reads back, and the tables have the documented columns")
  func files() throws {
    let study = SampleStudy()
    for person in 0..<3 {
      for image in 0..<4 {
        study.say("p\(person)", image % 2 == 0 ? "a" : "b|c", image: image, .targetSecond)
      }
    }
    let results = try study.score()
    #expect(try StudyResults.read(study.folder.results) == results)
    let csv = try String(contentsOf: study.folder.resultsTable, encoding: .utf8).split(
      separator: "\n")
    #expect(
      csv[0].hasPrefix("source,attack,epsilon,measure,count,answers,share,wilson_low,wilson_high"))
    #expect(csv.count == 1 + 2 * 3 && csv[1].hasPrefix("a,jsma,0.25,fooled,0,6,0,0,"))
    let file = study.folder.url.appending(path: "model-vs-human/study_subject-01_session_1.csv")
    let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    #expect(
      rows[0] == "subj,Session,trial,rt,object_response,category,condition,imagename"
        && rows.count == 5)
    #expect(rows[1] == "p0,1,1,1.000,3,3,a jsma 0.25,s0.png")
    #expect(
      try String(contentsOf: study.folder.resultsText, encoding: .utf8).contains(
        "| b\\|c jsma 0.25 |"))
  }

  @Test("the intervals contain the probabilities that answers were drawn with")
  func recovery() throws {
    let temporary = TemporaryFolder()
    let folder = StudyFolder(temporary.url)
    let sets = SampleSets.models.map { SampleSets.set($0, classes: 5, perClass: 5) }
    let design = try SampleSets.design(
      "{ attack: jsma, participants: 20, spares: 0, practice: 0, images: 30, sheets: false }")
    _ = try StudySampler(design, sets: sets).sample(into: folder)
    let key = Dictionary(uniqueKeysWithValues: try folder.readKey().map { ($0.name, $0) })
    let fooled = ["normal": 0.05, "distilled": 0.3, "regularised": 0.6]
    var answers: [Answer] = []
    for trial in try folder.readTrials() {
      let stimulus = key[trial.stimulus]!
      let draw = Seed(1).derive("\(trial.slot) \(trial.position)").value
      let isFooled = Double(draw % 1000) < 1000 * fooled[stimulus.source!]!
      answers.append(
        Answer(
          participant: "p\(trial.slot)", position: trial.position, phase: trial.phase,
          stimulus: trial.stimulus, question: 1,
          choice: .label(isFooled ? stimulus.target! : stimulus.label), milliseconds: 500))
    }
    try folder.write(answers)
    let results = try StudyScore(folder, draws: 200).results()
    for result in results.conditions {
      let share = fooled[result.condition.source]!
      #expect(result.fooled.of == 200)
      #expect(result.fooled.bootstrap.map { $0[0] <= share && share <= $0[1] } == true)
    }
    #expect(
      results.comparisons.filter { $0.measure == "fooled" }.allSatisfy { ($0.mixedP ?? 1) < 1e-3 })
    #expect(results.times?.median == 500)
  }
}
