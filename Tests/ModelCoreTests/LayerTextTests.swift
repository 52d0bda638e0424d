import ModelCore
import Support
import Testing

@Suite("Layers are written as texts")
struct LayerTextTests {
  @Test(
    "reading a text and writing the layer gives the same text",
    arguments: [
      "conv 32 kernel 5 padding 2", "conv 4 kernel 3", "conv 4 kernel 4 stride 2 padding 1",
      "conv 4 kernel 5x3 stride 2x1",
      "conv 6 kernel 3 padding 0x2 dilation 2 groups 3 bias off", "linear 10", "linear 10 bias off",
      "batchnorm",
      "batchnorm momentum 0.01", "batchnorm epsilon 0.001", "batchnorm momentum 0.01 epsilon 0.001",
      "maxpool 2",
      "maxpool 3 stride 2 padding 1", "maxpool 2x3", "avgpool 2x3 stride 2 padding 1",
      "globalavgpool", "flatten", "codes",
      "dropout 0.5", "dropout 0.0", "normalize mean 0.5,0.4,0.3 std 0.2,0.25,1.0",
      "residual [relu]",
      "residual [conv 4 kernel 3; batchnorm; relu] shortcut [conv 4 kernel 1 stride 2; batchnorm]",
      "residual [residual [relu; tanh] shortcut [relu]; silu]", "relu", "leakyrelu 0.2",
      "leakyrelu 1e-05", "sigmoid",
      "tanh",
      "elu", "gelu", "silu", "softplus", "relu6", "hardsigmoid",
      "hardswish",
      "stochasticdepth 0.1", "pad 0,1,0,1", "storednormalize", "adaptiveavgpool 7",
      "adaptiveavgpool 2x3", "concat [batchnorm; relu; conv 4 kernel 1 bias off]",
      "gate [globalavgpool; conv 2 kernel 1; relu; conv 4 kernel 1; sigmoid]", "gate [sigmoid]",
      "elu", "gelu", "gelu tanh", "layernorm", "layernorm epsilon 1e-06", "layerscale 1e-06",
      "patches 8 size 4", "classtoken", "positions", "token first", "token mean", "transpose",
      "attention heads 3", "windowattention heads 2 window 7",
      "windowattention heads 2 window 7 shift 3", "mergepatches", "silu",
      "softplus", "bgr", "padchannels 4",
    ])
  func roundTrip(_ text: String) throws {
    #expect(try LayerList([text]).texts == [text])
  }

  @Test(
    "other spellings of a layer are written in one form",
    arguments: [
      ("conv 4", "conv 4 kernel 3"), ("conv 4 kernel 3x3 stride 1", "conv 4 kernel 3"),
      ("leakyrelu", "leakyrelu 0.01"), ("layernorm epsilon 1e-5", "layernorm"),
      ("windowattention heads 2 window 7 shift 0", "windowattention heads 2 window 7"),
      ("maxpool 2 stride 2", "maxpool 2"), ("  relu ", "relu"), ("linear 3 bias on", "linear 3"),
      ("residual [ relu ;tanh ]", "residual [relu; tanh]"), ("batchnorm momentum 0.1", "batchnorm"),
    ])
  func spellings(_ text: String, _ canonical: String) throws {
    let list = try LayerList([text])
    #expect(list.texts == [canonical])
    #expect(try LayerList(list.texts) == list)
  }

