import Foundation
import ModelCore
import Support

/// The content of an ONNX file: the nodes of its graph in the order in which they are computed, and
/// the constants they use. Format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
struct OnnxFile {
  /// One operator of the graph, with the names of the values that it takes and gives.
  struct Node {
    var operation = ""
    var name = ""
    var domain = ""
    var inputs: [String] = []
    var outputs: [String] = []
    var attributes: [String: Attribute] = [:]
    var index = 0

    /// The node in error messages: `node 'conv1' (Conv)`, or by its index if it has no name.
    var label: String {
      "node \(name.isEmpty ? "\(index)" : "'\(name.prefix(80))'") (\(operation.prefix(40)))"
    }
  }

  enum Attribute {
    case int(Int)
    case float(Double)
    case text(String)
    case ints([Int])
    case floats([Double])
    case tensor(Tensor)
    case other
  }

  /// An input of the graph. A size is nil if the file leaves it free.
  struct Input {
    var name = ""
    var type = 0
    var shape: [Int?]?
  }

  private(set) var nodes: [Node] = []
  private(set) var constants: [String: Tensor] = [:]
  /// The inputs that are not constants.
  private(set) var inputs: [Input] = []
  private(set) var outputs: [String] = []
  /// The shapes that the file states for the outputs, in the same order.
  private(set) var outputShapes: [[Int?]?] = []
  /// The version of the standard operators (the opset).
  private(set) var operators = 0
  private(set) var metadata: [String: String] = [:]
  private let dataFiles: OnnxDataFiles

  static let mostParts = 100_000

  /// - Throws: `Failure.missing` if the file, or one beside it with numbers, cannot be read;
  ///   `Failure.badData` if it is damaged, or holds what no image classifier needs.
  init(_ url: URL) throws {
    guard let data = try? Data(contentsOf: url, options: .alwaysMapped) else {
      throw Failure.unreadable(url)
    }
    dataFiles = OnnxDataFiles(of: url)
    var graph: Data?
    var reader = ProtobufReader(data)
    while let (number, value) = try reader.next() {
      switch number {
      case 7: graph = try value.message()
      case 8:
        let (domain, version) = try Self.pair(value)
        if domain.isEmpty || domain == "ai.onnx" { operators = version }
      case 14:
        let (key, text) = try value.pairOfTexts()
        metadata[key] = text
      case 25:
        throw Failure.badData(
          "it defines functions of its own, which are not supported",
          hint: "replace them by operators with onnx.inliner.inline_local_functions")
      default: break
      }
    }
    guard let graph else {
      throw Failure.badData(
        "it has no graph", hint: "the file may be truncated, or not an ONNX model: export it again")
    }
    guard operators >= 7 else {
      throw Failure.badData(
        "its operators have version \(operators), expected 7 or later",
        hint: "export it again, for example with opset_version=17")
    }
    try read(graph: graph)
    inputs.removeAll { constants[$0.name] != nil }
  }

  private static func pair(_ value: ProtobufReader.Value) throws -> (domain: String, version: Int) {
    var reader = ProtobufReader(try value.message())
    var (domain, version) = ("", 0)
    while let (number, value) = try reader.next() {
      if number == 1 { domain = try value.text() }
      if number == 2 { version = try value.int() }
    }
    return (domain, version)
  }

  /// SHA-256 of the file and of the files beside it that hold its numbers.
  func digest(_ url: URL) throws -> String {
    let own = try Digest.hex(ofFile: url)
    let others = try dataFiles.places.map { try Digest.hex(ofFile: $0) }
    return others.isEmpty ? own : Digest.hex(of: ([own] + others).joined(separator: "\n"))
  }

  private mutating func read(graph: Data) throws {
    var reader = ProtobufReader(graph)
    while let (number, value) = try reader.next() {
      switch number {
      case 1:
        var node = try node(value.message())
        node.index = nodes.count
        nodes.append(node)
      case 5:
        let (name, tensor) = try OnnxTensor.read(value.message(), dataFiles)
        constants[name] = tensor
      case 11: inputs.append(try Self.input(value.message()))
      case 12:
        let output = try Self.input(value.message())
        outputs.append(output.name)
        outputShapes.append(output.shape)
      case 15: throw Failure.badData("it contains sparse tensors, which are not supported")
      default: break
      }
      guard nodes.count + constants.count + inputs.count + outputs.count <= Self.mostParts else {
        throw Failure.badData("its graph has more than \(Self.mostParts) parts")
      }
    }
  }

  private func node(_ data: Data) throws -> Node {
    var node = Node()
    var reader = ProtobufReader(data)
    while let (number, value) = try reader.next() {
      switch number {
      case 1: node.inputs.append(try value.text())
      case 2: node.outputs.append(try value.text())
      case 3: node.name = try value.text()
      case 4: node.operation = try value.text()
      case 5:
        let (name, attribute) = try attribute(value.message())
        node.attributes[name] = attribute
      case 7: node.domain = try value.text()
      default: break
      }
      guard node.inputs.count + node.outputs.count + node.attributes.count <= 10_000 else {
        throw Failure.badData("\(node.label) has more than 10000 inputs, outputs and attributes")
      }
    }
    return node
  }

  private func attribute(_ data: Data) throws -> (String, Attribute) {
    var reader = ProtobufReader(data)
    var (name, single, type) = ("", Attribute.other, 0)
    var (ints, floats): ([Int], [Double]) = ([], [])
    while let (number, value) = try reader.next() {
      switch number {
      case 1: name = try value.text()
      case 2:
        if case .fixed32(let bits) = value { single = .float(Double(Float(bitPattern: bits))) }
      case 3: single = .int(try value.int())
      case 4: single = .text(String(decoding: try value.message(), as: UTF8.self))
      case 5: single = .tensor(try OnnxTensor.read(value.message(), dataFiles).tensor)
      case 7: try ProtobufReader.add(value, to: &floats, width: 4)
      case 8: try ProtobufReader.add(value, to: &ints)
      case 20: type = try value.int()
      default: break
      }
    }
    // Before version 3 of the format, files did not state the type of an attribute.
    if type == 7 || (type == 0 && !ints.isEmpty) { return (name, .ints(ints)) }
    if type == 6 || (type == 0 && !floats.isEmpty) { return (name, .floats(floats)) }
    return (name, single)
  }
}

// MARK: - Inputs

extension OnnxFile {
  private static func input(_ data: Data) throws -> Input {
    var reader = ProtobufReader(data)
    var input = Input()
    while let (number, value) = try reader.next() {
      if number == 1 { input.name = try value.text() }
      guard number == 2 else { continue }
      var type = ProtobufReader(try value.message())
      while let (number, value) = try type.next() {
        guard number == 1 else { continue }
        var tensor = ProtobufReader(try value.message())
        while let (number, value) = try tensor.next() {
          if number == 1 { input.type = try value.int() }
          if number == 2 { input.shape = try shape(value.message()) }
        }
      }
    }
    return input
  }

  private static func shape(_ data: Data) throws -> [Int?] {
    var reader = ProtobufReader(data)
    var shape: [Int?] = []
    while let (number, value) = try reader.next() {
      guard number == 1 else { continue }
      var dimension = ProtobufReader(try value.message())
      var size: Int?
      while let (number, value) = try dimension.next() { if number == 1 { size = try value.int() } }
      shape.append(size)
      guard shape.count <= 64 else { throw Failure.badData("an input has more than 64 dimensions") }
    }
    return shape
  }

  /// The number of images at a time that the file states; nil if it leaves it free.
  var batchSize: Int? { inputs.first?.shape?.first ?? nil }
}
