import ModelCore
import Support

extension StateDictionary {
  /// What a file's tensors are read as: a network, and the names of its tensors in the file.
  private struct Reading {
    let description: NetworkDescription
    /// The names in the file by Crossfire's names. Several tensors of the file are joined.
    var names: [String: [String]] = [:]
    /// The last parts of the names of tensors in the file that are not needed.
    var derived: Set<String> = []
    /// The beginnings of the names of tensors in the file that are not needed.
    var ignored: [String] = []
  }

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
    let reading = try read(notes, input, images)
    let needed = try reading.description.parameters()
    try checkPositions(reading)
    try check(needed, reading)
    let placed = needed.compactMap { parameter in
      tensor(for: parameter, reading).map { (parameter.name, $0) }
    }
    let network = try Network(
      reading.description, tensors: Dictionary(uniqueKeysWithValues: placed), device: device)
    return try network.preceded(by: notes.preparation(for: input, in: network.valueRange))
  }

  /// The network, and the names of its tensors in this file: those of the published implementation
  /// that fits best, or Crossfire's own if none fits better.
  private func read(
    _ notes: ModelNotes, _ input: InputShape, _ images: LoadedModel.Images?
  ) throws -> Reading {
    let valueRange = images?.valueRange ?? 0...1
    if let name = notes.architecture {
      let architecture = try Architecture.named(name)
      guard let classes = notes.classNames ?? images?.classNames else {
        throw Failure.badData(
          "it does not say how many classes it knows", hint: "give their number, like classes=10")
      }
      func described(_ convention: NamingConvention?) throws -> NetworkDescription {
        try architecture.description(
          input: input, classNames: classes, valueRange: valueRange, convention: convention)
      }
      let own = Reading(description: try described(nil))
      var (best, most) = (own, try own.description.parameters().count { tensors[$0.name] != nil })
      for convention in architecture.conventions {
        let description = try described(convention)
        let names = try convention.names(for: description)
        let found = names.values.joined().count { tensors[$0] != nil }
        guard found > most else { continue }
        most = found
        best = Reading(
          description: description, names: names, derived: convention.derived,
          ignored: convention.ignored)
      }
      return best
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
    return Reading(description: description)
  }

  /// The tensor of this file for a parameter, in the parameter's shape; nil if it is missing or of
  /// another shape.
  ///
  /// Where the names are published ones, dimensions of size 1 may differ. A linear layer of pixels
  /// `[O, I]` is a convolution `[O, I, 1, 1]`.
  private func tensor(for parameter: ParameterDescription, _ reading: Reading) -> Tensor? {
    let names = reading.names[parameter.name] ?? [parameter.name]
    let parts = names.compactMap { tensors[$0] }
    guard parts.count == names.count, let first = parts.first else { return nil }
    if parts.count > 1 {
      let rest = first.shape.dropFirst()
      let fits = parts.allSatisfy {
        $0.rank > 0 && $0.type == first.type && $0.shape.dropFirst() == rest
      }
      guard fits else { return nil }
    }
    let whole = parts.count == 1 ? first : Tensor.concatenate(parts)
    if whole.shape == parameter.shape { return whole }
    func reduced(_ shape: [Int]) -> [Int] { shape.filter { $0 != 1 } }
    guard !reading.names.isEmpty, reduced(whole.shape) == reduced(parameter.shape) else {
      return nil
    }
    return whole.reshaped(parameter.shape)
  }

  /// Compares the tensors of this file with those that the network needs.
  private func check(_ needed: [ParameterDescription], _ reading: Reading) throws {
    func names(_ parameter: ParameterDescription) -> [String] {
      reading.names[parameter.name] ?? [parameter.name]
    }
    var problems: [String] = []
    let wanted = Set(needed.flatMap(names))
    let unknown = tensors.keys.filter { name in
      !wanted.contains(name)
        && !reading.derived.contains(name.split(separator: ".").last.map(String.init) ?? "")
        && !reading.ignored.contains { name.hasPrefix($0) }
    }.sorted()
    for parameter in needed {
      if case .counter = parameter.role, tensors[names(parameter)[0]] == nil {
        // Files from before PyTorch 0.4.1 have no counters, and nothing depends on them.
        continue
      }
      let missing = names(parameter).filter { tensors[$0] == nil }
      problems += missing.map { name in
        let near = nearestName(to: name, among: unknown).map { " (the file has '\($0)')" } ?? ""
        return "'\(name)' is missing\(near)"
      }
      guard missing.isEmpty, tensor(for: parameter, reading) == nil else { continue }
      let shapes = names(parameter).compactMap { tensors[$0].map { "\($0.shape)" } }
      let list = names(parameter).joined(separator: "', '")
      problems.append(
        "'\(list)' has shape \(shapes.joined(separator: ", ")), expected \(parameter.shape)")
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

  /// Refuses position embeddings for pictures of another size, which alone would not fit.
  private func checkPositions(_ reading: Reading) throws {
    let input = reading.description.input
    guard let positions = reading.description.learnedPositions else { return }
    let name = reading.names[positions.name]?.first ?? positions.name
    guard let found = tensors[name]?.shape, found.count == 3, found[1] != positions.tokens,
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
