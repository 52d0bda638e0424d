import Attacks
import ModelCore
import Support
import Testing

@testable import Certificates

/// Laws of every certificate, on a small network that was trained on random patterns.
@Suite("Certificates")
struct CertificateTests {
  private struct Trained {
    let network: Network
    /// float32 `[60, 1, 6, 6]` in [0, 1]
    let images: Tensor
    let labels: Tensor
  }

  /// Three classes, each a random pattern with noise.
  private static let trained: Trained = {
    let description = try! NetworkDescription(
      input: InputShape(channels: 1, height: 6, width: 6),
      layers: LayerList(["conv 4 kernel 3", "relu", "flatten", "linear 16", "relu", "linear 3"]),
      classNames: ["a", "b", "c"])
    let network = try! Network(
      description, initialization: .xavierUniform, seed: Seed(71))
    let random = RandomSource(Seed(72))
    let labels = Tensor(labels: (0..<60).map { $0 % 3 })
    let patterns = random.uniform([3, 1, 6, 6]).indexSelect(0, labels)
    let images = (patterns + (random.uniform([60, 1, 6, 6]) - 0.5) * 0.3).clamped(to: 0...1)
    let optimizer = Optimizer(.adam(rate: 5e-3, epsilon: 1e-8), for: network)
    for _ in 0..<60 {
      let loss = network.logits(images).crossEntropy(labels).mean()
      optimizer.step(loss.gradients(of: network.learned))
    }
    return Trained(network: try! network.frozen(), images: images, labels: labels)
  }()

  private func plan(_ words: String, _ epsilons: [Double], mask: String? = nil) throws
    -> CertificatePlan
  {
    let parts = words.split(separator: " ").map(String.init)
    var entries = parts.dropFirst().map { word in
      let pair = word.split(separator: "=").map(String.init)
      return Settings.Entry(name: pair[0], value: .scalar(pair[1]), place: "run.yaml:1")
    }
    entries.append(
      .init(
        name: "epsilons", value: .list(epsilons.map { .scalar("\($0)") }), place: "run.yaml:2"))
    if let mask { entries.append(.init(name: "mask", value: .scalar(mask), place: "run.yaml:3")) }
    return try CertificatePlan(name: parts[0], Settings(entries, place: "run.yaml:1"))
  }

  private func certify(_ plan: CertificatePlan, masks: Tensor? = nil, _ rows: Range<Int> = 0..<60)
    throws -> [CertifiedImage]
  {
    let model = Self.trained
    return try plan.certify(
      model.images.narrow(0, rows.lowerBound, rows.count),
      labels: model.labels.narrow(0, rows.lowerBound, rows.count), masks: masks,
      of: model.network, draws: ExampleDraws(Seed(73), examples: Array(rows)))
  }

  private func count(_ found: [CertifiedImage], _ size: Double) -> Int {
    let labels = Self.trained.labels.int64s()
    return zip(labels, found).count { $1.isCertified(Int($0), within: size) }
  }

  static let bounding = ["interval", "crown-ibp", "crown"]
  static let sizes: [String: [Double]] = [
    "linf": [0, 0.01, 0.03, 0.1, 0.2, 0.3], "l2": [0, 0.03, 0.3, 0.8, 1.5],
  ]

  @Test(
    "certified ≤ accuracy under the strongest attack, and no certified image is broken",
    arguments: bounding, ["linf", "l2"])
  func noneBroken(_ name: String, _ norm: String) throws {
    let model = Self.trained
    let sizes = Self.sizes[norm] ?? []
    let found = try certify(plan("\(name) norm=\(norm)", sizes))
    #expect(count(found, sizes[1]) > 0, "nothing is certified")
    let kind = Norm(rawValue: norm) ?? .linf
    let attacks: [any Attack] = [
      ProjectedGradientDescent(
        norm: kind, StepSchedule(steps: 40, relative: 2.5), restarts: 3,
        AttackGradient(of: .margin)),
      AutoProjectedGradient(norm: kind, steps: 40),
    ]
    let goal = Goal.away(from: model.labels)
    for size in sizes.dropFirst() {
      var right = model.network.predictions(model.images).equals(model.labels)
      for attack in attacks {
        let adversarial = attack.sweep(
          model.images, goal, epsilons: [size], against: model.network,
          draws: .init(Seed(74), examples: Array(0..<60)))[0]
        right = right.and(model.network.predictions(adversarial).equals(model.labels))
      }
      let stands = right.int64s()
      let broken = found.indices.filter {
        found[$0].isCertified(Int(model.labels.int64s()[$0]), within: size) && stands[$0] == 0
      }
      #expect(broken.isEmpty, "\(size): \(broken)")
      #expect(count(found, size) <= stands.count { $0 != 0 })
    }
  }

