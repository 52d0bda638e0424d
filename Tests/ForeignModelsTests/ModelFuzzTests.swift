import Datasets
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Damaged model files: 250 per format, or as many as the environment variable CROSSFIRE_FUZZ says.
/// Tests/fuzz_models.sh sets it.
@Suite("A damaged model file is refused, or read within its bounds", .serialized)
struct ModelFuzzTests {
  static let count = ProcessInfo.processInfo.environment["CROSSFIRE_FUZZ"].flatMap(Int.init) ?? 250
  let folder = TemporaryFolder()

  /// Peak memory of this process in bytes.
  private var peak: Int {
    var usage = rusage()
    #if canImport(Glibc)
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss * 1024
    #else
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #endif
  }

  /// Reads damaged copies of some files. Each must be accepted or refused within ten seconds, and
  /// all together with 1 GB of memory.
  /// - Parameters:
  ///   - name: the name of the damaged file.
  ///   - model: the file that is read; the damaged one if it is nil.
  ///   - damaging: whether the files are sound and are damaged here.
  private func fuzz(
    _ sources: [Data], _ format: String, notes: ModelNotes, into name: String = "damaged",
    reading model: URL? = nil, damaging: Bool = true
  ) throws {
    var damage = Damage(seed: Seed(11).derive(format).value)
    let place = folder.appending(name)
    let before = peak
    var (read, slowest) = (0, 0.0)
    for trial in 0..<Self.count {
      let source = sources[trial % sources.count]
      let bytes = damaging ? damage.copy(of: source) : source
      try bytes.write(to: place)
      // A file that ends the process can be found there.
      if Self.count > 1000 {
        try bytes.write(
          to: FileManager.default.temporaryDirectory.appending(path: "fuzz-last.\(format)"))
      }
      let started = ContinuousClock.now
      do {
        _ = try LoadedModel(model ?? place, notes: notes)
        read += 1
      } catch let failure as Failure {
        #expect(!failure.message.isEmpty && failure.message.utf8.count < 10_000)
      }
      let took = ContinuousClock.now - started
      slowest = max(
        slowest, Double(took.components.seconds) + Double(took.components.attoseconds) * 1e-18)
    }
    #expect(slowest < 10)
    #expect(peak - before < 1 << 30)
    if Self.count > 1000 {
      print(
        "\(format): \(Self.count) files, \(read) accepted, slowest \(slowest) s, "
          + "memory grew by \((peak - before) >> 20) MB")
    }
  }

  @Test("damaged state dictionaries")
  func stateDictionaries() throws {
    let names = ["tiny.pth", "tiny.strided.pth", "tiny.wrapped.pth", "half.pth", "evil.pth"]
    try fuzz(
      names.map { try Data(contentsOf: Fixture.file($0)) }, "pth",
      notes: try ForeignModelTests.notes)
  }

  @Test("damaged files in the format before PyTorch 1.6")
  func oldFormat() throws {
    let names = ["old.pth", "old.protocol4.pth", "old.tiny.pth", "old.module.pth"]
    try fuzz(
      names.map { try Data(contentsOf: Fixture.file("Programs/\($0)")) }, "old.pth",
      notes: try ForeignModelTests.notes)
  }

