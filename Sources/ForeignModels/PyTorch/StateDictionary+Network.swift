import ModelCore
import Support

extension StateDictionary {
  /// A network with tensors from a file.
  struct Fitted {
    let network: Network
    /// What the user should know about how the file was read, a sentence each.
    let notices: [String]
  }

  /// The network that the notes describe, with these tensors.
  /// - Parameter images: the data that the model is loaded for. It is used where the notes do not
  ///   state the shape, the classes or the range of the values.
  /// - Throws: `Failure.badData` that names every tensor that is missing, that belongs to no layer,
  ///   or that has another shape than its layer needs.
  func network(_ notes: ModelNotes, for images: LoadedModel.Images?, device: Device) throws
    -> Network
  { try fitted(notes, for: images, device: device).network }

  /// The same network, with notices.
  func fitted(_ notes: ModelNotes, for images: LoadedModel.Images?, device: Device) throws
    -> Fitted
  {
    if let layout = notes.layout, layout != .nchw {
      throw Failure.badData(
        "layout \(layout.rawValue) is for torch.export, TorchScript and ONNX files, expected nchw",
        hint: "leave layout out")
    }
    guard let input = notes.input ?? images?.shape else { throw ModelNotes.unknownInput }
    var notes = notes
    var notices: [String] = []
    let readings = try readings(notes, input, images)
    var tensors = tensors
    if let stored = normalization {
      if readings.contains(where: { $0.wanted.isSuperset(of: stored.names) }) {
        // The architecture has a layer for it.
        tensors = stored.all
      } else {
        notices.append(stored.notice(insteadOf: notes.normalization))
        notes.normalization = notes.normalization ?? stored.value
      }
    }
    guard var reading = Reading.best(of: readings, for: tensors) else {
      preconditionFailure("a network has at least one reading")
    }
    if reading.isPartOfSequence, notes.normalization == nil {
      throw Failure.badData(
        "its network is a later part of a sequence whose first part stores no tensors and may be a "
          + "normalisation",
        hint: "give the mean and the standard deviation of each channel, like "
          + ":mean=0.485/0.456/0.406,std=0.229/0.224/0.225, or mean=0,std=1 if there is none")
    }
    try checkNormalization(reading, notes)
    if notes.binary == true { reading = reading.withZeroClass() }
    try checkPositions(reading)
    try check(reading, among: readings)
    let placed = reading.needed.compactMap { parameter in
      reading.tensor(for: parameter).map { (parameter.name, $0) }
    }
    let network = try Network(
      reading.description, tensors: Dictionary(uniqueKeysWithValues: placed), device: device)
    return Fitted(
      network: try network.preceded(by: notes.preparation(for: input, in: network.valueRange)),
      notices: notices)
  }

  /// The network, under Crossfire's own names and under those of every published implementation.
  private func readings(
    _ notes: ModelNotes, _ input: InputShape, _ images: LoadedModel.Images?
  ) throws -> [Reading] {
    let valueRange = images?.valueRange ?? 0...1
    if let name = notes.architecture {
      let architecture = try Architecture.named(name)
      guard let classes = notes.classNames ?? images?.classNames else {
        throw Failure.badData(
          "it does not say how many classes it knows", hint: "give their number, like classes=10")
      }
      return try ([nil] + architecture.conventions).map { convention in
        try Reading(
          architecture.description(
            input: input, classNames: classes, valueRange: valueRange, convention: convention),
          convention)
      }
    }
    guard let layers = notes.layers else {
      throw Failure.badData(
        "it contains only weights, and does not say which network they belong to",
        hint: "give its architecture (see `crossfire list architectures`), or its layers in an "
          + "experiment or in the file's metadata")
    }
    let count = try layers.shapes(from: input.sizes).last?.first ?? 0
    let known = notes.classNames ?? (images?.classNames.count == count ? images?.classNames : nil)
    let description = try NetworkDescription(
      input: input, layers: layers, classNames: known ?? (0..<count).map(String.init),
      valueRange: valueRange)
    return [try Reading(description)]
  }

