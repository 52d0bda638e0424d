import Attacks
import Datasets
import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ImageSets

@Suite("Adversarial images as files")
struct ImageSetTests {
  private static let data = try! SevenSegmentDigits().images(.test, count: 30)

  private func network() throws -> Network {
    try Architecture.named("mlp").network(
      input: Self.data.shape, classNames: Self.data.classNames, seed: Seed(1))
  }

  private func examples(_ attack: any Attack, _ epsilons: [Double], _ network: Network) throws
    -> ExampleSet
  {
    let source = Contestant(name: "m", classifier: network, fingerprint: network.fingerprint)
    let plan = AttackPlan(
      name: type(of: attack).name, attack: attack, goal: .untargeted, epsilons: epsilons)
    return try #require(
      try TransferRunner(
        plan: plan, source: source, victims: [source], data: Self.data, seed: Seed(3)
      ).run(keep: 30) {
        _ in
      }
      .examples)
  }

  @Test("a stored picture keeps its budget in every norm, and moves a pixel by less than one level")
  func budgets() throws {
    let network = try network()
    for (attack, epsilon): (any Attack, Double) in [
      (FastGradientSign(), 0.1),
      (ProjectedGradientDescent(norm: .l2, StepSchedule(steps: 5, relative: 2.5)), 1.5),
      (ProjectedGradientDescent(norm: .l1, StepSchedule(steps: 5, relative: 2.5)), 12),
    ] {
      let set = try examples(attack, [epsilon], network)
      let stored = Quantization.pixels(
        Quantization.bytes(
          set.adversarial[0], keeping: epsilon, in: attack.norm, of: set.original, range: 0...1),
        range: 0...1)
      let start = Quantization.pixels(Quantization.bytes(set.original, range: 0...1), range: 0...1)
      #expect(attack.norm.size(stored - start).max().scalar <= epsilon + 1e-5, "\(attack.norm)")
      #expect((stored - set.adversarial[0]).absolute.max().scalar <= 1.0 / 255 + 1e-6)
    }
  }

  @Test(
    "a budget of pixels is kept by the nearest bytes, whose number of changed pixels rounding does not raise"
  )
  func changedPixels() {
    // 0.6021 and 0.4955 are 153.54 and 126.35 levels: the nearest bytes are further from the
    // originals.
    let originals = Tensor([0.2, 0.3, 0.9, 0.5] as [Float], shape: [1, 1, 2, 2])
    let moved = Tensor([0.6021, 0.3, 0.4955, 0.5] as [Float], shape: [1, 1, 2, 2])
    let stored = Quantization.bytes(moved, keeping: 0.25, in: .l0, of: originals, range: 0...1)
    #expect(stored.bytes() == Quantization.bytes(moved, range: 0...1).bytes())
    let start = Quantization.bytes(originals, range: 0...1).bytes()
    #expect(zip(start, stored.bytes()).count { $0 != $1 } == 2)
  }

  @Test(
    "what JPEG leaves is what the source says of the compressed pictures, and low quality changes more than high"
  )
  func jpeg() throws {
    let folder = TemporaryFolder()
    let network = try network()
    let set = try examples(FastGradientSign(), [0.05, 0.2], network)
    var images = try ImageSet(folder.url, jpegQualities: [95, 10])
    try images.add(set, source: network)
    let outcome = try images.finish()
    #expect(images.jpeg.lines.map(\.quality) == [95, 10, 95, 10])
    #expect(
      images.jpeg.lines.filter { $0.quality == 10 }.map(\.fooling).reduce(0, +)
        == outcome.foolingAsStored)
    let labels = set.label.int64s()
    for line in images.jpeg.lines {
      let budget = line.epsilon == 0.05 ? 0 : 1
      let stored = Quantization.pixels(
        Quantization.bytes(
          set.adversarial[budget], keeping: line.epsilon, in: .linf, of: set.original, range: 0...1),
        range: 0...1)
      let before = network.predictions(stored).int64s()
      let after = network.predictions(JPEGCompression(quality: line.quality).compressed(stored))
        .int64s()
      let fooling = labels.indices.filter { before[$0] != labels[$0] }
      #expect(line.fooling == fooling.count)
      #expect(line.stillFooling == fooling.count { after[$0] != labels[$0] })
    }
    let table = try String(contentsOf: folder.appending("jpeg.csv"), encoding: .utf8)
    #expect(table.hasPrefix("source,attack,epsilon,quality,fooling,still_fooling\nm,fgsm,0.05,95,"))
    let change = [95, 10].map { quality in
      (JPEGCompression(quality: quality).compressed(set.original) - set.original).absolute.mean()
        .scalar
    }
    #expect(change[0] < change[1])
    #expect(throws: Failure.self) { try ImageSet(folder.url, jpegQualities: [0]) }
  }

  @Test("a contact sheet has ten in a row and at most a hundred, each with its pixels")
  func sheet() {
    var sheet = ContactSheet()
    for number in 0..<120 {
      sheet.add(
        Picture(
          shape: InputShape(channels: 1, height: 3, width: 4),
          pixels: [UInt8](repeating: UInt8(number), count: 12)))
    }
    let drawn = sheet.drawn()
    #expect(drawn.shape == InputShape(channels: 3, height: 10 * 5 - 2, width: 10 * 6 - 2))
    #expect(drawn.pixels[0] == 0 && drawn.pixels[6] == 1 && drawn.pixels[5 * 58] == 10)
  }

  @Test(
    "the last frame of an iterated attack is its result, and frames of the others are shares of their budget"
  )
  func frames() throws {
    let network = try network()
    let images = Self.data.batch(0..<4).images
    let goal = Goal.away(from: Self.data.batch(0..<4).labels)
    let pgd = ProjectedGradientDescent(StepSchedule(steps: 6, relative: 2.5))
    let plan = AttackPlan(name: "pgd", attack: pgd, goal: .untargeted, epsilons: [0.2])
    let frames = try plan.frames(images, goal, epsilon: 0.2, against: network, seed: Seed(5))
    let result = pgd.perturb(
      images, goal, within: pgd.threat(0.2, against: network), against: network,
      random: RandomSource(Seed(5)))
    #expect(
      frames.count == 7 && frames[0].floats() == images.floats()
        && frames[6].floats() == result.floats())
    let fgsm = AttackPlan(
      name: "fgsm", attack: FastGradientSign(), goal: .untargeted, epsilons: [0.2])
    let shares = try fgsm.frames(
      images, goal, epsilon: 0.2, shares: 4, against: network, seed: Seed(5))
    for (share, frame) in shares.enumerated() {
      #expect((frame - images).absolute.max().scalar <= 0.05 * Double(share) + 1e-6)
    }
    let square = AttackPlan(
      name: "deepfool", attack: DeepFool(), goal: .untargeted, epsilons: [0.2])
    #expect(throws: Failure.self) {
      try square.frames(images, goal, epsilon: 0.2, against: network, seed: Seed(5))
    }

    let folder = TemporaryFolder()
    try FrameSet(folder.url, scale: 2).write(
      frames, labels: Self.data.batch(0..<4).labels.int64s(), source: network)
    let lines = try String(contentsOf: folder.appending("frames.csv"), encoding: .utf8).split(
      separator: "\n")
    #expect(
      lines.count == 1 + 4 * 7 && lines[1].hasPrefix("0,") && lines[1].contains(",0,0/0.png,"))
    #expect(FileManager.default.fileExists(atPath: folder.appending("strips/3.png").path))
  }
}
