import Attacks
import Datasets
import Defenses
import Evaluation
import ForeignModels
import Foundation
import ModelCore
import Support

/// Crossfire's side of the comparison with other libraries. It reads one task per line and answers
/// each with one line of JSON, so that another program can take turns with it.
///
///     attack COUNT NAME setting=value...   one attack on the first COUNT images, as one batch; its
///                                          examples are also shown to the other models, and
///                                          seed=N chooses its random numbers
///     sweep COUNT NAME EPSILON...          attacks on each model, shown to all models
///     profile COUNT                        the time of each part of one PGD step
///     train COUNT NAME setting=value...    one more training step with a defense; the corners of
///                                          the images are masked
///     gradient COUNT SIZE FILE setting=value...
///                                          the input gradient of a logit of a model from any kind
///                                          of file, for COUNT random images of SIZE x SIZE pixels
final class PeerWorker {
  private let images: Tensor
  private let labels: Tensor
  private let models: [(name: String, network: Network)]
  /// The file of the model that trainings continue.
  private let learner: URL
  /// The training that continues from task to task, and the words of the task that started it.
  private var training: (asked: [String], step: RepeatedStep)?
  private let seed = Seed(1)
  /// The models of the task `gradient`, by their words.
  private var loaded: [[String]: any Classifier] = [:]

  /// - Parameters:
  ///   - images: a safetensors file with `images` `[N, C, H, W]` and `labels` `[N]`.
  ///   - models: model files. All tasks but the sweep use the first one.
  init(images: URL, models: [URL]) throws {
    Engine.start()
    let file = try SafetensorsFile(images)
    self.images = try file.tensor("images")
    labels = try file.tensor("labels")
    self.models = try models.map { url in
      (url.deletingPathExtension().lastPathComponent, try ModelFile(url).network.frozen())
    }
    learner = models[0]
  }

  /// The result of a task. Fields that a task does not have are left out of the JSON.
  private struct Answer: Encodable {
    var crossfire: String?
    var libtorch: String?
    /// The floating-point operations of a forward pass of the first model, for one image.
    var operations: Double?
    var seconds: Double?
    /// The accuracy on the adversarial images.
    var accuracy: Double?
    /// The accuracy of the models after the first one on the adversarial images.
    var transfer: [Double]?
    /// The fraction of the adversarial images that are classified as their target.
    var hits: Double?
    /// The mean size of the perturbations, in the attack's norm.
    var size: Double?
    /// The size of each perturbation; null where the goal is not reached.
    var sizes: [Float?]?
    /// The images that passed forward, and the rows of outputs that gradients came back to.
    var forwards: Int?
    var backwards: Int?
    /// The number of right predictions by source model, budget and target model.
    var grid: [Int]?
    var profile: [StepProfile.Part]?
    var failure: String?
  }

  func serve() throws {
    let operations = try Operations(models[0].network.description).forward
    try reply(Answer(crossfire: crossfireVersion, libtorch: Engine.version, operations: operations))
    while let line = readLine() {
      do {
        try reply(answer(line.split(separator: " ").map(String.init)))
      } catch let failure as Failure {
        try reply(Answer(failure: failure.message))
      }
    }
  }