  @Test("damaged indices of weights in several files, and damaged configurations")
  func folders() throws {
    let weights = try SafetensorsFile(Fixture.file("tiny.plain.safetensors"))
    let tensors = try weights.names.map { (name: $0, tensor: try weights.tensor($0)) }
    var map: [String: String] = [:]
    for (number, part) in [tensors.prefix(5), tensors.dropFirst(5)].enumerated() {
      let name = "model-\(number).safetensors"
      try SafetensorsFile.write(Array(part), metadata: [:], to: folder.appending(name))
      for tensor in part { map[tensor.name] = name }
    }
    let index = try JSONSerialization.data(
      withJSONObject: ["weight_map": map], options: [.sortedKeys])
    let notes = try ForeignModelTests.notes
    try index.write(to: folder.appending("model.safetensors.index.json"))
    _ = try LoadedModel(folder.appending("model.safetensors.index.json"), notes: notes)
    try fuzz([index], "index", notes: notes, into: "model.safetensors.index.json")
    try index.write(to: folder.appending("model.safetensors.index.json"))
    let configuration = try JSONSerialization.data(
      withJSONObject: [
        "architecture": "small", "label_names": ["a", "b", "c"], "global_pool": "avg",
        "pretrained_cfg": [
          "input_size": [3, 16, 16], "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.3],
          "crop_pct": 0.9,
        ] as [String: Any],
      ] as [String: Any], options: [.sortedKeys])
    // Every file is damaged in turn, and the folder is opened by its path.
    for (name, bytes) in [
      ("config.json", configuration),
      ("model-0.safetensors", try Data(contentsOf: folder.appending("model-0.safetensors"))),
    ] {
      try bytes.write(to: folder.appending(name))
      _ = try LoadedModel(folder.url, notes: notes)
      try fuzz([bytes], name, notes: notes, into: name, reading: folder.url)
      try bytes.write(to: folder.appending(name))
    }
  }

  @Test("damaged ONNX files of one operator each")
  func onnx() throws {
    let operators = try OnnxOperatorTests.names.map {
      Data(try OnnxOperatorTests.tensor("\($0).model").bytes())
    }
    try fuzz(operators, "onnx", notes: ModelNotes())
  }

  @Test("damaged ONNX files of whole networks")
  func network() throws {
    let names = ["tiny.onnx", "tiny.dynamo.onnx", "tiny.single.onnx"]
    try fuzz(
      names.map { try Data(contentsOf: Fixture.file($0)) }, "network.onnx", notes: ModelNotes())
  }

  @Test("damaged ONNX files of the families of networks, with weights in a file beside them")
  func families() throws {
    let data = OnnxFamilyTests.folder.appending(path: "onnx-families.data")
    try FileManager.default.copyItem(at: data, to: folder.appending("onnx-families.data"))
    let sources = try OnnxFamilyTests.names.map {
      Data(try OnnxFamilyTests.families.tensor("\($0).onnx").bytes())
    }
    try fuzz(sources, "families.onnx", notes: ModelNotes())
  }

  @Test("damaged files with the weights of an ONNX model")
  func weights() throws {
    let model = folder.appending("theirs.onnx")
    try FileManager.default.copyItem(at: Fixture.file("theirs.onnx"), to: model)
    let bytes = try Data(contentsOf: Fixture.file("theirs.onnx.data"))
    try fuzz([bytes], "onnx.data", notes: ModelNotes(), into: "theirs.onnx.data", reading: model)
  }

  @Test("names of the file with the weights that lead elsewhere")
  func locations() throws {
    let model = folder.appending("theirs.onnx")
    let inside = folder.appending("theirs.onnx.data")
    try FileManager.default.copyItem(at: Fixture.file("theirs.onnx.data"), to: inside)
    // A file outside of the folder that would fit.
    let outside = TemporaryFolder()
    try FileManager.default.copyItem(
      at: inside, to: outside.appending("theirs.onnx.data"))
    let pieces = [
      "..", "/", "./", "\0", "theirs", ".onnx", ".data", "~", "%2e", "etc/passwd", "\\",
    ]
    var damage = Damage(seed: Seed(12).value)
    let name = Data("theirs.onnx.data".utf8)
    let sound = try Data(contentsOf: Fixture.file("theirs.onnx"))
    for _ in 0..<Self.count {
      var other = Data()
      while other.count < name.count {
        other.append(Data(pieces[damage.draw(below: pieces.count)].utf8))
      }
      other = other.prefix(name.count)
      var bytes = sound
      while other != name, let place = bytes.firstRange(of: name) {
        bytes.replaceSubrange(place, with: other)
      }
      try bytes.write(to: model)
      if other == name { continue }
      #expect(throws: Failure.self) { try LoadedModel(model) }
    }
  }

  @Test("damaged archives of torch.export") func archives() throws {
    let sources = try ExportFixtures.names.map {
      Data(try ExportFixtures.archive.content("\($0).pt2"))
    }
    try fuzz(sources, "pt2", notes: ModelNotes())
  }

