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

  @Test("A stored picture keeps its budget in every norm and moves no pixel by more than one level")
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

  @Test("A budget that counts pixels is kept by the nearest bytes")
  func changedPixels() {
    // 0.6021 and 0.4955 are 153.54 and 126.35 levels, so both pixels round away from their
    // originals. In ℓ0 only the number of changed pixels counts, and it stays 2.
    let originals = Tensor([0.2, 0.3, 0.9, 0.5] as [Float], shape: [1, 1, 2, 2])
    let moved = Tensor([0.6021, 0.3, 0.4955, 0.5] as [Float], shape: [1, 1, 2, 2])
    let stored = Quantization.bytes(moved, keeping: 0.25, in: .l0, of: originals, range: 0...1)
    #expect(stored.bytes() == Quantization.bytes(moved, range: 0...1).bytes())
    let start = Quantization.bytes(originals, range: 0...1).bytes()
    #expect(zip(start, stored.bytes()).count { $0 != $1 } == 2)
  }

  @Test(
    "jpeg.csv counts what the source predicts for the compressed pictures; low quality changes more"
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
      let adversarial = set.adversarial[line.epsilon == 0.05 ? 0 : 1]
      let bytes = Quantization.bytes(
        adversarial, keeping: line.epsilon, in: .linf, of: set.original, range: 0...1)
      let stored = Quantization.pixels(bytes, range: 0...1)
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

  @Test(
    "A contact sheet has ten pictures in a row, at most a hundred, each enlarged and with a caption"
  )
  func sheet() {
    var sheet = ContactSheet(title: "fgsm")
    for number in 0..<120 {
      sheet.add(
        Picture(
          shape: InputShape(channels: 1, height: 3, width: 4),
          pixels: [UInt8](repeating: UInt8(number), count: 12)),
        ["\(number) dog", "> cat"], isHighlighted: number == 11)
    }
    // A picture is 36 times as large. Below it are two lines of 20 pixels and a gap of 8.
    let drawn = sheet.drawn()
    let (width, cell) = (10 * (4 * 36 + 8) + 8, 3 * 36 + 40 + 8)
    #expect(drawn.shape == InputShape(channels: 3, height: 28 + 10 * cell + 8, width: width))
    func pixel(_ place: Int) -> UInt8 {
      drawn.pixels[(36 + place / 10 * cell) * width + 8 + place % 10 * 152]
    }
    #expect([0, 1, 10, 99].allSatisfy { pixel($0) == UInt8($0) })
    // Only the second line of picture 11 is red.
    let area = drawn.shape.height * width
    let red = (0..<area).filter { drawn.pixels[$0] == 176 && drawn.pixels[area + $0] == 32 }
    #expect(!red.isEmpty)
    #expect(red.allSatisfy { ($0 % width - 8) / 152 == 1 && ($0 / width - 36) / cell == 1 })
  }

  @Test("Names of pictures sort in the order of the data and say neither class nor answer")
  func names() throws {
    let folder = TemporaryFolder()
    let network = try network()
    var images = try ImageSet(folder.url)
    try images.add(examples(FastGradientSign(), [0.1], network), source: nil)
    _ = try images.finish()
    let place = folder.appending("images/m/fgsm-0.1")
    let files = try FileManager.default.contentsOfDirectory(atPath: place.path).sorted()
    #expect(files.count == 30 && files.first == "00000.png" && files.last == "00029.png")
    let lines = try String(contentsOf: folder.appending("manifest.csv"), encoding: .utf8).split(
      separator: "\n")
    #expect(lines[0].hasPrefix("file,original,sha256,data,index,label,label_name,target,"))
    #expect(lines[1].hasPrefix("images/m/fgsm-0.1/00000.png,originals/00000.png,"))
    #expect(
      lines[0].split(separator: ",").count
        == lines[1].split(separator: ",", omittingEmptySubsequences: false).count)
  }

  @Test(
    "An iterated attack's last frame is its result; other attacks' frames are shares of the budget"
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
      draws: .of(images, 5))
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

  @Test("A stored picture keeps a budget that is in the unit of its pixels, such as 0 to 255")
  func otherRanges() {
    let originals = Tensor([0, 17, 200, 255] as [Float], shape: [1, 1, 2, 2])
    let moved = Tensor([3.4, 20.4, 196.6, 251.6] as [Float], shape: [1, 1, 2, 2])
    let stored = Quantization.bytes(moved, keeping: 3.4, in: .linf, of: originals, range: 0...255)
    #expect(stored.bytes() == [3, 20, 197, 252])
    #expect(Quantization.pixels(stored, range: 0...255).floats() == [3, 20, 197, 252])
    // In [−1, 1] a level is 2/255, and 0.02 is two and a half levels.
    let signed = Tensor([-1, 1] as [Float], shape: [1, 1, 1, 2])
    let near = Tensor([-0.98, 0.98] as [Float], shape: [1, 1, 1, 2])
    let bytes = Quantization.bytes(near, keeping: 0.02, in: .linf, of: signed, range: -1...1)
    #expect(bytes.bytes() == [2, 253])
  }

  @Test("Rows of a table are refused as pictures in one sentence, and nothing is written")
  func table() throws {
    let rows = Tensor.zeros([2, 4])
    let set = ExampleSet(
      origin: .init(
        data: "iris", classNames: ["a", "b"], valueRange: 0...1, source: "m",
        sourceFingerprint: "m", attack: "fgsm", norm: "linf", parameters: [:], epsilons: [0.1],
        seed: 1),
      original: rows, adversarial: [rows + 0.1], label: Tensor(labels: [0, 1]),
      target: Tensor(labels: [-1, -1]), index: Tensor(labels: [0, 1]),
      predicted: Tensor(labels: [1, 0]).reshaped([1, 2]), confidence: Tensor.ones([1, 2]))
    let folder = TemporaryFolder()
    var images = try ImageSet(folder.url)
    let failure = #expect(throws: Failure.self) { try images.add(set, source: nil) }
    #expect(
      failure?.message
        == "the examples of fgsm on m are rows of 4 features, and only images can be "
        + "drawn as pictures")
    let network = try network()
    #expect(throws: Failure.self) {
      try FrameSet(folder.url).write([rows], labels: [0, 1], source: network)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
  }
}
