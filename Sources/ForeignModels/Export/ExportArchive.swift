import Foundation
import ModelCore
import Support

/// The archive that `torch.export.save` writes (`.pt2`): a graph as JSON, and the numbers of its
/// weights as raw bytes. Nothing in it is executed.
///
/// The layout is that of PyTorch's torch/export/pt2_archive/constants.py.
struct ExportArchive {
  /// The graph and its signature.
  let program: ExportDocument
  /// The text of crossfire.json among the extra files of the archive; empty if there is none.
  let notes: String

  private let archive: ZipArchive
  /// The folder of the archive that contains everything else, with a slash at its end.
  private let root: String
  private let weights: [String: ExportDocument.Payload]
  private let constants: [String: ExportDocument.Payload]

  /// Members of the archives of torch.export, those of the older forms included.
  static let members = ["serialized_exported_program.json", "archive_format", "archive_version"]

  /// The largest graph in bytes. The graph of a network with a thousand layers has about ten
  /// million.
  private static let mostBytes = 1 << 27

  /// - Throws: `Failure.missing` if the file cannot be read; `Failure.badData` if it is damaged, or
  ///   of a version that is not supported.
  init(_ url: URL) throws {
    let archive = try ZipArchive(pytorch: url)
    guard let format = archive.names.first(where: { $0.hasSuffix("archive_format") }) else {
      throw Self.otherVersion("PyTorch before 2.8 wrote it")
    }
    let root = String(format.dropLast("archive_format".count))
    func text(_ name: String) throws -> String? {
      try archive.plain(root + name).map { String(decoding: $0, as: UTF8.self) }
    }
    let kind = try text("archive_format") ?? ""
    let version = try text("archive_version") ?? ""
    guard kind == "pt2", version == "0" else {
      throw Self.otherVersion("its format is '\(kind.prefix(20))' \(version.prefix(20))")
    }
    guard try text("byteorder") ?? "little" == "little" else {
      throw Failure.badData("its numbers are big-endian, which is not supported")
    }
    let models = archive.names.filter { $0.hasPrefix(root + "models/") && $0.hasSuffix(".json") }
    guard models.count == 1 else {
      let compiled = archive.names.contains { $0.hasPrefix(root + "data/aotinductor/") }
      throw Failure.badData(
        "it contains \(models.count) exported programs, expected one"
          + (compiled ? ": it is compiled for one kind of machine" : ""),
        hint: "save one program with torch.export.save(torch.export.export(model, (images,)), …)")
    }
    let name = models[0].dropFirst((root + "models/").count).dropLast(".json".count)
    program = try Self.decode(models[0], in: archive)
    try program.checkVersion()
    func payloads(_ kind: String) throws -> [String: ExportDocument.Payload] {
      let file = "\(root)data/\(kind)/\(name)_\(kind)_config.json"
      guard archive.names.contains(file) else {
        throw Self.otherVersion("it stores its \(kind) in an older form")
      }
      return try Self.decode(file, in: archive, as: ExportDocument.Payloads.self).config
    }
    (self.archive, self.root) = (archive, root)
    weights = try payloads("weights")
    constants = try payloads("constants")
    notes = try text("extra/" + ModelNotes.name) ?? ""
  }

  static func otherVersion(_ reason: String) -> Failure {
    .badData(
      "it is an archive of torch.export (.pt2) of a form that is not supported: \(reason)",
      hint: "export the model again with PyTorch 2.9 or newer, or save it as TorchScript: "
        + "torch.jit.trace(model.eval(), images).save('model.pt')")
  }

  private static func decode<Content: Decodable>(
    _ member: String, in archive: ZipArchive, as type: Content.Type = Content.self
  ) throws -> Content {
    guard let bytes = try archive.plain(member), bytes.count <= mostBytes else {
      throw Failure.badData("its member '\(member)' is missing, or larger than \(mostBytes) bytes")
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    do { return try decoder.decode(Content.self, from: bytes) } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure.badData(
        "its member '\(member)' is not what torch.export writes",
        hint: "the file may be damaged, or made by a newer PyTorch: export the model again")
    }
  }

  /// The parameters, buffers and constants that the names of a signature refer to. Numbers in half
  /// precision become float32.
  /// - Parameter named: the names of the weights, and those of the constants.
  /// - Throws: `Failure.badData` if one is missing, damaged, or of a type that is not supported.
  func tensors(weights names: Set<String>, constants others: Set<String>) throws
    -> (weights: [String: Tensor], constants: [String: Tensor])
  {
    // Tensors may share numbers. The limit keeps a small file from filling the memory.
    var room = 4 * archive.byteCount
    func read(_ names: Set<String>, _ payloads: [String: ExportDocument.Payload], _ folder: String)
      throws -> [String: Tensor]
    {
      var tensors: [String: Tensor] = [:]
      for name in names {
        guard let payload = payloads[name] else {
          throw Failure.badData("the numbers of '\(name.prefix(80))' are missing in the archive")
        }
        tensors[name] = try tensor(name, payload, folder, &room)
      }
      return tensors
    }
    return (
      try read(names, weights, "weights"),
      try read(others, constants.merging(weights) { constant, _ in constant }, "constants")
    )
  }

  private func tensor(
    _ name: String, _ payload: ExportDocument.Payload, _ folder: String, _ room: inout Int
  ) throws -> Tensor {
    let label = "tensor '\(name.prefix(80))'"
    guard !payload.isPickled, let meta = payload.meta else {
      throw Failure.badData("\(label) is a pickled object, which is not loaded")
    }
    guard meta.layout == ExportTypes.strided, let type = ExportTypes.stored[meta.type] else {
      throw Failure.badData(
        "\(label) is stored in a type or a layout that is not supported (\(meta.type))",
        hint: "export the model without quantisation: model.float()")
    }
    guard !payload.path.contains("/"),
      let numbers = try archive.plain("\(root)data/\(folder)/\(payload.path)")
    else { throw Failure.badData("the numbers of \(label) are missing in the archive") }
    let storage = Pickle.Storage(
      type: type, key: payload.path, count: numbers.count / type.byteCount)
    let stored = try Pickle.StoredTensor(
      in: storage, offset: meta.offset.known, shape: meta.sizes.map(\.known),
      strides: meta.strides.map(\.known))
    room -= stored.shape.reduce(1, *) * type.byteCount
    guard room >= 0 else {
      throw Failure.badData(
        "its tensors share their numbers too often: together they have more than four times the "
          + "size of the file")
    }
    return try stored.read(numbers, name: name)
  }
}
