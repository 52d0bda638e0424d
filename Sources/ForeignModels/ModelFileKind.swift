import Foundation
import Support

/// The kinds of model files that are read. The titles are those of the table in docs/models.md.
enum ModelFileKind: String, CaseIterable {
  case export = "torch.export"
  case script = "TorchScript"
  case stateDictionary = "state dictionary"
  case safetensors = "safetensors"
  case sharded = "sharded safetensors"
  case folder = "model folder"
  case onnx = "ONNX"

  /// The kind of a file, by its first bytes and, if it is a zip archive, by its members.
  ///
  /// The file's name counts only where the content is not recognised: a damaged `.onnx` file is
  /// then reported as a damaged ONNX file.
  /// - Throws: `Failure.missing` if the file cannot be read; `Failure.badData` that says what the
  ///   file is instead and what to do about it.
  init(_ url: URL) throws {
    if isFolder(url) {
      self = .folder
      return
    }
    guard let file = try? FileHandle(forReadingFrom: url),
      let head = try? file.read(upToCount: 512) ?? Data()
    else {
      throw Failure.unreadable(url)
    }
    try? file.close()
    let start = [UInt8](head)
    if start.starts(with: [0x50, 0x4b, 0x03, 0x04]) {
      self = try Self.archive(url)
    } else if PickleSequence.isBeginning(start) {
      self = .stateDictionary
    } else if url.pathExtension == "json" {
      self = .sharded
    } else if start.count > 8 && start[8] == UInt8(ascii: "{") || url.pathExtension == "safetensors"
    {
      // A length of 8 bytes, and a header in JSON.
      self = .safetensors
    } else if start.first == 0x08 || url.pathExtension == "onnx" {
      // The first field of an ONNX model is the version of its format.
      self = .onnx
    } else {
      throw Self.unknown(start)
    }
  }

  /// Refuses settings that have no meaning for files of this kind.
  func check(_ notes: ModelNotes) throws {
    let isProgram = [.export, .script, .onnx].contains(self)
    if let entry = notes.entry, isProgram {
      throw Failure.badData(
        "entry '\(entry)' is for checkpoints of PyTorch and safetensors, found \(rawValue)",
        hint: "leave entry out")
    }
    if let output = notes.output, !isProgram {
      throw Failure.badData(
        "output '\(output)' is for torch.export, TorchScript and ONNX files, found \(rawValue)",
        hint: "leave output out")
    }
  }

  /// The kind of a zip archive that PyTorch wrote. Only programs have a member for their constants.
  private static func archive(_ url: URL) throws -> ModelFileKind {
    let members = try ZipArchive(pytorch: url).names.compactMap {
      $0.split(separator: "/").last.map(String.init)
    }
    // What torch.export writes can contain pickles, too.
    if members.contains(where: ExportArchive.members.contains) { return .export }
    if members.contains("constants.pkl") { return .script }
    if members.contains("data.pkl") { return .stateDictionary }
    throw Failure.badData(
      "it is a zip archive, but not one that PyTorch wrote",
      hint: "save the model as TorchScript: torch.jit.trace(model.eval(), images).save('model.pt')")
  }

  private static func unknown(_ start: [UInt8]) -> Failure {
    let hint =
      "models are read from torch.export (.pt2), TorchScript (.pt), state dictionaries (.pth), ONNX, "
      + "safetensors and folders of Hugging Face or timm"
    guard let first = start.first else { return .badData("the file is empty", hint: hint) }
    if first == 0x80 {
      return .badData(
        "it is a plain pickle, which torch.save does not write and which may contain code",
        hint: "load it in Python and save it again: torch.save(model.state_dict(), 'weights.pth')")
    }
    if start.dropFirst(257).starts(with: Array("ustar".utf8)) {
      return .badData(
        "it is a tar archive, as PyTorch wrote before version 0.1.10, which is not supported",
        hint:
          "if it is an archive of files, unpack it and give the file of the model; else load it "
          + "in Python and save it again: torch.save(model.state_dict(), 'weights.pth')")
    }
    if start.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      return .badData(
        "it is an HDF5 file, as Keras writes, which is not supported",
        hint: "export the model to ONNX with tf2onnx")
    }
    return .badData("it is not a model file of a known kind", hint: hint)
  }
}
