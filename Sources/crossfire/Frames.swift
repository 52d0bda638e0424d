import ArgumentParser
import Attacks
import Datasets
import Evaluation
import Foundation
import ImageSets
import ModelCore
import Support

struct Frames: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the steps of an attack as a sequence of pictures.",
    discussion: """
      Shows an iterated attack after each step, a saliency map attack after each
      tenth of its pixels, and a one-step attack at each tenth of its budget. The
      pictures of an image are numbered, so that other tools can make a film of
      them. Its strip shows all of them on one page. frames.csv has the class that
      the model predicts for each picture.

      EXAMPLE
        crossfire frames --model normal.safetensors --data mnist --count 3 \\
          --attack pgd:steps=20 --epsilon 0.3 --scale 4 --out frames
      """)

  @Option(help: ArgumentHelp(modelHelp, valueName: "model"), completion: .file())
  var model: String

  @Option(
    help: "A data set's name or path; its test images are attacked unless :train follows.",
    completion: .file())
  var data: String

  @Option(help: ArgumentHelp("Attack the first N images.", valueName: "n"))
  var count = Number(1)

  @Option(
    help: ArgumentHelp(
      "The attack, NAME or NAME:option=value,…; see 'crossfire list attacks'.", valueName: "attack"),
    completion: .list(AttackRegistry.names))
  var attack: String

  @Option(
    name: [.long, .customLong("eps")], help: "The budget, in the unit of the data, such as 8/255.")
  var epsilon: Number

  @Option(
    help: "The target of a targeted attack: next, random, least-likely, or a label.",
    completion: .list(["next", "random", "least-likely", "all"]))
  var target: String?

  @Option(help: ArgumentHelp(maskHelp), completion: .list(["nuisance", "core"]))
  var mask: String?

  @Option(help: "The seed of all random numbers.")
  var seed = Number(1)

  @Option(
    help: ArgumentHelp(
      "Enlarge each pixel to K x K without smoothing, for people to look at.", valueName: "k"))
  var scale = Number(1)

  @Option(help: ArgumentHelp("The folder to write.", valueName: "dir"), completion: .directory)
  var out: String

  @OptionGroup var existing: ReplaceOption
  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let device = try engine.start()
    let scale = try scale.whole("--scale", in: 1...64)
    let count = try count.whole("--count", in: 1...1000)
    let seed = try seed.seed()
    let plan = try asUsage {
      try attackPlan(attack, epsilons: budgets([epsilon]), target: target, mask: mask)
    }
    guard plan.epsilons.count == 1 else {
      throw epsilon.refusal("--epsilon", "one number of at least 0, in the unit of the data")
    }
    guard plan.goal.examplesPerImage(classCount: 3) == 1 else {
      throw Failure.usage(
        "--target \(target ?? "all"): expected one target for each image", hint: "for example next")
    }
    let reference = try DataReference(data)
    try ReplaceOption.check(URL(filePath: out), isNoneOf: [reference.path])
    try existing.check(URL(filePath: out).appending(path: "frames.csv"))
    let data = try output.load(reference, .test).first(count)
    try data.batch(0..<1).images.checkCanBeDrawn("the examples of \(data.name)")
    try plan.goal.validate(classCount: data.classCount)
    try plan.checkMasks(of: data)
    guard plan.goal.aimed(data.labels).count == data.count else {
      throw Failure.usage(
        "--target \(plan.goal): expected images of other classes, and some of the images have this "
          + "class", hint: "choose another target, for example --target next")
    }
    let named = try NamedModel(model)
    let loaded = try architecture.load(named, for: data, device: device)
    try plan.check(against: loaded.classifier)
    guard plan.sampleSize == 0 else {
      throw Failure.usage(
        "\(plan.name) learns from training images, and frames can be drawn only of attacks that do "
          + "not", hint: "leave out the view admix, or use another attack")
    }
    let progress = output.progress
    let classifier = Contestant(name: named.name, loaded).watched(by: progress).classifier
    try AtomicFile.probe(URL(filePath: out).appending(path: "frames.csv"))
    let batch = data.batch(0..<count).to(device)
    progress.begin("\(plan.name) on \(named.name)", total: 1, unit: "attack")
    let images = batch.images
    let goal = plan.goal.goal(
      for: batch.labels, images: images, classifier: classifier,
      draws: ExampleDraws(
        seed.derive("targets"), examples: Array(0..<count), device: device)
    ).within(plan.region(batch.annotations.masks))
    let frames = try plan.frames(
      images, goal, epsilon: plan.epsilons[0], against: classifier, seed: seed
    ).map {
      $0.to(.cpu)
    }
    progress.end(nil)
    var done = 0
    progress.begin("write frames", total: frames.count * count, unit: "pictures")
    try FrameSet(URL(filePath: out), scale: scale).write(
      frames, labels: data.batch(0..<count).labels.int64s(),
      source: loaded.classifier
    ) {
      done += 1
      progress.update(done)
    }
    progress.end(nil)
    try output.show(
      ["folder": out],
      "\(out): \(count) image\(count == 1 ? "" : "s"), \(frames.count) frames and a strip for each")
  }
}
