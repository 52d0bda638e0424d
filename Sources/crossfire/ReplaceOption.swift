import ArgumentParser
import Evaluation
import Foundation
import Support

/// The rules for the files and folders that a command writes: no output is an input of the same
/// command, and nothing but the result of the same request is overwritten unasked.
struct ReplaceOption: ParsableArguments {
  @Flag(help: "Overwrite what is already there, even if it is not a result of this request.")
  var replace = false

  /// Checks that an output is none of the command's inputs. Call it before any work.
  /// - Parameter option: the option that names the output, such as `--out`.
  /// - Throws: `Failure.usage`.
  static func check(_ output: URL, _ option: String = "--out", isNoneOf inputs: [URL?]) throws {
    guard let input = inputs.compactMap({ $0 }).first(where: { isSameFile($0, output) }) else {
      return
    }
    throw Failure.usage(
      "\(option) \(output.relativePath): the command reads this path and would overwrite it",
      hint: "choose a path other than \(input.relativePath)")
  }

  /// Checks that a file may be written: it is not there, it is a result of the same request, or the
  /// user asked to replace it. Call it before long work.
  /// - Throws: `Failure.cannotWrite`.
  func check(_ file: URL, isOfThisRequest: () -> Bool = { false }) throws {
    guard !replace, FileManager.default.fileExists(atPath: file.path), !isFolder(file),
      !isOfThisRequest()
    else { return }
    throw Failure.cannotWrite(
      "\(file.relativePath) exists already and is not a result of this request",
      hint: "choose another path, or add --replace to overwrite the file")
  }

  /// Checks that an experiment may be run in a folder: the folder is empty, holds the same
  /// experiment, or the user asked to replace what it holds.
  /// - Parameters:
  ///   - file: the experiment's file, if there is one. The folder may then also hold another
  ///     version of the experiment, because what has not changed is not computed again.
  ///   - isShared: whether single steps are run. The run itself then refuses a folder that holds
  ///     any other experiment.
  ///   - note: gets a sentence if the folder holds another version.
  /// - Throws: `Failure.usage` if the folder would overwrite the experiment's file;
  ///   `Failure.cannotWrite` if the folder holds something else.
  func check(
    _ folder: RunFolder, for experiment: Experiment, from file: URL?, isShared: Bool,
    note: (String) -> Void
  ) throws {
    // In this order: the first file that another process writes into the folder is the experiment.
    let isEmpty = folder.isEmpty
    var there = folder.storedExperiment
    if there == nil, !isEmpty {
      // A network file system may not show the file yet. Writing into the folder makes it look again.
      try AtomicFile.probe(folder.experiment)
      there = folder.storedExperiment
    }
    guard try there != experiment.resolved() else { return }
    if let file { try Self.check(folder.experiment, isNoneOf: [file]) }
    guard !replace, !isEmpty else { return }
    let path = folder.url.relativePath
    guard let there else {
      throw Failure.cannotWrite(
        "\(path) has files already and is not a run folder",
        hint: "choose another folder with --out, or add --replace to write into this one")
    }
    if isShared { return }
    guard file != nil, Self.name(in: there) == experiment.name else {
      throw Failure.cannotWrite(
        "\(path) holds the results of another request",
        hint: "choose another folder with --out, or add --replace to replace them")
    }
    note("\(path) holds another version of \(experiment.name): what has changed is computed again")
  }

  private static func name(in experiment: String) -> String? {
    try? Settings.yaml(experiment, file: "experiment.yaml").string("name", "the name")
  }
}
