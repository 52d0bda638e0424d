import Support
import TestSupport
import Testing

@testable import ModelCore

@Suite("A layer's output has the shape that it declares")
struct LayerShapeTests {
  /// A layer's text, the shape of an input, and the expected shape of the output.
  static let table: [(text: String, input: [Int], output: [Int])] = [
    ("conv 4 kernel 3", [2, 7, 7], [4, 5, 5]),
    ("conv 4", [2, 7, 7], [4, 5, 5]),
    ("conv 4 kernel 3 padding 1", [2, 7, 9], [4, 7, 9]),
    ("conv 4 kernel 4 stride 2 padding 1", [3, 8, 8], [4, 4, 4]),
    ("conv 4 kernel 3 stride 2", [1, 8, 9], [4, 3, 4]),
    ("conv 4 kernel 3 stride 3x2 padding 1x0", [1, 8, 9], [4, 3, 4]),
    ("conv 4 kernel 3 dilation 2", [1, 9, 9], [4, 5, 5]),
    ("conv 4 kernel 3 padding 2 dilation 2x1", [1, 9, 9], [4, 9, 11]),
    ("conv 6 kernel 3 groups 3", [3, 5, 5], [6, 3, 3]),
    ("conv 4 kernel 5x1", [2, 7, 7], [4, 3, 7]),
    ("conv 4 kernel 1x5 padding 0x2 bias off", [2, 7, 7], [4, 7, 7]),
    ("conv 1 kernel 7", [1, 7, 7], [1, 1, 1]),
    ("conv 16 kernel 3 padding 1", [1, 8, 8], [16, 8, 8]),
    ("linear 5", [3], [5]),
    ("linear 1 bias off", [3], [1]), ("linear 5", [4, 3], [4, 5]),
    ("layernorm", [6], [6]), ("layernorm", [4, 6], [4, 6]), ("layernorm", [6, 4, 5], [6, 4, 5]),
    ("layerscale 0.1", [4, 6], [4, 6]), ("layerscale 0.1", [6, 4, 5], [6, 4, 5]),
    ("patches 6 size 2", [3, 4, 8], [8, 6]), ("classtoken", [4, 6], [5, 6]),
    ("positions", [4, 6], [4, 6]), ("token first", [4, 6], [6]), ("token mean", [4, 6], [6]),
    ("transpose", [4, 6], [6, 4]), ("attention heads 3", [4, 6], [4, 6]),
    ("windowattention heads 3 window 2", [6, 4, 4], [6, 4, 4]),
    ("windowattention heads 2 window 3 shift 1", [6, 5, 7], [6, 5, 7]),
    ("mergepatches", [3, 4, 6], [12, 2, 3]), ("mergepatches", [3, 5, 3], [12, 3, 2]),
    ("flatten", [4, 6], [24]), ("dropout 0.5", [4, 6], [4, 6]),
    ("residual [layernorm; linear 9; gelu tanh; linear 6]", [4, 6], [4, 6]),
    ("batchnorm", [3, 4, 5], [3, 4, 5]),
    ("batchnorm", [6], [6]),
    ("maxpool 2", [2, 8, 6], [2, 4, 3]),
    ("maxpool 2", [2, 7, 7], [2, 3, 3]),
    ("maxpool 3 stride 2 padding 1", [2, 8, 7], [2, 4, 4]),
    ("maxpool 2x3 stride 1", [2, 8, 6], [2, 7, 4]),
    ("avgpool 2", [2, 8, 6], [2, 4, 3]),
    ("avgpool 3 stride 2 padding 1", [2, 8, 7], [2, 4, 4]),
    ("avgpool 2x3", [2, 8, 6], [2, 4, 2]),
    ("globalavgpool", [3, 4, 5], [3, 1, 1]),
    ("jpeg 80", [1, 8, 9], [1, 8, 9]),
    ("jpeg 80", [3, 4, 5], [3, 4, 5]),
    ("bgr", [3, 4, 5], [3, 4, 5]),
    ("padchannels 2", [3, 4, 5], [7, 4, 5]),
    ("standardize", [3, 4, 5], [3, 4, 5]),
    ("localcontrast kernel 3 sigma 1", [3, 4, 5], [3, 4, 5]),
    ("flatten", [3, 4, 5], [60]),
    ("flatten", [7], [7]),
    ("dropout 0.5", [3, 4, 5], [3, 4, 5]),
    ("normalize mean 0.5,0.4,0.3 std 0.2,0.2,0.1", [3, 4, 5], [3, 4, 5]),
    ("normalize mean 0.5,0.4 std 0.2,0.2", [2], [2]),
    ("residual [conv 2 kernel 3 padding 1; relu]", [2, 5, 5], [2, 5, 5]),
    (
      "residual [conv 4 kernel 3 stride 2 padding 1; batchnorm] "
        + "shortcut [conv 4 kernel 1 stride 2]",
      [2, 6, 6],
      [4, 3, 3]
    ),
    ("codes", [6], [3]),
    ("residual [linear 3; relu; linear 6]", [6], [6]),
    ("residual [residual [relu]; conv 2 kernel 1]", [2, 3, 3], [2, 3, 3]),
    ("residual [] shortcut [relu]", [2, 3, 3], [2, 3, 3]),
    ("stochasticdepth 0.3", [3, 4, 5], [3, 4, 5]), ("stochasticdepth 0.3", [6], [6]),
    ("concat [conv 2 kernel 1; relu]", [3, 4, 5], [5, 4, 5]), ("concat [linear 2]", [3], [5]),
    ("gate [globalavgpool; conv 3 kernel 1; sigmoid]", [3, 4, 5], [3, 4, 5]),
    ("gate [sigmoid]", [6], [6]), ("gate [conv 3 kernel 1]", [3, 4, 5], [3, 4, 5]),
    ("pad 1,0,2,3", [2, 4, 5], [2, 9, 6]), ("storednormalize", [3, 4, 5], [3, 4, 5]),
    ("adaptiveavgpool 2x3", [2, 5, 7], [2, 2, 3]), ("adaptiveavgpool 7", [2, 1, 2], [2, 7, 7]),
    ("adaptiveavgpool 3", [2, 3, 3], [2, 3, 3]),
    ("relu6", [3], [3]), ("hardsigmoid", [3], [3]), ("hardswish", [3], [3]),
    ("relu", [3, 4], [3, 4]), ("leakyrelu 0.2", [3], [3]), ("sigmoid", [3], [3]),
    ("tanh", [3], [3]), ("elu", [3], [3]),
    ("gelu", [3], [3]), ("silu", [3], [3]), ("softplus", [3], [3]),
  ]

