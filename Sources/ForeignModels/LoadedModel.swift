import Foundation
import ModelCore
import Support

/// A model from a file of any kind, in the form in which it is attacked and evaluated.
///
///     let notes = try ModelNotes(json: #"{"normalize": {"mean": [0.1307], "std": [0.3081]}}"#)
///     let model = try LoadedModel(URL(filePath: "theirs.pt"), notes: notes, for: test.kind)
///     let logits = model.classifier.logits(images)
public struct LoadedModel: Sendable {
  /// What a model was read from.
  public enum Format: String, Codable, Sendable {
    /// A file that Crossfire wrote, or one that describes its layers in the same way.
    case crossfire = "model file"
    case weights = "weights"
    case export = "torch.export"
    case script = "TorchScript"
    case onnx = "ONNX"

    /// Where the model comes from, for reports.
    public var origin: String { self == .crossfire ? "from a file" : "from a file (\(rawValue))" }
  }

  public let format: Format
  public let classifier: any Classifier
  /// The network, if the model consists of Crossfire's layers; nil for a program.
  public let network: Network?
  /// How the model was trained, if Crossfire trained it.
  public let training: TrainingRecord?
  /// The names of the classes in the model's order; nil if nothing states them.
  public let classNames: [String]?
  /// The number of learned parameters.
  public let parameters: Int
  /// SHA-256 of everything that the model's answers depend on.
  public let fingerprint: String
  /// What the user should know about how the file was read, a sentence each.
  public private(set) var notices: [String] = []
  /// What the folder of the model says about the pictures that it takes, for the preparation of data.
  public private(set) var advice: String?

  /// What is known about the data that a model is loaded for. It is used for whatever neither the
  /// file nor the notes state.
  public struct Images: Sendable {
    public let shape: InputShape
    public let classNames: [String]
    /// The smallest and the largest value of the data.
    public let valueRange: ClosedRange<Double>

    public init(
      shape: InputShape, classNames: [String], valueRange: ClosedRange<Double> = 0...1
    ) {
      self.shape = shape
      self.classNames = classNames
      self.valueRange = valueRange
    }
  }

  /// Reads a model from a file of any kind that `ModelFileKind` knows.
  /// - Parameters:
  ///   - notes: what the user says about the model. It takes precedence over what the file says.
  ///   - images: the data that the model is loaded for.
  /// - Throws: `Failure` that names the file and says what was expected and what was found.
  public init(
    _ url: URL, notes: ModelNotes = ModelNotes(), for images: Images? = nil, device: Device = .cpu
  ) throws {
    do {
      let kind = try ModelFileKind(url)
      try kind.check(notes)
      switch kind {
      case .safetensors: self = try Self.safetensors(url, notes, images, device)
      case .export: self = try Self.export(url, notes, images, device)
      case .sharded:
        self = try Self.sharded(url, in: ModelFolder(of: url), notes, images, device)
      case .folder: self = try Self.folder(url, notes, images, device)
      case .script: self = try Self.script(url, notes, images, device)
      case .stateDictionary: self = try Self.saved(url, notes, images, device)
      case .onnx: self = try Self.onnx(url, notes, images, device)
      }
    } catch let failure as Failure {
      guard !failure.message.contains(url.path) else { throw failure }
      throw Failure(failure.kind, "\(url.path): \(failure.message)", hint: failure.hint)
    }
  }

  /// Whether a path is that of a folder with a model, as Hugging Face and timm publish them.
  public static func isFolder(_ url: URL) -> Bool { HubFolder.isOne(url) }

  /// A model that Crossfire trained.
  public init(_ file: ModelFile) throws {
    try self.init(file.network, .crossfire, file.training)
  }

  private init(_ fitted: StateDictionary.Fitted) throws {
    try self.init(fitted.network, .weights)
    notices = fitted.notices
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
        "it gives \(model.classCount) logits, and `classes` states \(names.count) classes")
    }
    self.format = format
    network = nil
    training = nil
    classifier = model
    classNames = notes.classNames
    self.parameters = parameters
    let range = model.valueRange == 0...1 ? [] : ["range \(model.valueRange)"]
    fingerprint = Digest.hex(
      of: (["foreign 1", digest, "\(model.inputShape)", model.layout.rawValue] + range
        + model.before.texts + notes.choices).joined(separator: "\n"))
    notices = model.notices
    if let reason = model.reasonAgainstGradients {
      notices.append(
        "no gradients go through the model: \(reason). Attack it without gradients ('square' or 'spsa') "
          + "or through another model ('surrogate').")
    }
  }

  private init(_ other: LoadedModel, _ model: ForeignModel, behind layers: LayerList) {
    format = other.format
    network = nil
    training = nil
    classifier = model
    classNames = other.classNames
    parameters = other.parameters
    (notices, advice) = (other.notices, other.advice)
    fingerprint = Digest.hex(of: ([other.fingerprint] + layers.texts).joined(separator: "\n"))
  }

  /// The same model with layers before it, which must have no parameters and must keep the shape of
  /// the images.
  /// - Throws: `Failure.badData` if the layers do not fit.
  public func preceded(by layers: LayerList) throws -> LoadedModel {
    guard !layers.layers.isEmpty else { return self }
    if let network {
      var model = try LoadedModel(network.preceded(by: layers), format, training)
      (model.notices, model.advice) = (notices, advice)
      return model
    }
    guard let model = classifier as? ForeignModel else {
      preconditionFailure("a loaded model is a network or a foreign model")
    }
    return LoadedModel(self, try model.preceded(by: layers), behind: layers)
  }
}