  @Test(
    "a wrong text is refused, and the error says what is wrong",
    arguments: [
      ("", "a layer's text is empty"),
      ("   ", "a layer's text is empty"),
      ("convolution 3", "unknown layer 'convolution'"),
      ("Relu", "unknown layer 'Relu'"),
      ("relu 3", "layer 'relu 3': unexpected word '3'"),
      ("conv", "layer 'conv': the number of output channels is missing"),
      ("conv 0", "must be a whole number from 1 to 1000000, found '0'"),
      ("conv -4", "found '-4'"),
      ("conv 99999999999999999999", "found '99999999999999999999'"),
      ("conv 4 kernel", "kernel is missing"),
      ("conv 4 kernel 0", "kernel must be like 5 or 5x3, found '0'"),
      ("conv 4 kernel 3x", "found '3x'"),
      ("conv 4 kernel 3x3x3", "found '3x3x3'"),
      ("conv 4 kernel 3 stride 0", "stride must be like 5 or 5x3, found '0'"),
      ("conv 4 kernel 3 padding -1", "found '-1'"),
      ("conv 4 kernel 3 groups 0", "groups must be"),
      ("conv 4 stride 2 kernel 3", "unexpected word 'kernel'"),
      ("linear", "the number of outputs is missing"),
      ("linear 2.5", "found '2.5'"),
      ("maxpool", "the size of the pooling window is missing"),
      ("maxpool 2 padding 2", "the padding must be at most half the pooling window 2, found 2"),
      ("dropout", "the probability is missing"),
      ("dropout 1", "the probability must be at least 0 and less than 1"),
      ("dropout -0.1", "the probability must be at least 0 and less than 1"),
      ("dropout nan", "must be a number, found 'nan'"),
      ("batchnorm momentum x", "momentum must be a number, found 'x'"),
      ("normalize std 1", "'mean M,M,M' is missing"),
      ("normalize mean 0.5", "'std S,S,S' is missing"),
      ("normalize mean 0.5 std 0", "std must be as many positive numbers as there are in mean (1)"),
      (
        "normalize mean 0.5,0.5 std 1",
        "std must be as many positive numbers as there are in mean (2)"
      ),
      ("normalize mean 0.5,,1 std 1", "mean must be numbers like 0.5,0.4"),
      ("patches 8", "patches: 'size P' is missing"),
      ("patches 8 size 65537", "the size must be at most 65536 pixels, found 65537"),
      ("attention", "attention: 'heads H' is missing"),
      ("windowattention heads 2", "windowattention: 'window W' is missing"),
      (
        "windowattention heads 2 window 7 shift 7",
        "the window must be at most 64 pixels and the shift less than the window, found window 7 "
          + "and shift 7"
      ),
      ("windowattention heads 2 window 65", "at most 64 pixels"),
      ("layernorm epsilon 0", "epsilon must be from 1e-15 to 1.0, found 0.0"),
      ("token last", "the token must be first or mean, found 'last'"),
      ("layerscale", "the first value of the factors is missing"),
      ("gelu sigmoid", "unexpected word 'sigmoid'"),
      ("residual", "the body must be a list in brackets"),
      ("residual [relu", "the closing bracket of the body is missing"),
      ("residual [relu] shortcut relu", "the shortcut must be a list in brackets"),
      ("residual [rellu]", "unknown layer 'rellu'"),
      ("gate", "the body must be a list in brackets"),
      ("concat relu", "the body must be a list in brackets"),
      ("stochasticdepth 1", "the probability must be at least 0 and less than 1"),
      ("pad", "the columns and rows to add is missing"),
      ("pad 1,1,1", "expected four whole numbers from 0 to 65536"),
      ("pad 0,1,0,-1", "expected four whole numbers from 0 to 65536"),
      ("pad 0,1,0,0.5", "expected four whole numbers from 0 to 65536"),
      ("adaptiveavgpool 0", "the size of the output must be like 5 or 5x3, found '0'"),
      ("residual [relu] ]", "unexpected word ']'"),
    ])
  func refused(_ text: String, _ reason: String) {
    let failure = #expect(throws: Failure.self, "\(text)") { try LayerList([text]) }
    #expect(failure?.kind == .badData)
    #expect(failure?.message.contains(reason) == true, "\(failure?.message ?? "")")
  }

  @Test(
    "values that are not allowed are refused",
    arguments: ["linear 3 bias maybe", "batchnorm epsilon -1", "batchnorm momentum 2"])
  func refusedValues(_ text: String) {
    #expect(throws: Failure.self) { try LayerList([text]) }
  }

  @Test("an unknown keyword is refused, and the nearest keyword is suggested")
  func nearest() {
    let failure = #expect(throws: Failure.self) { try LayerList(["batchnrom"]) }
    #expect(failure?.hint?.hasPrefix("did you mean 'batchnorm'? (known: conv, linear,") == true)
  }

