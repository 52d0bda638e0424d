import ModelCore
import Support
import Testing

@Suite("Architectures fit themselves to inputs and classes")
struct ArchitectureTests {
  @Test("each architecture has a name of its own and a summary of one line")
  func names() {
    let names = Architecture.all.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(Architecture.all.allSatisfy { !$0.summary.isEmpty && !$0.summary.contains("\n") })
  }

  @Test("an unknown name is refused, and the nearest name is suggested")
  func unknown() {
    let failure = #expect(throws: Failure.self) { try Architecture.named("smal") }
    #expect(failure?.kind == .usage)
    #expect(failure?.message == "unknown architecture 'smal'")
    #expect(failure?.hint?.hasPrefix("did you mean 'small'? (known: ") == true)
  }

  @Test(
    "each architecture fits the shape of the pictures and the number of classes",
    arguments: Architecture.all.map(\.name),
    [2, 100])
  func fits(_ name: String, _ classes: Int) throws {
    let description = try Architecture.named(name).description(
      input: InputShape(channels: 3, height: 32, width: 48),
      classNames: (0..<classes).map(String.init))
    #expect(try description.layers.shapes(from: [3, 32, 48]).last == [classes])
    #expect(description.valueRange == 0...1)
  }

  @Test(
    "for 1,000 classes of photographs, numbers of parameters are those of timm and torchvision",
    arguments: [
      ("vit-s16", 22_050_664), ("deit-s16", 22_050_664), ("vit-b16", 86_567_656),
      ("deit-b16", 86_567_656), ("swin-t", 28_288_354), ("convnext-t", 28_589_128),
      ("mixer-s16", 18_528_264), ("resnet18-imagenet", 11_689_512),
      ("resnet34-imagenet", 21_797_672), ("resnet50-imagenet", 25_557_032),
      ("resnet101-imagenet", 44_549_160), ("wideresnet50-2", 68_883_240),
      ("mobilenetv2", 3_504_872), ("mobilenetv3-small", 2_542_856),
      ("mobilenetv3-large", 5_483_032), ("efficientnet-b0", 5_288_548),
      ("densenet121", 7_978_856), ("vgg11-bn", 132_868_840), ("vgg13-bn", 133_053_736),
      ("vgg16-bn", 138_365_992), ("vgg19-bn", 143_678_248),
    ])
  func photographs(_ name: String, _ count: Int) throws {
    let description = try Architecture.named(name).description(
      input: InputShape(channels: 3, height: 224, width: 224),
      classNames: (0..<1000).map(String.init))
    let learned = try description.parameters().filter(\.isLearned)
    #expect(learned.reduce(0) { $0 + $1.shape.reduce(1, *) } == count)
  }

  @Test(
    "for 10 classes of small images, numbers of parameters are those of the published code",
    arguments: [
      ("resnet20", 269_722), ("resnet32", 464_154), ("resnet44", 658_586), ("resnet56", 853_018),
      ("resnet110", 1_727_962), ("preactresnet18", 11_171_146), ("wideresnet28-10", 36_479_194),
      ("wideresnet34-10", 46_160_474), ("wideresnet34-20", 184_531_674),
      ("wideresnet70-16", 266_796_506), ("wideresnet28-10-silu", 36_479_194),
      ("wideresnet34-10-silu", 46_160_474), ("wideresnet34-20-silu", 184_531_674),
      ("wideresnet70-16-silu", 266_796_506),
    ])
  func smallImages(_ name: String, _ count: Int) throws {
    let description = try Architecture.named(name).description(
      input: InputShape(channels: 3, height: 32, width: 32),
      classNames: (0..<10).map(String.init))
    let learned = try description.parameters().filter(\.isLearned)
    #expect(learned.reduce(0) { $0 + $1.shape.reduce(1, *) } == count)
  }

  @Test(
    "stochastic depth grows from 0 to the published probability of the last block",
    arguments: [("swin-t", 24, 0.2), ("convnext-t", 18, 0.1)])
  func stochasticDepth(_ name: String, _ blocks: Int, _ most: Double) throws {
    let texts = try Architecture.named(name).description(
      input: InputShape(channels: 3, height: 64, width: 64), classNames: ["a", "b"]
    ).layers.texts.filter { $0.hasPrefix("residual") }
    let probabilities = texts.map { text in
      text.split(separator: "stochasticdepth ").dropFirst().first
        .flatMap { Double($0.dropLast()) } ?? 0
    }
    #expect(probabilities.count == blocks)
    #expect(probabilities.first == 0 && probabilities.last == most)
    #expect(zip(probabilities, probabilities.dropFirst()).allSatisfy { $0 <= $1 })
  }

  @Test("mlp takes the sizes of its hidden layers, also for rows of a table")
  func hiddenLayers() throws {
    let rows = InputShape(features: 7)
    let network = try Architecture.named("mlp 50 30").description(
      input: rows, classNames: ["a", "b"])
    #expect(
      network.layers.texts == ["flatten", "linear 50", "relu", "linear 30", "relu", "linear 2"])
    #expect(
      try Architecture.named("mlp 9").description(input: rows, classNames: ["a", "b"]).layers
        .texts == ["flatten", "linear 9", "relu", "linear 2"])
    let plain = try Architecture.named("mlp").description(input: rows, classNames: ["a", "b"])
    let stated = try Architecture.named("mlp 256 128").description(
      input: rows, classNames: ["a", "b"])
    #expect(plain.layers.texts == stated.layers.texts)
    let smooth = try Architecture.named("mlp 9 8 softplus").description(
      input: rows, classNames: ["a", "b"])
    #expect(
      smooth.layers.texts
        == ["flatten", "linear 9", "softplus", "linear 8", "softplus", "linear 2"])
    for name in ["mlp softplus", "mlp 9 softplus 8", "mlp 9 relux", "mlp 9 softplus "] {
      #expect(!Architecture.isKnown(name), "\(name)")
    }
    for name in ["mlp 0", "mlp x", "mlp  5", "mlp 5 ", "mlp -1", "mlp 65537", "cnn 5"] {
      #expect(!Architecture.isKnown(name), "\(name)")
    }
    #expect(
      #expect(throws: Failure.self) { try Architecture.named("mlp 0") }?.hint?.contains(
        "'mlp 50 30'")
        == true)
  }

  @Test("pictures that are too small are refused, and the error names the layer")
  func tooSmall() throws {
    let failure = #expect(throws: Failure.self) {
      try Architecture.named("cnn").description(
        input: InputShape(channels: 1, height: 3, width: 3), classNames: ["a", "b"])
    }
    #expect(failure?.message.hasPrefix("layer 7 'maxpool 2' on input 64x1x1") == true)
  }
}
