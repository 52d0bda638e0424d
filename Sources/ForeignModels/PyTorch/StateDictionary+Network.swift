import ModelCore
import Support

extension StateDictionary {
  /// The network that the notes describe, with these tensors.
  /// - Parameter images: the data that the model is loaded for. It is used where the notes do not
  ///   state the shape, the classes or the range of the values.
  /// - Throws: `Failure.badData` that names every tensor that is missing, that belongs to no layer,
  ///   or that has another shape than its layer needs.
  func network(_ notes: ModelNotes, for images: LoadedModel.Images?, device: Device) throws
    -> Network
  {
    if let layout = notes.layout, layout != .nchw {
      throw Failure.badData(
        "layout \(layout.rawValue) is for TorchScript and ONNX files, expected nchw",
        hint: "leave layout out")
    }
    guard let input = notes.input ?? images?.shape else { throw ModelNotes.unknownInput }
    let (description, names) = try describe(notes, input, images)
    let needed = try description.parameters()
    let theirs = Dictionary(
      uniqueKeysWithValues: needed.map { ($0.name, names[$0.name] ?? $0.name) })
    try check(needed, under: theirs)
    let placed = needed.compactMap { parameter in
      tensors[theirs[parameter.name] ?? ""].map { (parameter.name, $0) }
    }
    let network = try Network(
      description, tensors: Dictionary(uniqueKeysWithValues: placed), device: device)
    return try network.preceded(by: notes.preparation(for: input, in: network.valueRange))
  }

  /// The description of the network, and a dictionary from Crossfire's names of its tensors to
  /// their names in this file. The dictionary is empty if the file uses Crossfire's names.
  private func describe(
    _ notes: ModelNotes, _ input: InputShape, _ images: LoadedModel.Images?
  ) throws -> (NetworkDescription, [String: String]) {
    let valueRange = images?.valueRange ?? 0...1
    if let name = notes.architecture {
      let architecture = try Architecture.named(name)
      guard let classes = notes.classNames ?? images?.classNames else {
        throw Failure.badData(
          "it does not say how many classes it knows", hint: "give their number, like classes=10")
      }
      let description = try architecture.description(
        input: input, classNames: classes, valueRange: valueRange)
      let published = try architecture.publishedNames(for: description)
      let own = try description.parameters().map(\.name)
      let isPublished =
        published.values.count { tensors[$0] != nil } > own.count { tensors[$0] != nil }
      return (description, isPublished ? published : [:])
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
    return (description, [:])
  }

  /// Compares the tensors of this file with those that the network needs.
  /// - Parameter names: the names in this file, by Crossfire's own names.
  private func check(_ needed: [ParameterDescription], under names: [String: String]) throws {
    var problems: [String] = []
    let wanted = Set(names.values)
    let unknown = tensors.keys.filter { !wanted.contains($0) }.sorted()
    for parameter in needed {
      let name = names[parameter.name] ?? parameter.name
      if let tensor = tensors[name] {
        if tensor.shape != parameter.shape {
          problems.append("'\(name)' has shape \(tensor.shape), expected \(parameter.shape)")
        }
      } else if case .counter = parameter.role {
        // Files from before PyTorch 0.4.1 have no counters, and nothing depends on them.
        continue
      } else {
        let near = nearestName(to: name, among: unknown).map { " (the file has '\($0)')" } ?? ""
        problems.append("'\(name)' is missing\(near)")
      }
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
      hint: "the file may be of another architecture, of another number of classes, or for images "
        + "of another shape")
  }
}