  @Test(
    "the shape is right in training and in evaluation, for one input and for several",
    arguments: table.indices)
  func outputShape(_ row: Int) throws {
    let (text, input, output) = Self.table[row]
    let list = try LayerList([text])
    #expect(try list.shapes(from: input) == [input, output], "\(text)")
    let needed = try list.parameters(for: input)
    let random = RandomSource(Seed(1))
    let start = needed.map { ($0.name, $0.start(.kaimingNormal, random)) }
    let parameters = LayerParameters(tensors: Dictionary(uniqueKeysWithValues: start))
    for count in [1, 3] {
      let x = random.normal([count] + input)
      for pass in [Pass.evaluation, .training(dropout: Seed(3))]
      where count > 1 || !pass.usesBatchStatistics {
        #expect(list.apply(x, parameters, pass).shape == [count] + output, "\(text)")
        #expect(list.apply(x.channelsLast, parameters, pass).shape == [count] + output, "\(text)")
      }
    }
  }

  @Test("the table of this test has every kind of layer")
  func complete() {
    let tested = Set(Self.table.map { $0.text.split(separator: " ")[0] }.map(String.init))
    #expect(tested == Set(LayerRegistry.kinds.map { $0.keyword }))
  }

  @Test("each keyword stands for one kind of layer")
  func keywords() {
    #expect(Set(LayerRegistry.kinds.map { $0.keyword }).count == LayerRegistry.kinds.count)
  }

  @Test(
    "a layer's values do not depend on the order of its input in memory", arguments: table.indices)
  func memoryOrder(_ row: Int) throws {
    let (text, input, _) = Self.table[row]
    let list = try LayerList([text])
    let random = RandomSource(Seed(2))
    let start = try list.parameters(for: input).map { ($0.name, $0.start(.kaimingNormal, random)) }
    let parameters = LayerParameters(tensors: Dictionary(uniqueKeysWithValues: start))
    let x = random.normal([4] + input)
    for pass in [Pass.evaluation, .training(dropout: nil, updatesStatistics: false)] {
      let plain = list.apply(x, parameters, pass)
      #expect(relativeError(list.apply(x.channelsLast, parameters, pass), plain) < 1e-5, "\(text)")
    }
  }

  @Test("normalisation subtracts the mean and divides by the deviation of each channel")
  func normalize() throws {
    let list = try LayerList(["normalize mean 0.5,1 std 0.5,0.25"])
    let x = Tensor.ones([1, 2, 1, 2])
    let y = list.apply(x, LayerParameters(tensors: [:]), .evaluation)
    #expect(y.floats() == [1, 1, 0, 0])
  }

  @Test("a residual block adds its shortcut")
  func residual() throws {
    let x = Tensor([-1, 2] as [Float], shape: [1, 2])
    let none = LayerParameters(tensors: [:])
    #expect(try LayerList(["residual [relu]"]).apply(x, none, .evaluation).floats() == [-1, 4])
    #expect(
      try LayerList(["residual [relu] shortcut [relu]"]).apply(x, none, .evaluation).floats() == [
        0, 4,
      ])
  }
}
