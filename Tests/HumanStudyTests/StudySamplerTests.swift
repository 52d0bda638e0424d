import Datasets
import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import HumanStudy

@Suite("Sampling a study")
struct StudySamplerTests {
  private let temporary = TemporaryFolder()
  private let sets = SampleSets.models.map { SampleSets.set($0) }

  private func sample(
    _ text: String, _ sets: [ExampleSet]? = nil, models: [Contestant] = []
  ) throws -> (folder: StudyFolder, outcome: StudySampler.Outcome) {
    let folder = StudyFolder(temporary.appending(UUID().uuidString))
    let sampler = try StudySampler(
      SampleSets.design(text), sets: sets ?? self.sets, models: models)
    let outcome = try sampler.sample(into: folder)
    return (folder, outcome)
  }

  @Test(
    "by default a participant sees, of each class and model, one fooling example of five images"
  )
  func defaultDesign() throws {
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

  @Test("all candidates of a class and model are in equally many lists, give or take one")
  func balance() throws {
    let (folder, _) = try sample("{ attack: jsma, participants: 47, spares: 0, images: 24 }")
    let key = Dictionary(uniqueKeysWithValues: try folder.readKey().map { ($0.name, $0) })
    let main = try folder.readTrials().filter { $0.phase == .main }
    let shown = Dictionary(grouping: main, by: \.stimulus).mapValues(\.count)
    for model in SampleSets.models {
      for label in 0..<4 {
        let own = shown.filter { key[$0.key]!.source == model && key[$0.key]!.label == label }
          .values
        // 47 lists with 2 pictures each, of the 15 candidates of 5 images and 3 targets.
        #expect(own.reduce(0, +) == 94 && own.count == 15 && own.min()! >= 6 && own.max()! <= 7)
      }
    }
  }

  @Test(
    "if the pictures of a list cannot be divided equally among the classes, classes take turns"
  )
  func turns() throws {
    let (folder, _) = try sample("{ attack: jsma, participants: 8, spares: 0, images: 6 }")
    let key = Dictionary(uniqueKeysWithValues: try folder.readKey().map { ($0.name, $0) })
    let main = try folder.readTrials().filter { $0.phase == .main }.map { key[$0.stimulus]! }
    for model in SampleSets.models {
      for label in 0..<4 { #expect(main.count { $0.source == model && $0.label == label } == 4) }
    }
  }

  @Test(
    "two pictures made of one image are never closer than the design's distance",
    arguments: [0, 1, 2, 4])
  func distance(_ distance: Int) throws {
    let design =
      "attack: jsma, participants: 20, repeats: 3, checks: 2, practice: 2, distance: \(distance)"
    let (folder, _) = try sample("{ \(design) }")
    let key = Dictionary(uniqueKeysWithValues: try folder.readKey().map { ($0.name, $0.index) })
    for (_, list) in Dictionary(grouping: try folder.readTrials(), by: \.slot) {
      #expect(list.count == 19)
      let images = list.map { key[$0.stimulus]! }
      // The two practice pictures are not kept apart from each other.
      for later in 2..<images.count {
        #expect(!images[max(0, later - distance)..<later].contains(images[later]))
      }
    }
  }

  @Test("a study with more participants begins with the lists of one with fewer")
  func prefix() throws {
    let design = "{ attack: jsma, repeats: 2, checks: 3, spares: 0, seed: 5, participants: "
    let few = try sample(design + "4 }").folder.readTrials()
    let many = try sample(design + "9 }").folder.readTrials()
    #expect(few == many.filter { $0.slot <= 4 })
  }

  @Test("the same seed gives the same bytes, and another seed gives other lists")
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

  @Test("the files of the page do not tell what a picture is")
  func opaque() throws {
    let (folder, _) = try sample("{ attack: jsma, participants: 6, checks: 2, seed: 77123 }")
    let study = try folder.readStudy()
    let text =
      try String(contentsOf: folder.study, encoding: .utf8)
      + String(contentsOf: folder.trials, encoding: .utf8)
    for secret in SampleSets.models + ["jsma", "77123", "drawn:test", "fingerprint"] {
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
      // The file has no metadata.
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

  @Test("a design that cannot be satisfied is refused with the available counts")
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
        "model distilled, class 2, jsma 1: 0 of 15 examples fool the model as stored") == true)
    #expect(shortage?.message.contains("model normal") == false)
    let uneven = #expect(throws: Failure.self) {
      try sample("{ attack: jsma, participants: 2, images: 10 }")
    }
    #expect(
      uneven?.message.hasPrefix("10 images cannot be divided equally among 3 conditions") == true)
    let near = #expect(throws: Failure.self) {
      try sample("{ attack: jsma, participants: 2, imagesPerClass: 1, distance: 4 }")
    }
    #expect(near?.message.contains("too many to keep 4 other trials between any two") == true)
    let checks = #expect(throws: Failure.self) {
      try sample("{ attack: jsma, participants: 2, checks: 30 }")
    }
    #expect(
      checks?.message.contains("30 checks and 3 practice trials need as many unchanged images")
        == true)
    let model = #expect(throws: Failure.self) {
      try sample("{ attack: jsma, models: [other], participants: 2 }")
    }
    #expect(
      model?.kind == .missing
        && model?.message == "expected one set of examples of jsma on other, found none")
  }

  @Test("an example counts only if its source model is also fooled by the stored picture")
  func asStored() throws {
    // The classifier reads a class from a fifth of it. Storing with 8 bits changes that by less
    // than 0.01 of a class, so an unchanged model predicts the same classes.
    let honest = Contestant(
      name: "normal", classifier: CornerReader(), fingerprint: "fingerprint of normal")
    let (folder, outcome) = try sample(
      "{ attack: jsma, models: [normal], participants: 3 }", models: [honest])
    #expect(outcome.unasked.isEmpty && outcome.conditions[0].fooling == 60)
    let answers = try folder.readPredictions()
    #expect(answers.count == outcome.pictures && answers.allSatisfy { $0.model == "normal" })
    let off = Contestant(
      name: "normal", classifier: CornerReader(offset: -1), fingerprint: "fingerprint of normal")
    #expect(throws: Failure.self) {
      try sample("{ attack: jsma, models: [normal], participants: 3 }", models: [off])
    }
    // A model of that name with another fingerprint is not the source model and does not decide.
    let stranger = Contestant(
      name: "normal", classifier: CornerReader(offset: -1), fingerprint: "another")
    let unasked = try sample(
      "{ attack: jsma, models: [normal], participants: 3 }", models: [stranger]
    ).outcome
    #expect(unasked.unasked == ["normal"] && unasked.conditions[0].fooling == 60)
  }

  @Test("the target of an untargeted example is the class that its model predicts")
  func untargeted() throws {
    let set = SampleSets.set("normal", attack: "fgsm", targeted: false)
    let (folder, _) = try sample("{ attack: fgsm, participants: 2 }", [set])
    for stimulus in try folder.readKey() where stimulus.kind == .adversarial {
      #expect(stimulus.target == stimulus.predicted && stimulus.target != stimulus.label)
    }
  }

  @Test("a study that has answers is not sampled again")
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
