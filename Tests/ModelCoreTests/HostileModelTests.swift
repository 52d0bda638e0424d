import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("A model with invalid metadata is refused, and the message names the file")
struct HostileModelTests {
  let folder = TemporaryFolder()
  var place: URL { folder.appending("hostile.safetensors") }

  private func refusal(_ metadata: [String: String]) throws -> String {
    try SafetensorsFile.write(
      [("1.weight", Tensor.ones([2, 4])), ("1.bias", Tensor.ones([2]))], metadata: metadata,
      to: place)
    let failure = #expect(throws: Failure.self, "\(metadata)") { try ModelFile(place) }
    #expect(failure?.kind == .badData)
    #expect(failure?.message.hasPrefix(place.path) == true, "\(failure?.message ?? "")")
    #expect(failure?.message.contains("\n") == false)
    return failure?.message ?? ""
  }

  /// A header as Crossfire writes it, with some parts replaced.
  private func header(
    format: String = "1", input: String = #""1x2x2""#, layers: String = #"["flatten", "linear 2"]"#,
    range: String = "[0, 1]", classes: String = #"["a", "b"]"#
  ) -> [String: String] {
    let model =
      #"{"input": \#(input), "layers": \#(layers), "#
      + #""valueRange": \#(range), "classNames": \#(classes)}"#
    return ["crossfire": #"{"format": \#(format), "model": \#(model)}"#]
  }

  @Test("the header without changes is accepted")
  func sound() throws {
    try SafetensorsFile.write(
      [("1.weight", Tensor.ones([2, 4])), ("1.bias", Tensor.ones([2]))], metadata: header(),
      to: place)
    #expect(try ModelFile(place).network.classCount == 2)
  }

  @Test(
    "a text that is not a description is refused",
    arguments: [
      "", "{}", "[]", "3", "null", "{", #"{"format":1}"#, #"{"format":"1"}"#,
      String(repeating: "[", count: 20_000),
    ])
  func noDescription(_ text: String) throws {
    _ = try refusal(["crossfire": text])
  }

  @Test("a description in another format is refused")
  func format() throws {
    #expect(
      try refusal(header(format: "2")) == "\(place.path): the model has format 2, expected 1")
  }

  @Test(
    "an invalid input shape is refused",
    arguments: [
      #""0x2x2""#, #""1x2""#, #""1x99999x2""#, #""""#, "[1, 2, 2]", "null", #""1x65536x65536""#,
    ])
  func inputs(_ input: String) throws { _ = try refusal(header(input: input)) }

  @Test(
    "layers that do not fit the tensors, the input or the limits are refused",
    arguments: [
      "[]", "3", "[1]", #"["flatten"]"#, #"["linear 2"]"#, #"["flatten", "linear 3"]"#,
      #"["flatten", "linear 1000000"]"#,
      #"["flatten", "linear 2", "relu 7"]"#, #"["flatten", "unknown"]"#,
      #"["conv 2 kernel 65536 padding 65536", "flatten", "linear 2"]"#,
      #"["flatten", "linear 1000000", "linear 2"]"#,
      #"["conv 1000000 kernel 65536 padding 65536", "globalavgpool", "flatten", "linear 2"]"#,
    ])
  func layers(_ layers: String) throws { _ = try refusal(header(layers: layers)) }

  @Test("invalid value ranges and classes are refused")
  func others() throws {
    for range in ["[1, 0]", "[0]", "3", "null", #"["0", "1"]"#] {
      _ = try refusal(header(range: range))
    }
    for classes in ["[]", #"["a"]"#, #"["a", "b", "c"]"#, "[1, 2]", "null"] {
      _ = try refusal(header(classes: classes))
    }
  }

  @Test("invalid metadata layers and input are refused")
  func plainMetadata() throws {
    _ = try refusal(["layers": "[", "input": "1x2x2"])
    _ = try refusal(["layers": #"["flatten", "linear 2"]"#, "input": ""])
    _ = try refusal(["layers": #"["flatten", "linear 2"]"#, "input": "2x2"])
    _ = try refusal(["layers": "[]", "input": "1x2x2"])
    _ = try refusal(["layers": #"["flatten", "linear 1"]"#, "input": "1x2x2"])
  }

  @Test("layers nested hundreds of levels deep are refused, since they would fill the memory")
  func nested() throws {
    let depth = 300
    let text =
      String(repeating: "residual [", count: depth) + "relu" + String(repeating: "]", count: depth)
    #expect(throws: Failure.self) { try LayerList([text]) }
  }

  @Test(
    "weights of another element type are refused or converted, and never end the process")
  func elementTypes() async {
    await #expect(processExitsWith: .success) {
      let place = FileManager.default.temporaryDirectory.appending(
        path: "crossfire-types-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: place) }
      let tensors = [
        ("1.weight", Tensor.ones([2, 4], type: .int32)),
        ("1.bias", Tensor.ones([2], type: .float64)),
      ]
      let metadata = ["layers": #"["flatten", "linear 2"]"#, "input": "1x2x2"]
      try SafetensorsFile.write(tensors, metadata: metadata, to: place)
      guard let network = try? ModelFile(place).network else { return }
      _ = network.predictions(Tensor.ones([1, 1, 2, 2]))
    }
  }
}