  @Test(
    "CROWN certifies what CROWN-IBP does, and that what intervals do", arguments: ["linf", "l2"])
  func order(_ norm: String) throws {
    let sizes = Self.sizes[norm] ?? []
    let found = try Self.bounding.map { try certify(plan("\($0) norm=\(norm)", sizes)) }
    for (weaker, stronger) in zip(found, found.dropFirst()) {
      for (a, b) in zip(weaker, stronger) { #expect((b.radius ?? -1) >= (a.radius ?? -1)) }
    }
    let total = found.map { all in all.reduce(0) { $0 + ($1.radius ?? 0) } }
    #expect(total[2] > total[0], "\(total)")
  }

  @Test("a size is certified only with all smaller ones", arguments: bounding)
  func nested(_ name: String) throws {
    let sizes = Self.sizes["linf"] ?? []
    let all = try certify(plan(name, sizes))
    for size in sizes {
      let alone = try certify(plan(name, [size]))
      #expect(count(alone, size) >= count(all, size))
    }
  }

  @Test(
    "size 0 is certified for what is classified right, and for nothing else", arguments: bounding)
  func zero(_ name: String) throws {
    let model = Self.trained
    let found = try certify(plan(name, [0]))
    let right = model.network.predictions(model.images).equals(model.labels).int64s()
    #expect(found.map { $0.radius != nil } == right.map { $0 != 0 })
  }

  @Test("results do not depend on the batch", arguments: bounding)
  func batches(_ name: String) throws {
    let plan = try plan(name, Self.sizes["linf"] ?? [])
    let all = try certify(plan, 0..<12)
    #expect(try (0..<12).flatMap { try certify(plan, $0..<$0 + 1) } == all)
  }

  @Test("a mask certifies more, since less may change", arguments: bounding)
  func masks(_ name: String) throws {
    let masks = RandomSource(Seed(75)).uniform(Self.trained.images.shape).isLess(than: 0.2)
      .to(.float32)
    let sizes = Self.sizes["linf"] ?? []
    let part = try certify(plan(name, sizes, mask: "nuisance"), masks: masks)
    let whole = try certify(plan(name, sizes))
    for (a, b) in zip(whole, part) { #expect((b.radius ?? -1) >= (a.radius ?? -1)) }
    let totals = [part, whole].map { all in all.reduce(0) { $0 + ($1.radius ?? 0) } }
    #expect(totals[0] > totals[1], "\(totals)")
  }

  @Test("a random classifier cannot be certified by bounds")
  func program() throws {
    struct Opaque: Classifier {
      let inputShape = InputShape(channels: 1, height: 6, width: 6)
      let classCount = 3
      let valueRange = 0.0...1.0
      let device = Device.cpu
      func logits(_ images: Tensor) -> Tensor { Tensor.zeros([images.shape[0], 3]) }
    }
    #expect(throws: Failure.self) { try plan("crown", [0.1]).check(Opaque()) }
    try plan("smoothing", [0.1]).check(Opaque())
  }

  @Test("settings are read as they are written", arguments: CertificateRegistry.names)
  func settings(_ name: String) throws {
    let plan = try plan(name, [0.2, 0.1, 0.2])
    #expect(plan.epsilons == [0.1, 0.2])
    let again = try CertificatePlan(
      name: name,
      Settings(
        plan.method.parameters.map {
          Settings.Entry(name: $0.key, value: .scalar($0.value), place: "a:1")
        } + [.init(name: "epsilon", value: .list([.scalar("0.1"), .scalar("0.2")]), place: "a:2")],
        place: "a:1"))
    #expect(again.text == plan.text)
  }

  @Test("unknown methods, empty sizes and sizes that are too large are refused")
  func refusals() throws {
    #expect(throws: Failure.self) { try plan("crwn", [0.1]) }
    #expect(throws: Failure.self) { try plan("crown", []) }
    #expect(throws: Failure.self) { try plan("crown norm=l1", [0.1]) }
    #expect(throws: Failure.self) { try plan("crown", [8]).check(Self.trained.network) }
  }
}