  private func reply(_ answer: Answer) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    FileHandle.standardOutput.write(try encoder.encode(answer) + Data("\n".utf8))
  }

  private func answer(_ words: [String]) throws -> Answer {
    if words.first == "gradient", words.count >= 4 { return try gradient(Array(words[1...])) }
    guard words.count >= 2, let count = Int(words[1]), (1...labels.count).contains(count) else {
      throw Failure.usage(
        "expected a task and a count from 1 to \(labels.count), "
          + "found '\(words.joined(separator: " "))'"
      )
    }
    switch words[0] {
    case "attack" where words.count >= 3:
      let given = try settings(Array(words[3...]))
      let own = try given.optionalInt("seed", in: 0...Int.max, "seed of the random numbers")
      return try attack(
        AttackPlan(name: words[2], given), count, own.map { Seed(UInt64($0)) } ?? seed)
    case "sweep" where words.count >= 4:
      let epsilons = try settings(["epsilons=" + words[3...].joined(separator: ",")])
      return try sweep(AttackPlan(name: words[2], epsilons), count)
    case "profile":
      let (x, y) = (images.narrow(0, 0, count), labels.narrow(0, 0, count))
      return Answer(profile: try StepProfile(models[0].network, x, y).parts())
    case "train" where words.count >= 3: return try train(count, asked: words)
    default: throw Failure.usage("unknown task '\(words.joined(separator: " "))'")
    }
  }

  /// The settings that words such as `epsilon=0.1` name.
  private func settings(_ words: [String]) throws -> Settings {
    let entries = try words.map { word in
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw Failure.usage("a setting must be name=value, found '\(word)'")
      }
      let items = parts[1].split(separator: ",").map { SettingValue.scalar(String($0)) }
      return Settings.Entry(
        name: parts[0], value: items.count == 1 ? items[0] : .list(items), place: "the task")
    }
    return try Settings(entries, place: "the task")
  }

  private func attack(_ plan: AttackPlan, _ count: Int, _ seed: Seed) throws -> Answer {
    let classifier = QueryCounter(models[0].network)
    let (x, y) = (images.narrow(0, 0, count), labels.narrow(0, 0, count))
    let threat = plan.attack.threat(plan.epsilons[0], against: classifier)
    let started = ContinuousClock.now
    let draws = ExampleDraws(
      seed, examples: Array(0..<count), device: classifier.device)
    let goal = plan.goal.goal(
      for: y, images: x, classifier: classifier, draws: draws.purpose("targets"))
    let adversarial = plan.attack.perturb(
      x, goal, within: threat, against: classifier, draws: draws)
    try Perturbation.check(adversarial, of: x, within: threat, attack: plan.name)
    let seconds = (ContinuousClock.now - started).seconds
    let (forwards, backwards) = (classifier.forwards, classifier.backwards)
    let predicted = classifier.predictions(adversarial)
    let share = { (wanted: Tensor) in predicted.equals(wanted).to(.float64).mean().scalar }
    let sizes = plan.attack.norm.size(adversarial - x)
    let reached = goal.isReached(predicted).int64s()
    return Answer(
      seconds: seconds, accuracy: share(y),
      transfer: models.dropFirst().map {
        $0.network.predictions(adversarial).equals(y).to(.float64).mean().scalar
      }, hits: goal.targets.map(share),
      size: sizes.mean().scalar, sizes: zip(sizes.floats(), reached).map { $1 != 0 ? $0 : nil },
      forwards: forwards, backwards: backwards)
  }

  private func gradient(_ words: [String]) throws -> Answer {
    guard let count = Int(words[0]), let size = Int(words[1]), count > 0, size > 0 else {
      throw Failure.usage("expected a number of images and their size")
    }
    let asked = Array(words[2...])
    let notes = try ModelNotes(settings(Array(asked.dropFirst())))
    let model = try loaded[asked] ?? LoadedModel(URL(filePath: asked[0]), notes: notes).classifier
    loaded[asked] = model
    let x = RandomSource(seed).uniform([count, 3, size, size]).tracked
    let seconds = Stopwatch.seconds {
      _ = model.logits(x).narrow(1, 0, 1).sum().gradient(of: x)
    }
    return Answer(seconds: seconds, forwards: count, backwards: count)
  }

  private func train(_ count: Int, asked: [String]) throws -> Answer {
    let step = try training.flatMap { $0.asked == asked ? $0.step : nil } ?? learner(count, asked)
    training = (asked, step)
    let seconds = Stopwatch.seconds { step.run() }
    return Answer(seconds: seconds, accuracy: step.accuracy, forwards: count, backwards: count)
  }

  /// A training of the first model on the first images, from the model's own weights.
  private func learner(_ count: Int, _ words: [String]) throws -> RepeatedStep {
    let network = try ModelFile(learner).network
    let data = try LabelledImages(
      name: "peers", classNames: network.description.classNames,
      pixels: images.narrow(0, 0, count), labels: labels.narrow(0, 0, count).int64s(),
      masks: cornerMasks(count: count))
    let defense = try DefenseRegistry.defense(named: words[2], settings(Array(words[3...])))
    let objective = try defense.objective(Preparation(network, data: data) { _, _ in network })
    return RepeatedStep(network, data.batch(0..<count), for: objective)
  }

  private func sweep(_ plan: AttackPlan, _ count: Int) throws -> Answer {
    let counters = models.map { QueryCounter($0.network) }
    let contestants = zip(models, counters).map {
      Contestant(name: $0.name, classifier: $1, fingerprint: $0.name)
    }
    let data = try bytes(of: count)
    var grid: [Int] = []
    let started = ContinuousClock.now
    for source in contestants {
      let runner = try TransferRunner(
        plan: plan, source: source, victims: contestants, data: data, seed: seed)
      grid += try runner.run(keep: 0) { _ in }.result.cells().map(\.correct)
    }
    return Answer(
      seconds: (ContinuousClock.now - started).seconds,
      forwards: counters.reduce(0) { $0 + $1.forwards },
      backwards: counters.reduce(0) { $0 + $1.backwards }, grid: grid)
  }

  /// The first images as a data set of bytes.
  private func bytes(of count: Int) throws -> LabelledImages {
    let pixels = (images.narrow(0, 0, count) * 255 + 0.5).to(.uint8).bytes()
    let description = models[0].network.description
    return try LabelledImages(
      name: "peers", shape: description.input, classNames: description.classNames, pixels: pixels,
      labels: labels.narrow(0, 0, count).int64s())
  }
}
