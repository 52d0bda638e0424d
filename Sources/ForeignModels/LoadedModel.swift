import Foundation
import ModelCore
import Support

/// A model from a file of any kind, in the form in which it is attacked and judged.
public struct LoadedModel: Sendable {
  /// The kinds of files that are read.
  public enum Format: String, Codable, Sendable {
    case crossfire = "model file"
    case weights = "weights"
    case script = "TorchScript"
    case onnx = "ONNX"

    /// Where a model comes from, for people.
    public var origin: String { self == .crossfire ? "from a file" : "from a file (\(rawValue))" }
  }

  public let format: Format
  public let classifier: any Classifier
  /// The network, if it is one of our layers.
  public let network: Network?
  public let training: TrainingRecord?
  /// The names of its classes, if they were told.
  public let classNames: [String]?
  /// How many numbers were learned.
  public let parameters: Int
  /// SHA-256 of all that its answers depend on.
  public let fingerprint: String

  /// What is known of the images a model is loaded for, where neither its file nor its notes tell.
  public struct Images: Sendable {
    public let shape: InputShape
    public let classNames: [String]

    public init(shape: InputShape, classNames: [String]) {
      self.shape = shape
      self.classNames = classNames
    }
  }

  /// Reads a model.
  /// - Parameters:
  ///   - notes: what is said of it; goes before what the file says of itself.
  ///   - images: what it is loaded for.
  /// - Throws: `Failure` naming the file, what was expected and what was found.
  public init(
    _ url: URL, notes: ModelNotes = ModelNotes(), for images: Images? = nil, device: Device = .cpu
  ) throws {
    do {
      switch try ModelFileKind(url) {
      case .safetensors: self = try Self.safetensors(url, notes, images, device)
      case .script: self = try Self.script(url, notes, images, device)
      case .stateDictionary:
        let network = try StateDictionary(archive: url).network(notes, for: images, device: device)
        try self.init(network, .weights)
      case .onnx: self = try Self.onnx(url, notes, images, device)
      }
    } catch let failure as Failure {
      guard !failure.message.hasPrefix(url.path) else { throw failure }
      throw Failure(failure.kind, "\(url.path): \(failure.message)", hint: failure.hint)
    }
  }

  /// A model of ours.
  public init(_ file: ModelFile) throws {
    try self.init(file.network, .crossfire, file.training)
  }

  private init(_ network: Network, _ format: Format, _ training: TrainingRecord? = nil) throws {
    self.format = format
    self.network = network
    self.training = training
    classifier = try network.frozen()
    classNames = network.description.classNames
    parameters = network.learned.reduce(0) { $0 + $1.count }
    fingerprint = network.fingerprint
  }

  private init(
    _ model: ForeignModel, _ format: Format, _ notes: ModelNotes, parameters: Int, digest: String
  ) throws {
    if let names = notes.classNames, names.count != model.classCount {
      throw Failure.badData(
        "it gives \(model.classCount) logits, and its notes name \(names.count) classes")
    }
    self.format = format
    network = nil
    training = nil
    classifier = model
    classNames = notes.classNames
    self.parameters = parameters
    fingerprint = Digest.hex(
      of: (["foreign 1", digest, "\(model.inputShape)", model.layout.rawValue] + model.before.texts)
        .joined(
          separator: "\n"))
  }

  private init(_ other: LoadedModel, _ model: ForeignModel, behind layers: LayerList) {
    format = other.format
    network = nil
    training = nil
    classifier = model
    classNames = other.classNames
    parameters = other.parameters
    fingerprint = Digest.hex(of: ([other.fingerprint] + layers.texts).joined(separator: "\n"))
  }

  /// The same model behind layers that have no numbers of their own.
  public func preceded(by layers: LayerList) throws -> LoadedModel {
    guard !layers.layers.isEmpty else { return self }
    if let network { return try LoadedModel(network.preceded(by: layers), format, training) }
    guard let model = classifier as? ForeignModel else {
      preconditionFailure("a model of an unknown kind")
    }
    return LoadedModel(self, try model.preceded(by: layers), behind: layers)
  }

  // MARK: Formats

  private static func safetensors(
    _ url: URL, _ notes: ModelNotes, _ images: Images?, _ device: Device
  ) throws -> LoadedModel {
    let stored = try SafetensorsFile(url)
    guard stored.describesModel else {
      let notes = try notes.over(ModelNotes(json: stored.metadata[ModelNotes.name] ?? ""))
      return try LoadedModel(
        StateDictionary(stored.tensors()).network(notes, for: images, device: device), .weights)
    }
    let file = try ModelFile(url, device: device)
    let preparation = try notes.preparation(channels: file.network.inputShape.channels)
    return try LoadedModel(file.network.preceded(by: preparation), .crossfire, file.training)
  }

  private static func script(
    _ url: URL, _ notes: ModelNotes, _ images: Images?, _ device: Device
  ) throws -> LoadedModel {
    let program = try ScriptProgram(url, notes: ModelNotes.name, device: device)
    let notes = notes.over(try ModelNotes(json: program.notes))
    let model = try ForeignModel(
      program, input: shape(notes.input ?? images?.shape), notes: notes, device: device)
    return try LoadedModel(
      model, .script, notes, parameters: program.weights, digest: Digest.hex(ofFile: url))
  }

  private static func onnx(
    _ url: URL, _ notes: ModelNotes, _ images: Images?, _ device: Device
  ) throws -> LoadedModel {
    let file = try OnnxFile(url)
    let program = try OnnxProgram(file, device: device)
    let notes = try notes.over(ModelNotes(json: file.metadata[ModelNotes.name] ?? ""))
    let input = try shape(notes.input ?? file.imageShape(notes.layout ?? .nchw) ?? images?.shape)
    let model = try ForeignModel(program, input: input, notes: notes, device: device)
    return try LoadedModel(
      model, .onnx, notes, parameters: program.weights, digest: Digest.hex(ofFile: url))
  }

  private static func shape(_ known: InputShape?) throws -> InputShape {
    guard let known else {
      throw Failure.badData(
        "it does not say what images it takes",
        hint: "name their shape, like input=3x32x32, or the data it is for")
    }
    return known
  }
}
