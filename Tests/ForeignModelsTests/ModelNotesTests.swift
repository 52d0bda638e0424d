import ModelCore
import Support
import Testing

@testable import ForeignModels

@Suite("Notes about a model are read completely or refused with their place")
struct ModelNotesTests {
  @Test("every setting is read from JSON")
  func all() throws {
    let notes = try ModelNotes(
      json: #"""
        {"architecture": "small", "input": "3x4x4", "classes": ["a", "b"], "channels": "bgr",
         "range": [0, 255], "layout": "nhwc", "entry": "ema",
         "normalize": {"mean": [103.9, 116.8, 123.7], "std": [1, 1, 1]}}
        """#)
    #expect(
      notes.architecture == "small" && notes.classNames == ["a", "b"] && notes.channels == .bgr)
    #expect(notes.entry == "ema")
    #expect(notes.range == 0...255 && notes.layout == .nhwc && notes.input?.description == "3x4x4")
    let input = InputShape(channels: 3, height: 4, width: 4)
    #expect(try notes.preparation(for: input, in: 0...1).texts.first == "bgr")
    #expect(try ModelNotes(json: "") == ModelNotes())
  }

  @Test("the input may be a picture or a row of a table")
  func input() throws {
    #expect(try ModelNotes(json: #"{"input": "4"}"#).input == InputShape(features: 4))
    #expect(
      try ModelNotes(json: #"{"input": "1x2x3"}"#).input
        == InputShape(channels: 1, height: 2, width: 3))
  }

  @Test(
    "an invalid setting is refused, and the message names it",
    arguments: [
      (#"{"clases": 10}"#, "its crossfire.json has no 'clases'"),
      (#"{"classes": 1}"#, "classes: expected 2 to 65536 different names"),
      (#"{"classes": ["a", "a"]}"#, "classes: expected 2 to 65536 different names"),
      (#"{"range": [1, 0]}"#, "range: expected two rising numbers"),
      (
        #"{"normalize": {"mean": [1, 2], "std": [1, 1, 1]}}"#,
        "normalize has 2 means and 3 standard deviations"
      ),
      (#"{"normalize": {"mean": [1], "std": [0]}}"#, "std: expected numbers"),
      (#"{"channels": "gbr"}"#, "channels: 'gbr' is not known"),
      (#"{"input": "3x32"}"#, "input: expected a shape like 3x32x32"),
      (#"{"layers": ["conf 3"]}"#, "unknown layer 'conf'"),
      (#"{"architecture": "resnet19"}"#, "'resnet19' is not known"),
      (#"[1]"#, "expected a JSON object"), ("{", "is not JSON"),
      (#"{"input": null}"#, "is not JSON"),
    ])
  func refused(_ text: String, _ words: String) {
    let failure = #expect(throws: Failure.self) { try ModelNotes(json: text) }
    #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
  }

  @Test(
    "notes take precedence over others; an architecture and layers exclude each other"
  )
  func over() throws {
    let file = try ModelNotes(
      json: #"{"layers": ["flatten", "linear 2"], "input": "1x2x2", "range": [0, 255]}"#)
    let given = try ModelNotes(json: #"{"architecture": "mlp", "range": [-1, 1]}"#)
    let both = given.over(file)
    #expect(both.architecture == "mlp" && both.layers == nil && both.range == -1...1)
    #expect(both.input == file.input)
  }
}
