import Datasets
import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import HumanStudy

@Suite("The control conditions of a study")
struct ControlsTests {
  @Test("noise has the sizes of a perturbation's changes, at other places")
  func noise() {
    let shape = InputShape(channels: 1, height: 16, width: 16)
    let original = Picture(shape: shape, pixels: (0..<256).map { UInt8($0) })
    var pixels = original.pixels
    for place in 100..<130 { pixels[place] += UInt8(place - 90) }
    let adversarial = Picture(shape: shape, pixels: pixels)
    func changes(_ picture: Picture) -> [Int] {
      zip(original.pixels, picture.pixels).map { Int($1) - Int($0) }
    }
    let noise = Controls.noise(original, like: adversarial, seed: Seed(3))
    let (found, expected) = (changes(noise), changes(adversarial))
    #expect(found.map(abs).sorted() == expected.map(abs).sorted() && found != expected)
    #expect(found.contains { $0 > 0 } && found.contains { $0 < 0 })
    #expect(Controls.noise(original, like: adversarial, seed: Seed(3)) == noise)
    #expect(Controls.noise(original, like: adversarial, seed: Seed(4)) != noise)
    // On a black picture a change can only go up, so no change is lost.
    let black = Picture(shape: shape, pixels: [UInt8](repeating: 0, count: 256))
    let drawn = Picture(shape: shape, pixels: (0..<256).map { $0 < 20 ? 200 : 0 })
    #expect(Controls.noise(black, like: drawn, seed: Seed(3)).pixels.count { $0 == 200 } == 20)
  }

  @Test("by default a list has as many pictures of both controls as of a condition, and checks")
  func lists() throws {
    let temporary = TemporaryFolder()
    let folder = StudyFolder(temporary.url)
    let design = try StudyDesign(
      .yaml("{ attack: jsma, participants: 8, language: de }", file: "study.yaml"))
    let sets = SampleSets.models.map { SampleSets.set($0) }
    let outcome = try StudySampler(design, sets: sets).sample(into: folder)
    #expect(outcome.trialsEach == 3 + 12 + 4 + 4 + 4)
    let key = Dictionary(uniqueKeysWithValues: try folder.readKey().map { ($0.name, $0) })
    for (_, list) in Dictionary(grouping: try folder.readTrials(), by: \.slot) {
      let shown = list.map { ($0.phase, key[$0.stimulus]!) }
      for kind in [Stimulus.Kind.cleanControl, .noiseControl] {
        let own = shown.filter { $0.1.kind == kind }
        #expect(own.count == 4 && own.allSatisfy { $0.0 == .main })
        #expect(Set(own.map(\.1.label)).count == 4)
        #expect(own.allSatisfy { $0.1.target != nil && $0.1.target != $0.1.label })
      }
      #expect(shown.count { $0.0 == .check } == 4)
    }
    let conditions = Set(key.values.compactMap(\.condition).map(\.name))
    #expect(conditions.isSuperset(of: ["clean control", "noise control", "normal jsma 1"]))
    let study = try folder.readStudy()
    #expect(study.language == "de" && study.title == "Was sehen Sie?")
    #expect(study.exclusion == ExclusionRules(design))
  }

  @Test("people who name the target of a control count as fooled by the control")
  func score() throws {
    let study = SampleStudy()
    for person in ["p", "q"] {
      for image in 0..<4 {
        study.answer(person, study.picture("a", image: image), .label(7))
        study.answer(
          person, study.picture(nil, image: image, kind: .cleanControl),
          .label(image == 0 ? 7 : 3))
      }
    }
    let results = try study.score()
    #expect(
      results.conditions.map(\.condition) == [
        .clean, Condition(source: "a", attack: "jsma", epsilon: 0.25),
      ])
    #expect(results.conditions.map(\.fooled.count) == [2, 8])
    #expect(results.csv.contains("\ncontrol,clean,,fooled,2,8,0.25,"))
  }
}