  @Test("a layer that does not fit its input is named with its index and that shape")
  func misfits() {
    func message(_ texts: [String], _ input: [Int]) -> String? {
      #expect(throws: Failure.self) { try LayerList(texts).shapes(from: input) }?.message
    }
    #expect(
      message(["relu", "linear 3"], [1, 8, 8])
        == "layer 1 'linear 3' on input 1x8x8: this layer needs a row of numbers, "
        + "found a picture 1x8x8")
    #expect(
      message(["conv 4 kernel 9"], [1, 8, 8])
        == "layer 0 'conv 4 kernel 9' on input 1x8x8: the output would be empty")
    #expect(
      message(["flatten", "conv 4"], [1, 8, 8])?.hasPrefix("layer 1 'conv 4 kernel 3' on input 64:")
        == true)
    #expect(
      message(["conv 4 kernel 3 groups 2"], [3, 8, 8])?.contains(
        "the number of groups, 2, must divide both the 3 input channels and the 4 output channels")
        == true)
    #expect(
      message(["normalize mean 0 std 1"], [3, 8, 8])?.contains("1 channels, the input has 3")
        == true)
    #expect(
      message(["residual [conv 4 kernel 3]"], [4, 8, 8])?.contains("the shortcut's [4, 8, 8]")
        == true
    )
    #expect(
      message(["gate [globalavgpool; conv 3 kernel 1]"], [4, 8, 8])?.contains(
        "or one number for each channel, [4, 1, 1]; found [3, 1, 1]") == true)
    #expect(
      message(["concat [conv 4 kernel 3]"], [4, 8, 8])?.contains("must differ from the input")
        == true)
    #expect(
      message(["conv 1000000 kernel 1", "conv 1 kernel 1"], [1, 100, 100])?.contains("is too large")
        == true)
  }

  @Test(
    "a layer that needs a picture refuses a row of numbers and says so",
    arguments: [
      "conv 4 kernel 3", "maxpool 2", "avgpool 2", "globalavgpool",
      "localcontrast kernel 3 sigma 1.0",
      "bgr", "jpeg 75", "pad 1,1,1,1", "adaptiveavgpool 7",
    ])
  func needsPicture(_ text: String) throws {
    let failure = #expect(throws: Failure.self) { try LayerList([text]).shapes(from: [4]) }
    #expect(
      failure?.message
        == "layer 0 '\(text)' on input 4: this layer needs a picture (channels x height x width), "
        + "found a row of 4 numbers")
  }

  @Test(
    "a layer for tokens refuses a picture, and one for pictures or rows refuses tokens",
    arguments: [
      ("classtoken", [3, 8, 8], "needs tokens (their number x the size of each), found a picture"),
      ("attention heads 2", [8], "needs tokens (their number x the size of each), found a row"),
      ("batchnorm", [4, 8], "needs a picture or a row of numbers, found 4 tokens of 8 numbers"),
      ("normalize mean 0,0,0,0 std 1,1,1,1", [4, 8], "needs a picture or a row of numbers"),
      ("padchannels 1", [4, 8], "needs a picture or a row of numbers"),
      ("conv 4 kernel 3", [4, 8], "found 4 tokens of 8 numbers"),
      (
        "attention heads 3", [4, 8],
        "the number of heads, 3, must divide the size of the tokens, 8"
      ),
      ("windowattention heads 3 window 2", [4, 8, 8], "heads, 3, must divide the size"),
      (
        "patches 8 size 16", [3, 224, 230],
        "a picture of 224x230 pixels cannot be cut into patches of 16x16"
      ),
    ])
  func tokens(_ text: String, _ input: [Int], _ reason: String) {
    let failure = #expect(throws: Failure.self) { try LayerList([text]).shapes(from: input) }
    #expect(failure?.message.contains(reason) == true, "\(failure?.message ?? "")")
  }

  @Test(
    "the other layers accept a row of numbers",
    arguments: [
      "linear 3", "batchnorm", "flatten", "dropout 0.5", "standardize", "relu", "residual [tanh]",
      "gate [sigmoid]", "concat [tanh]", "stochasticdepth 0.1", "storednormalize", "hardswish",
      "layernorm", "layerscale 0.1",
    ])
  func acceptsRow(_ text: String) throws {
    #expect(try LayerList([text]).shapes(from: [4]).last?.count == 1)
  }
}