// MARK: - Formats

extension LoadedModel {
  private static func safetensors(
    _ url: URL, _ notes: ModelNotes, _ images: Images?, _ device: Device
  ) throws -> LoadedModel {
    let stored = try SafetensorsFile(url)
    guard stored.describesModel else {
      let notes = try notes.over(ModelNotes(json: stored.metadata[ModelNotes.name] ?? ""))
      return try LoadedModel(
        StateDictionary(stored.tensors(), entry: notes.entry).fitted(
          notes, for: images, device: device))
    }
    guard notes.entry == nil, notes.binary != true else {
      throw Failure.badData(
        "it describes its own network, so entry and binary have no meaning for it",
        hint: "leave them out")
    }
    let file = try ModelFile(url, valueRange: images?.valueRange ?? 0...1, device: device)
    let network = file.network
    let preparation = try notes.preparation(for: network.inputShape, in: network.valueRange)
    return try LoadedModel(network.preceded(by: preparation), .crossfire, file.training)
  }

  private static func sharded(
    _ url: URL, in folder: ModelFolder, _ notes: ModelNotes, _ images: Images?, _ device: Device
  ) throws -> LoadedModel {
    let stored = try ShardedSafetensors(index: url, name: url.lastPathComponent, in: folder)
    let notes = try notes.over(ModelNotes(json: stored.metadata[ModelNotes.name] ?? ""))
    return try LoadedModel(
      StateDictionary(stored.tensors(), entry: notes.entry).fitted(
        notes, for: images, device: device))
  }

  private static func saved(
    _ url: URL, _ notes: ModelNotes, _ images: Images?, _ device: Device
  ) throws -> LoadedModel {
    try LoadedModel(
      StateDictionary(saved: url, entry: notes.entry).fitted(notes, for: images, device: device))
  }

  /// A folder with a configuration and weights. The user's notes count first, then those in the file
  /// of the weights, then the configuration.
  private static func folder(
    _ url: URL, _ notes: ModelNotes, _ images: Images?, _ device: Device
  ) throws -> LoadedModel {
    let hub = try HubFolder(url)
    let notes = try hub.notes(under: notes)
    var model =
      switch hub.weights {
      case .safetensors(let file): try safetensors(file, notes, images, device)
      case .index(let file): try sharded(file, in: hub.folder, notes, images, device)
      case .saved(let file): try saved(file, notes, images, device)
      }
    model.advice = hub.advice
    return model
  }

  private static func script(
    _ url: URL, _ notes: ModelNotes, _ images: Images?, _ device: Device
  ) throws -> LoadedModel {
    let program = try ScriptProgram(url, notes: ModelNotes.name, device: device)
    let notes = notes.over(try ModelNotes(json: program.notes))
    let model = try ForeignModel(
      ScriptModel(program: program, output: notes.output),
      input: shape(notes.input ?? images?.shape),
      valueRange: images?.valueRange ?? 0...1, notes: notes, device: device, name: url.path)
    return try LoadedModel(
      model, .script, notes, parameters: program.weights, digest: Digest.hex(ofFile: url))
  }

  private static func export(
    _ url: URL, _ notes: ModelNotes, _ images: Images?, _ device: Device
  ) throws -> LoadedModel {
    let archive = try ExportArchive(url)
    let notes = try notes.over(ModelNotes(json: archive.notes))
    let program = try ExportProgram(archive, output: notes.output, device: device)
    let stated = InputShape(ofBatch: program.input, layout: notes.layout ?? .nchw)
    let model = try ForeignModel(
      program, input: shape(notes.input ?? stated ?? images?.shape),
      valueRange: images?.valueRange ?? 0...1, notes: notes, device: device, name: url.path)
    return try LoadedModel(
      model, .export, notes, parameters: program.weights, digest: Digest.hex(ofFile: url))
  }

  private static func onnx(
    _ url: URL, _ notes: ModelNotes, _ images: Images?, _ device: Device
  ) throws -> LoadedModel {
    let file = try OnnxFile(url)
    let notes = try notes.over(ModelNotes(json: file.metadata[ModelNotes.name] ?? ""))
    let program = try OnnxProgram(file, output: notes.output, device: device)
    let input = try shape(
      notes.input ?? InputShape(
        ofBatch: file.inputs.first?.shape ?? [], layout: notes.layout ?? .nchw) ?? images?.shape)
    let model = try ForeignModel(
      program, input: input, valueRange: images?.valueRange ?? 0...1, notes: notes, device: device,
      name: url.path)
    return try LoadedModel(
      model, .onnx, notes, parameters: program.weights, digest: file.digest(url))
  }

  private static func shape(_ known: InputShape?) throws -> InputShape {
    guard let known else { throw ModelNotes.unknownInput }
    return known
  }
}
