import Datasets
import Evaluation
import Foundation
import Support
import TestSupport
import Testing

@testable import HumanStudy

@Suite("A study is drawn")
struct StudySamplerTests {
  /// Gone when the test is.
  private let temporary = TemporaryFolder()
  private let sets = SampleSets.models.map { SampleSets.set($0) }

  private func sample(
    _ text: String, _ sets: [ExampleSet]? = nil, models: [NamedClassifier] = []
  ) throws -> (folder: StudyFolder, outcome: StudySampler.Outcome) {
    let folder = StudyFolder(temporary.appending(UUID().uuidString))
    let outcome = try StudySampler(SampleSets.design(text), sets: sets ?? self.sets, models: models)
      .sample(
        into: folder)
    return (folder, outcome)
  }

  @Test(
    "by the thesis' design: of each class and model one of the first five images' fooling examples for each participant"
  )
  func thesis() throws {
    let sets = SampleSets.models.map {
      SampleSets.set($0) { label, number, target in (label + number + target) % 3 != 0 }
    }
    let (folder, outcome) = try sample("{ attack: jsma, participants: 12 }", sets)
    let key = Dictionary(uniqueKeysWithValues: try folder.readKey().map { ($0.name, $0) })
    let trials = try folder.readTrials()
    #expect(
      outcome.slots == 15 && outcome.trialsEach == 3 + 12 && Set(trials.map(\.slot)).count == 15)
    for (_, list) in Dictionary(grouping: trials, by: \.slot) {
      #expect(
        list.prefix(3).allSatisfy { $0.phase == .practice }
          && list.dropFirst(3).allSatisfy { $0.phase == .main })
      let shown = list.dropFirst(3).map { key[$0.stimulus]! }
      #expect(Set(shown.map { "\($0.label) \($0.source!)" }).count == 12)
      for stimulus in shown {
        let number = stimulus.index / 4
        #expect(
          number < 5 && stimulus.target != stimulus.label && stimulus.predicted == stimulus.target)
        #expect((stimulus.label + number + stimulus.target!) % 3 != 0)
      }
    }
  }

  @Test("every candidate is in as many lists as any other of its class and model, give or take one")
  func balance() throws {
    let (folder, _) = try sample("{ attack: jsma, participants: 47, spares: 0, images: 24 }")
    let key = Dictionary(uniqueKeysWithValues: try folder.readKey().map { ($0.name, $0) })
    let main = try folder.readTrials().filter { $0.phase == .main }
    let shown = Dictionary(grouping: main, by: \.stimulus).mapValues(\.count)
    for model in SampleSets.models {
      for label in 0..<4 {
        let own = shown.filter { key[$0.key]!.source == model && key[$0.key]!.label == label }
          .values
        // 47 · 2 of 5 images · 3 targets.
        #expect(own.reduce(0, +) == 94 && own.count == 15 && own.min()! >= 6 && own.max()! <= 7)
      }
    }
  }

  @Test("where images are not a multiple of the classes, classes take turns")
  func turns() throws {
    let (folder, _) = try sample("{ attack: jsma, participants: 8, spares: 0, images: 6 }")
    let key = Dictionary(uniqueKeysWithValues: try folder.readKey().map { ($0.name, $0) })
    let main = try folder.readTrials().filter { $0.phase == .main }.map { key[$0.stimulus]! }
    for model in SampleSets.models {
      for label in 0..<4 { #expect(main.count { $0.source == model && $0.label == label } == 4) }
    }
  }

  @Test("two pictures made of one image are never closer than asked", arguments: [0, 1, 2, 4])
  func distance(_ distance: Int) throws {
    let (folder, _) = try sample(
      "{ attack: jsma, participants: 20, repeats: 3, checks: 2, practice: 2, distance: \(distance) }"
    )
    let key = Dictionary(uniqueKeysWithValues: try folder.readKey().map { ($0.name, $0.index) })
    for (_, list) in Dictionary(grouping: try folder.readTrials(), by: \.slot) {
      #expect(list.count == 19)
      let images = list.map { key[$0.stimulus]! }
      // Practice comes from a few images only and is not arranged among itself.
      for later in 2..<images.count {
        #expect(!images[max(0, later - distance)..<later].contains(images[later]))
      }
    }
  }

  @Test("more participants, the same lists first")
  func prefix() throws {
    let design = "{ attack: jsma, repeats: 2, checks: 3, spares: 0, seed: 5, participants: "
    let few = try sample(design + "4 }").folder.readTrials()
    let many = try sample(design + "9 }").folder.readTrials()
    #expect(few == many.filter { $0.slot <= 4 })
  }

  @Test("the same seed gives the same bytes, another seed other lists")
  func seeds() throws {
    func bytes(_ seed: Int) throws -> [String: Data] {
      let (folder, _) = try sample("{ attack: jsma, participants: 3, seed: \(seed) }")
      var files: [String: Data] = [:]
      for path in try FileManager.default.subpathsOfDirectory(atPath: folder.url.path) {
        files[path] = try? Data(contentsOf: folder.url.appending(path: path))
      }
      return files
    }
    let first = try bytes(1)
    #expect(try bytes(1) == first)
    #expect(try bytes(2)["trials.csv"] != first["trials.csv"])
  }

  @Test("what the page knows gives nothing away")
  func opaque() throws {
    let (folder, _) = try sample("{ attack: jsma, participants: 6, checks: 2, seed: 77123 }")
    let study = try folder.readStudy()
    let text =
      try String(contentsOf: folder.study, encoding: .utf8)
      + String(contentsOf: folder.trials, encoding: .utf8)
    for secret in SampleSets.models + ["jsma", "77123", "drawn", "fingerprint"] {
      #expect(!text.contains(secret))
    }
    #expect(
      study.stimuli.allSatisfy { $0.wholeMatch(of: /s[0-9a-f]{12}/) != nil }
        && study.stimuli == study.stimuli.sorted())
    let practice = Set(try folder.readTrials().filter { $0.phase == .practice }.map(\.stimulus))
    #expect(Set(study.practiceLabels.keys) == practice)
    for name in study.stimuli {
      let data = try Data(contentsOf: folder.image(name))
      let picture = try PNG.decode(data, named: name)
      #expect(
        picture.shape.width == study.width && picture.shape.height == study.height
          && study.height == 280)
      // Nothing but what pixels need.
      for chunk in ["tEXt", "iTXt", "zTXt", "tIME", "eXIf"] {
        #expect(data.range(of: Data(chunk.utf8)) == nil)
      }
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.images.path)
    #expect(files.sorted() == study.stimuli.map { $0 + ".png" })
    for stimulus in try folder.readKey() {
      #expect(try Digest.hex(ofFile: folder.image(stimulus.name)) == stimulus.sha256)
    }
    #expect(study.sheets.count == 3 && study.sheets.allSatisfy { $0.name.hasPrefix("sheet-") })
  }

  @Test("what cannot be satisfied is refused with the counts that are available")
  func refused() {
    let poor = [
      SampleSets.set("normal"),
      SampleSets.set("distilled") { label, number, _ in label != 2 || number == 5 },
    ]
    let shortage = #expect(throws: Failure.self) {
      try sample("{ attack: jsma, participants: 2 }", poor)
    }
    #expect(shortage?.kind == .badData)
    #expect(
      shortage?.message.contains(
        "model distilled, class 2, jsma 1: 0 of 15 examples fool as stored") == true)
    #expect(shortage?.message.contains("model normal") == false)
    let uneven = #expect(throws: Failure.self) {
      try sample("{ attack: jsma, participants: 2, images: 10 }")
    }
    #expect(
      uneven?.message.hasPrefix("10 images cannot be shared equally among 3 conditions") == true)
    let near = #expect(throws: Failure.self) {
      try sample("{ attack: jsma, participants: 2, imagesPerClass: 1, distance: 4 }")
    }
    #expect(near?.message.contains("cannot stand with 4 others between two of them") == true)
    let checks = #expect(throws: Failure.self) {
      try sample("{ attack: jsma, participants: 2, checks: 30 }")
    }
    #expect(
      checks?.message.contains("30 checks and 3 practice trials need as many unchanged images")
        == true)
    let model = #expect(throws: Failure.self) {
      try sample("{ attack: jsma, models: [other], participants: 2 }")
    }
    #expect(model?.kind == .missing && model?.message == "there are no examples of jsma on other")
  }

  @Test("an example counts only if its model is still fooled by the picture as it is stored")
  func asStored() throws {
    // What is seen is a whole number plus the offset; 8 bits move a fifth of 3 by no more than
    // 0.01.
    let honest = NamedClassifier(
      name: "normal", fingerprint: "fingerprint of normal", classifier: CornerReader())
    let (folder, outcome) = try sample(
      "{ attack: jsma, models: [normal], participants: 3 }", models: [honest])
    #expect(outcome.unasked.isEmpty && outcome.conditions[0].fooling == 60)
    let answers = try folder.readPredictions()
    #expect(answers.count == outcome.pictures && answers.allSatisfy { $0.model == "normal" })
    let off = NamedClassifier(
      name: "normal", fingerprint: "fingerprint of normal", classifier: CornerReader(offset: -1))
    #expect(throws: Failure.self) {
      try sample("{ attack: jsma, models: [normal], participants: 3 }", models: [off])
    }
    // Another model of that name was not fooled by these.
    let stranger = NamedClassifier(
      name: "normal", fingerprint: "another", classifier: CornerReader(offset: -1))
    let unasked = try sample(
      "{ attack: jsma, models: [normal], participants: 3 }", models: [stranger]
    ).outcome
    #expect(unasked.unasked == ["normal"] && unasked.conditions[0].fooling == 60)
  }

  @Test("an attack that aims at nothing has reached what its model sees")
  func untargeted() throws {
    let set = SampleSets.set("normal", attack: "fgsm", targeted: false)
    let (folder, _) = try sample("{ attack: fgsm, participants: 2 }", [set])
    for stimulus in try folder.readKey() where stimulus.kind == .adversarial {
      #expect(stimulus.target == stimulus.predicted && stimulus.target != stimulus.label)
    }
  }

  @Test("a study that has answers is not drawn anew")
  func answered() throws {
    let (folder, _) = try sample("{ attack: jsma, participants: 2 }")
    let sampler = try StudySampler(
      SampleSets.design("{ attack: jsma, participants: 2 }"), sets: sets)
    _ = try sampler.sample(into: folder)
    try folder.write([Answer]())
    let failure = #expect(throws: Failure.self) { try sampler.sample(into: folder) }
    #expect(failure?.kind == .cannotWrite)
  }
}
