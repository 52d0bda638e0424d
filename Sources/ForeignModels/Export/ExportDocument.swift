import Foundation
import Support

/// What the JSON in an archive of torch.export says: PyTorch's `ExportedProgram`, as in
/// torch/_export/serde/schema.py. Only the fields that are used are read.
struct ExportDocument: Decodable {
  struct Version: Decodable { let major: Int, minor: Int }

  struct Module: Decodable {
    let graph: Graph
    let signature: Signature
    private let calls: [Call]?

    private enum CodingKeys: String, CodingKey {
      case graph, signature
      case calls = "module_call_graph"
    }

    /// The keys of the outputs, if the program returns a dictionary of tensors.
    var outputKeys: [String] {
      guard let text = calls?.first?.signature?.outputs,
        let tree = try? JSONDecoder().decode(OutputTree.self, from: Data(text.utf8))
      else { return [] }
      return tree.keys
    }
  }

  /// How the program that was exported is called. The form of its output is JSON in a text.
  private struct Call: Decodable {
    struct Signature: Decodable {
      let outputs: String
      private enum CodingKeys: String, CodingKey { case outputs = "out_spec" }
    }
    let signature: Signature?
  }

  /// The form of an output: a version, and a tree whose root may be a dictionary. The keys of a
  /// dictionary are JSON in a text again.
  private struct OutputTree: Decodable {
    private struct Root: Decodable {
      let type: String?
      let context: String?
    }
    let keys: [String]

    init(from decoder: any Decoder) throws {
      var parts = try decoder.unkeyedContainer()
      _ = try parts.decode(Int.self)
      let root = try parts.decode(Root.self)
      let isDictionary = ["builtins.dict", "collections.OrderedDict"].contains(root.type ?? "")
      keys =
        isDictionary
        ? try JSONDecoder().decode([String].self, from: Data((root.context ?? "").utf8)) : []
    }
  }

  struct Graph: Decodable {
    let inputs: [ExportArgument]
    let outputs: [ExportArgument]
    let nodes: [Node]
    let tensors: [String: Meta]

    private enum CodingKeys: String, CodingKey {
      case inputs, outputs, nodes
      case tensors = "tensor_values"
    }
  }

  struct Node: Decodable {
    struct Input: Decodable {
      let name: String
      let value: ExportArgument
      private enum CodingKeys: String, CodingKey {
        case name
        case value = "arg"
      }
    }
    /// The operator, such as "torch.ops.aten.conv2d.default".
    let target: String
    let inputs: [Input]
    let outputs: [ExportArgument]
  }

  /// What each input and output of the graph stands for.
  struct Signature: Decodable {
    let inputs: [ExportInput]
    /// The kind of each output, such as "user_output".
    let outputs: [ExportOutputKind]
    private enum CodingKeys: String, CodingKey {
      case inputs = "input_specs"
      case outputs = "output_specs"
    }
  }

  /// The shape and the type of a tensor.
  struct Meta: Decodable {
    let type: Int
    let sizes: [ExportSize]
    let strides: [ExportSize]
    let offset: ExportSize
    let layout: Int
    private enum CodingKeys: String, CodingKey {
      case type = "dtype"
      case sizes, strides
      case offset = "storage_offset"
      case layout
    }
  }

  /// Where the numbers of a weight are.
  struct Payload: Decodable {
    let path: String
    let isPickled: Bool
    let meta: Meta?
    private enum CodingKeys: String, CodingKey {
      case path = "path_name"
      case isPickled = "use_pickle"
      case meta = "tensor_meta"
    }
  }
  struct Payloads: Decodable { let config: [String: Payload] }

  let module: Module
  let version: Version
  private let writer: String?

  private enum CodingKeys: String, CodingKey {
    case module = "graph_module"
    case version = "schema_version"
    case writer = "torch_version"
  }

  /// The most nodes, inputs and outputs of a graph. The largest networks have some ten thousand.
  static let mostParts = 200_000

  /// - Throws: `Failure.badData` if the schema has another major version, with which fields may
  ///   have another meaning.
  func checkVersion() throws {
    guard version.major == 8 else {
      throw ExportArchive.otherVersion(
        "its schema has version \(version.major).\(version.minor), written by PyTorch "
          + "\((writer ?? "of an unknown version").prefix(40)), expected version 8")
    }
    let graph = module.graph
    guard graph.nodes.count + graph.inputs.count + graph.outputs.count <= Self.mostParts else {
      throw Failure.badData("its graph has more than \(Self.mostParts) parts")
    }
  }
}

/// A size that is known, or one that the graph leaves free, such as the number of images.
enum ExportSize: Decodable, Equatable {
  case number(Int)
  case free

  private enum CodingKeys: String, CodingKey { case number = "as_int" }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    self = try fields.decodeIfPresent(Int.self, forKey: .number).map { .number($0) } ?? .free
  }

  /// The size, or −1 if it is free.
  var known: Int { if case .number(let number) = self { number } else { -1 } }
}

/// What an input of the graph stands for.
enum ExportInput: Decodable {
  case images(String)
  case weight(input: String, name: String, isLearned: Bool)
  case constant(input: String, name: String)
  case other(kind: String)

  private struct Named: Decodable { let name: String }
  private struct Weight: Decodable {
    let arg: Named
    let parameter: String?
    let buffer: String?
    let isPersistent: Bool?
    let constant: String?
    private enum CodingKeys: String, CodingKey {
      case arg
      case parameter = "parameter_name"
      case buffer = "buffer_name"
      case isPersistent = "persistent"
      case constant = "tensor_constant_name"
    }
  }
  private struct User: Decodable { let arg: ExportArgument }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: ExportKey.self)
    guard let key = fields.allKeys.first, fields.allKeys.count == 1 else {
      throw Failure.badData("an input of its graph has no kind")
    }
    func weight() throws -> Weight { try fields.decode(Weight.self, forKey: key) }
    switch key.stringValue {
    case "user_input":
      guard case .tensor(let name) = try fields.decode(User.self, forKey: key).arg else {
        self = .other(kind: "a number")
        return
      }
      self = .images(name)
    case "parameter":
      let found = try weight()
      self = .weight(input: found.arg.name, name: found.parameter ?? "", isLearned: true)
    case "buffer":
      // Buffers that a state dictionary leaves out are stored among the constants.
      let found = try weight()
      let name = found.buffer ?? ""
      self =
        found.isPersistent ?? true
        ? .weight(input: found.arg.name, name: name, isLearned: false)
        : .constant(input: found.arg.name, name: name)
    case "tensor_constant":
      let found = try weight()
      self = .constant(input: found.arg.name, name: found.constant ?? "")
    case let kind: self = .other(kind: kind)
    }
  }
}

/// The kind of an output of the graph, such as `user_output` or `buffer_mutation`.
struct ExportOutputKind: Decodable {
  let name: String

  init(from decoder: any Decoder) throws {
    name = try decoder.container(keyedBy: ExportKey.self).allKeys.first?.stringValue ?? ""
  }
}
