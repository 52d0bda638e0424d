import Foundation
import ModelCore
import Support

/// Weights in several safetensors files, as Hugging Face stores those of large models, and their
/// index: a JSON file that states in which file each tensor is.
///
///     {"metadata": {"total_size": 48}, "weight_map": {"0.weight": "model-00001-of-00002.safetensors"}}
///
/// Each tensor must be in the file that the index states and in no other, and the files must contain
/// no further tensors.
struct ShardedSafetensors {
  private let files: [SafetensorsFile]

  static let mostFiles = 1000
  static let mostTensors = 100_000

  /// Reads the index and the headers of the files.
  /// - Parameters:
  ///   - index: the place of the index.
  ///   - name: the name of the index in messages.
  ///   - folder: where its files are.
  /// - Throws: `Failure.missing` if a file is missing; `Failure.badData` that says what is wrong with
  ///   the index, or which tensors are not where it says.
  init(index: URL, name: String, in folder: ModelFolder) throws {
    let description = try ModelFolder.description(index, name)
    guard let map = description["weight_map"] as? [String: String], !map.isEmpty else {
      throw Failure.badData(
        "\(name) has no weight_map with the file of each tensor",
        hint: "give the path of a model.safetensors.index.json, or of the folder that contains it")
    }
    let names = Set(map.values).sorted()
    guard names.count <= Self.mostFiles, map.count <= Self.mostTensors else {
      throw Failure.badData(
        "\(name) lists \(map.count) tensors in \(names.count) files, at most \(Self.mostTensors) in "
          + "\(Self.mostFiles) are supported")
    }
    files = try names.map { try Self.shard($0, in: folder) }
    var left = map
    for (file, shard) in zip(files, names) {
      for tensor in file.names {
        guard left.removeValue(forKey: tensor) == shard else {
          let stated = map[tensor].map { "in '\($0.prefix(80))'" } ?? "in no file"
          throw Failure.badData(
            "tensor '\(tensor.prefix(80))' is in '\(shard)', and according to \(name) \(stated)",
            hint: Self.advice)
        }
      }
    }
    if let (tensor, shard) = left.min(by: { $0.key < $1.key }) {
      throw Failure.badData(
        "tensor '\(tensor.prefix(80))' is not in '\(shard)', where it is according to \(name)",
        hint: Self.advice)
    }
  }

  private static let advice =
    "the files may belong to different models: get all files of the model again"

  private static func shard(_ name: String, in folder: ModelFolder) throws -> SafetensorsFile {
    let shown = name.prefix(80)
    guard !name.hasSuffix(".bin") else {
      throw Failure.badData(
        "its weights are in several files of PyTorch, such as '\(shown)', and only safetensors may "
          + "be divided", hint: "save it again with model.save_pretrained(folder)")
    }
    do { return try SafetensorsFile(folder.place(name)) } catch let problem as ModelFolder.Problem {
      throw switch problem {
      case .isNoName:
        Failure.badData(
          "it has tensors in '\(shown)', expected the name of a file in the same folder")
      case .isMissing:
        Failure.missing(
          "it has tensors in '\(shown)', and there is no such file in the folder",
          hint: "put that file into the folder of the model, under this name")
      case .liesElsewhere:
        Failure.badData(
          "it has tensors in '\(shown)', which is a link to another folder, or not a file",
          hint: "put the file itself into the folder of the model")
      }
    }
  }

  /// Reads all tensors.
  func tensors() throws -> [String: Tensor] {
    try files.reduce(into: [:]) { all, file in
      all.merge(try file.tensors()) { first, _ in first }
    }
  }

  /// The texts beside the tensors: of each name, that of the first file with it.
  var metadata: [String: String] {
    files.reduce(into: [:]) { all, file in all.merge(file.metadata) { first, _ in first } }
  }
}