  /// Compares the tensors of this file with those that the network needs.
  /// - Parameter readings: all ways in which the file could be read.
  private func check(_ reading: Reading, among readings: [Reading]) throws {
    var problems: [String] = []
    let (wanted, unknown, tensors) = (reading.wanted, reading.unknown, reading.tensors)
    for parameter in reading.needed {
      let names = reading.names(of: parameter)
      if case .counter = parameter.role, tensors[names[0]] == nil {
        // Files from before PyTorch 0.4.1 have no counters, and nothing depends on them.
        continue
      }
      let missing = names.filter { tensors[$0] == nil }
      problems += missing.map { name in
        let near = nearestName(to: name, among: unknown).map { " (the file has '\($0)')" } ?? ""
        return "'\(name)' is missing\(near)"
      }
      guard missing.isEmpty, reading.tensor(for: parameter) == nil else { continue }
      let shapes = names.compactMap { tensors[$0].map { "\($0.shape)" } }
      problems.append(
        "'\(names.joined(separator: "', '"))' has shape \(shapes.joined(separator: ", ")), expected "
          + "\(parameter.shape)")
    }
    let missing = wanted.filter { tensors[$0] == nil }.sorted()
    problems += unknown.map { name in
      let near = nearestName(to: name, among: missing).map { " (expected '\($0)')" } ?? ""
      return "'\(name)' belongs to no layer\(near)"
    }
    guard let first = problems.first else { return }
    let shown = problems.prefix(12).joined(separator: "; ")
    let more = problems.count > 12 ? "; and \(problems.count - 12) more" : ""
    throw Failure.badData(
      problems.count == 1
        ? "tensor \(first)" : "\(problems.count) tensors do not fit: \(shown)\(more)",
      hint: Self.part(of: tensors, among: readings).map {
        "the tensors under '\($0)' fit: choose them with :entry=\($0) after the file"
      }
        ?? "the file may be of another architecture, of another number of classes, or for images of "
        + "another shape")
  }

  /// The first part of the names of all tensors that the network needs, if the file has them under
  /// such a name beside others; nil if not.
  private static func part(of tensors: [String: Tensor], among readings: [Reading]) -> String? {
    let parts = Set(tensors.keys.compactMap { $0.split(separator: ".").first.map(String.init) })
    return parts.sorted().first { part in
      let inner = Wrappers(tensors.withoutPrefix("\(part).")).tensors
      return Reading.best(of: readings, for: inner)?.isComplete ?? false
    }
  }

  /// Refuses a normalisation for an architecture that normalises the images itself, which would
  /// normalise them twice, and pictures that a published head reads in another way.
  private func checkNormalization(_ reading: Reading, _ notes: ModelNotes) throws {
    let first = reading.description.layers.texts.first ?? ""
    if notes.architecture != nil, notes.normalization != nil,
      first.hasPrefix("normalize") || first.hasPrefix("storednormalize")
    {
      throw Failure.badData(
        "this network normalises images itself ('\(first)'), and another normalisation is given",
        hint: "leave the normalisation (mean and std) out, or give the network's layers")
    }
    // The VGG networks of timm move their first linear layer over feature maps of more than 7x7.
    let input = reading.description.input
    if reading.wanted.contains("pre_logits.fc1.weight"), max(input.height, input.width) > 224 {
      throw Failure.badData(
        "VGG networks with timm's names are supported for pictures of at most 224x224, found "
          + "\(input.height)x\(input.width)",
        hint:
          "give it smaller pictures, for example with the options 'resize' and 'crop' of the data")
    }
  }

  /// Refuses position embeddings for pictures of another size, which alone would not fit.
  private func checkPositions(_ reading: Reading) throws {
    let input = reading.description.input
    guard let positions = reading.description.learnedPositions else { return }
    let name = reading.needed.first { $0.name == positions.name }.map(reading.names)?.first
    guard let name, let found = reading.tensors[name]?.shape, found.count == 3,
      found[1] != positions.tokens,
      found[2] == positions.size
    else { return }
    let patches = found[1] - (positions.tokens - positions.patches)
    let root = Int(Double(max(0, patches)).squareRoot().rounded())
    let side = root * root == patches ? "\(root * positions.side)x\(root * positions.side)" : nil
    throw Failure.badData(
      "the position embeddings '\(name)' are for \(patches) patches of "
        + "\(positions.side)x\(positions.side) pixels"
        + (side.map { ", as in pictures of \($0)" } ?? "")
        + "; pictures of \(input.height)x\(input.width) have \(positions.patches)",
      hint: "give it pictures of \(side ?? "the size that it was trained with"), for example with "
        + "the options 'resize' and 'crop' of the data")
  }
}
