import Attacks
import Datasets
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("Images that have the label that a targeted attack aims at")
struct OwnLabelTests {
  private static let images = try! SevenSegmentDigits().images(.test, count: 30)

  private func runner(_ goal: GoalRule, _ images: LabelledImages = images) throws -> TransferRunner
  {
    let network = try Architecture.named("mlp").network(
      input: images.shape, classNames: images.classNames, seed: Seed(1))
    let contestant = Contestant(name: "a", classifier: network, fingerprint: "a")
    let plan = AttackPlan(
      name: "itgsm", attack: IteratedTargetedGradientSign(steps: 3), goal: goal, epsilons: [0, 0.1])
    return try TransferRunner(
      plan: plan, source: contestant, victims: [contestant], data: images, seed: Seed(3),
      evaluator: Evaluator(batchSize: 8))
  }

  @Test("they are not attacked, have no target, and count in no rate")
  func excluded() throws {
    let (result, examples) = try runner(.label(3)).run(keep: 30) { _ in }
    let labels = Self.images.labels.int64s()
    let own = labels.indices.filter { labels[$0] == 3 }
    try #require(!own.isEmpty && own.count < 30)
    #expect(result.targets.int64s() == labels.map { $0 == 3 ? -1 : 3 })
    let sizes = result.sizes.select(0, 1).select(0, 0).floats()
    for (image, size) in sizes.enumerated() {
      #expect((size == 0) == own.contains(image), "image \(image)")
    }
    let predicted = result.predictions.select(0, 1).select(0, 0).int64s()
    let aimed = labels.indices.filter { labels[$0] != 3 }
    let cell = try #require(result.cells().last)
    #expect(cell.examples == aimed.count && cell.excluded == own.count)
    #expect(cell.correct == aimed.count { predicted[$0] == labels[$0] })
    #expect(cell.targetedHits == aimed.count { predicted[$0] == 3 })
    #expect(result.spending().examples == aimed.count)
    #expect(result.overlaps().allSatisfy { $0.examples == aimed.count })
    let set = try #require(examples)
    #expect(set.index.int64s() == aimed.map(Int64.init))
    #expect(set.target.int64s().allSatisfy { $0 == 3 } && !set.label.int64s().contains(3))
    #expect(set.adversarial[1].shape[0] == aimed.count)
  }

  @Test("the other images get the same examples as without them")
  func others() throws {
    let rows = Self.images.labels.int64s().enumerated().filter { $0.element != 3 }.map(\.offset)
    let whole = try runner(.label(3)).run(keep: 0) { _ in }.result
    // `next` of a 2 is a 3, so that these images have the same goal under both rules.
    let next = try runner(.next).run(keep: 0) { _ in }.result
    let twos = rows.filter { Self.images.labels.int64s()[$0] == 2 }
    for image in twos {
      #expect(
        whole.predictions.select(2, image).int64s() == next.predictions.select(2, image).int64s())
    }
    #expect(next.excluded == 0 && next.cells().allSatisfy { $0.excluded == 0 })
  }

  @Test("a plan says how many it leaves out, and refuses images of this class alone")
  func notices() throws {
    let plan = try runner(.label(3)).plan
    let count = Self.images.labels.int64s().count { $0 == 3 }
    let notice = try #require(try plan.leftOut(of: Self.images))
    #expect(
      notice == "itgsm: \(count) of 30 images have the label 3, which is the target. They are not "
        + "attacked and are in no rate.")
    #expect(try runner(.next).plan.leftOut(of: Self.images) == nil)
    let alone = try LabelledImages(
      name: "threes", shape: Self.images.shape, classNames: Self.images.classNames,
      pixels: [UInt8](repeating: 0, count: 2 * Self.images.shape.count), labels: [3, 3])
    let failure = #expect(throws: Failure.self) { try plan.leftOut(of: alone) }
    #expect(failure?.kind == .usage)
  }

  @Test("progress counts the passes within a batch")
  func progress() throws {
    var seen: [AttackProgress] = []
    _ = try runner(.next).run(keep: 0) { seen.append($0) }
    let first = seen.prefix(7).map(\.examples)
    // Six passes for the two budgets of a batch of eight, and the end of the batch.
    #expect(first == (0..<7).map { Double($0) * 8 / 6 })
    #expect(seen[1].passes == "pass 2 of at most 6" && seen[6].passes.isEmpty)
    #expect(seen.map(\.examples) == seen.map(\.examples).sorted())
    #expect(seen.last?.examples == 30)
  }
}