  @Test("archives of torch.export with other numbers, names and operators in their graph")
  func graphs() throws {
    var damage = Damage(seed: Seed(13).value)
    let sources = try ExportFixtures.names.map {
      try ZipArchive(Data(ExportFixtures.archive.content("\($0).pt2")), what: $0)
    }
    var copies: [Data] = []
    for trial in 0..<min(Self.count, 2_000) {
      let source = sources[trial % sources.count]
      copies.append(
        Data(
          storedZip(
            try source.names.map { name in
              let content = try source.content(name)
              return (name, name.hasSuffix(".json") ? damage.graph(content) : content)
            })))
    }
    try fuzz(copies, "graph.pt2", notes: ModelNotes(), damaging: false)
  }

  @Test("damaged safetensors files")
  func safetensors() throws {
    try fuzz(
      [try Data(contentsOf: Fixture.file("tiny.plain.safetensors"))], "safetensors",
      notes: ModelNotes())
  }
}

/// Makes damaged copies of a file, the same for the same seed.
///
/// A copy has one to four changes: bytes are changed, inserted, removed, duplicated, swapped or
/// filled, or the file is cut off. Two thirds of the changes are within 1,500 bytes of the
/// beginning or the end, where files describe their content.
struct Damage {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64.
  mutating func draw(below bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((z ^ (z >> 31)) % UInt64(max(bound, 1)))
  }

  private mutating func place(in bytes: Data) -> Int {
    let near = min(1500, bytes.count)
    return switch draw(below: 3) {
    case 0: draw(below: bytes.count)
    case 1: draw(below: near)
    default: bytes.count - 1 - draw(below: near)
    }
  }

  mutating func copy(of source: Data) -> Data {
    var bytes = Data(source)
    for _ in 0...draw(below: 4) where bytes.count > 8 {
      let place = place(in: bytes)
      let length = min(1 + draw(below: 8), bytes.count - place)
      switch draw(below: 9) {
      case 0: bytes[place] = UInt8(draw(below: 256))
      case 1: bytes[place] ^= 1 << UInt8(draw(below: 8))
      case 2: bytes.insert(UInt8(draw(below: 256)), at: place)
      case 3: bytes.removeSubrange(place..<place + length)
      case 4:
        bytes.insert(contentsOf: Data(bytes[place..<place + length]), at: self.place(in: bytes))
      case 5: bytes.swapAt(place, self.place(in: bytes))
      case 6: for index in place..<place + length { bytes[index] = 0xff }
      case 7: for index in place..<place + length { bytes[index] = 0 }
      default: if draw(below: 4) == 0 { bytes = bytes.prefix(place) } else { bytes[place] &+= 1 }
      }
    }
    return bytes
  }

  /// A graph in JSON with one to four numbers, names or operators replaced by others of the graph,
  /// or by extreme ones.
  mutating func graph(_ json: [UInt8]) -> [UInt8] {
    var text = String(decoding: json, as: UTF8.self)
    let extremes = [
      "0", "-1", "1", "2147483648", "9223372036854775807", "-9223372036854775808", "1e308", "null",
      "true", "[]", "65537", "3",
    ]
    let numbers = text.ranges(of: /-?\d+(?=[,\]}])/)
    let words = text.ranges(of: /"[A-Za-z_][A-Za-z0-9_.]*"(?=[,\]}])/)
    var changes: [(Range<String.Index>, String)] = []
    for _ in 0...draw(below: 4) {
      if draw(below: 2) == 0,
        let place = numbers.isEmpty ? nil : numbers[draw(below: numbers.count)]
      {
        changes.append((place, extremes[draw(below: extremes.count)]))
      } else if !words.isEmpty {
        let other = words[draw(below: words.count)]
        changes.append((words[draw(below: words.count)], String(text[other])))
      }
    }
    var last = text.endIndex
    for (place, other) in changes.sorted(by: { $0.0.lowerBound > $1.0.lowerBound })
    where place.upperBound <= last {
      last = place.lowerBound
      text.replaceSubrange(place, with: other)
    }
    return Array(text.utf8)
  }
}
