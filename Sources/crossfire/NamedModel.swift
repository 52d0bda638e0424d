import Evaluation
import ForeignModels
import Foundation
import Support

/// A model on the command line: `NAME=FILE`, or only `FILE`, which is then named after its file.
/// After a colon may follow what the file does not say about the model, for example
/// `theirs=theirs.pt:mean=0.5/0.5/0.5,std=0.2/0.2/0.2,channels=bgr`.
///
/// A path may itself contain equals signs and colons, as in `lr=0.1/epoch=9.ckpt`. What exists as a
/// file is therefore a path, whatever it looks like.
struct NamedModel {
  private(set) var name: String
  let url: URL
  let notes: ModelNotes
  /// Whether the user gave the name.
  private let isNamed: Bool

  init(_ text: String) throws {
    let parts = try Self.parts(text)
    url = URL(filePath: parts.path)
    notes = parts.notes
    isNamed = parts.name != nil
    name =
      try parts.name.map { try Experiment.checkedName($0, "--model \(text)") }
      ?? Self.name(url.deletingPathExtension().lastPathComponent)
  }

  private static func parts(_ text: String) throws -> (
    name: String?, path: String, notes: ModelNotes
  ) {
    let exists = FileManager.default.fileExists(atPath:)
    if exists(text) { return (nil, text, ModelNotes()) }
    if let (name, path) = named(text), exists(path) { return (name, path, ModelNotes()) }
    let (model, notes) = try split(text, "--model \(text)")
    if !exists(model), let (name, path) = named(model) { return (name, path, notes) }
    return (nil, model, notes)
  }

  /// Divides `NAME=FILE`; nil if there is no equals sign, or only in the path of a file.
  private static func named(_ text: String) -> (name: String, path: String)? {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].contains("/") else { return nil }
    return (String(parts[0]), String(parts[1]))
  }

  /// A name made of that of a file: other characters than ASCII letters, digits, '.', '_' and '-'
  /// become '-', so that `net (1)` is called `net-1`.
  private static func name(_ file: String) -> String {
    let characters = file.unicodeScalars.map { scalar in
      scalar.isASCII
        && (scalar.properties.isAlphabetic || "0123456789._".unicodeScalars.contains(scalar))
        ? Character(scalar) : "-"
    }
    let words = String(characters).split(separator: "-")
    let name = words.joined(separator: "-").drop { $0 == "." || $0 == "-" }.prefix(64)
    return name.isEmpty ? "model" : String(name)
  }

  /// Divides a text into the path of the file and what is said about the model.
  private static func split(_ text: String, _ place: String) throws -> (String, ModelNotes) {
    // A path may contain colons, so only a colon that a known setting follows ends the path.
    let names = (ModelNotes.names + ModelNotes.normalizationNames).joined(separator: "|")
    guard
      let range = text.range(
        of: ":((\(names))=|binary(,|$))[^:]*$", options: .regularExpression)
    else {
      return (text, ModelNotes())
    }
    let notes = try asUsage { try Self.notes(text[range].dropFirst(), place) }
    return (String(text[..<range.lowerBound]), notes)
  }

  /// Reads what is said about a model. A setting with several numbers or names separates them by
  /// slashes.
  private static func notes(_ text: Substring, _ place: String) throws -> ModelNotes {
    // The word binary alone says that it is so.
    let words = text.split(separator: ",").map { $0 == "binary" ? "binary=true" : String($0) }
    var entries = try options(words, place).map { entry in
      guard case .scalar(let word) = entry.value, word.contains("/") else { return entry }
      let words = word.split(separator: "/").map { SettingValue.scalar(String($0)) }
      return Settings.Entry(name: entry.name, value: .list(words), place: place)
    }
    let isNormalization = { (entry: Settings.Entry) in
      ModelNotes.normalizationNames.contains(entry.name)
    }
    let normalization = entries.filter(isNormalization)
    entries.removeAll(where: isNormalization)
    if !normalization.isEmpty {
      entries.append(
        .init(
          name: "normalize", value: .map(try Settings(normalization, place: place)), place: place))
    }
    let settings = try Settings(entries, place: place)
    let notes = try ModelNotes(settings)
    try settings.finish("a model")
    return notes
  }

  /// Reads several models and checks that their names differ. Models that are named after files of
  /// the same name are named after their folders, too: `lr=0.1/last.pt` is called `lr-0.1-last`.
  static func all(_ texts: [String]) throws -> [NamedModel] {
    var models = try texts.map { try NamedModel($0) }
    func isTwice(_ model: NamedModel) -> Bool { models.count { $0.name == model.name } > 1 }
    let alike = models.indices.filter { !models[$0].isNamed && isTwice(models[$0]) }
    for place in alike {
      let folder = models[place].url.deletingLastPathComponent().lastPathComponent
      models[place].name = name("\(folder)-\(models[place].name)")
    }
    if let twice = models.first(where: isTwice) {
      throw Failure.usage(
        "--model: two models have the name '\(twice.name)'",
        hint: "give them different names: --model first=a.safetensors second=b.safetensors")
    }
    return models
  }
}
