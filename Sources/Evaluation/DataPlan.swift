import Datasets
import Foundation
import Support

/// Which images to train on and to attack.
public struct DataPlan: Sendable {
  public let reference: DataReference
  /// How many training images to use, from the first on; nil: all.
  public let train: Int?
  /// How many test images clean accuracy is measured on; nil: all.
  public let test: Int?

  public init(_ reference: DataReference, train: Int? = nil, test: Int? = nil) {
    self.reference = reference
    self.train = train
    self.test = test
  }

  init(_ settings: Settings) throws {
    let meaning = "a data set's name or a folder"
    guard let entry = settings.value("data", meaning) else {
      throw Failure.badData(
        "\(settings.place): no data", hint: "for example data: { name: mnist5k }")
    }
    if case .scalar(let text) = entry.value {
      self.init(try DataReference(text, from: settings.folder))
      return
    }
    guard let map = try settings.map("data", meaning) else {
      throw Failure.badData("\(entry.place): no data")
    }
    let name = try map.string("name", meaning)
    let options = try DataReference.optionNames.compactMap { option in
      map.value(option, "as after a path") == nil
        ? nil : "\(option)=" + (try map.string(option, "as after a path"))
    }
    let text = options.isEmpty ? name : "\(name):" + options.joined(separator: ",")
    let reference = try DataReference(text, from: settings.folder)
    let train = try map.optionalInt("train", in: 1...Int.max, "how many training images")
    let test = try map.optionalInt("test", in: 1...Int.max, "how many test images")
    try map.finish("data")
    self.init(reference, train: train, test: test)
  }

  /// Loads a split, cut to the size asked for; shows how far it is, and what was left out.
  /// - Throws: `Failure.badData` if there are fewer images than asked for.
  public func load(_ split: Split, progress: ProgressDisplay = ProgressDisplay(.quiet)) throws
    -> LabelledImages
  {
    let all = try progress.loading(reference.description) {
      try reference.load(split, progress: $0)
    }
    guard let wanted = split == .train ? train : test else { return all }
    return try all.first(wanted)
  }
}

extension ProgressDisplay {
  /// Shows how far the loading of images is, and then what is to be known about them.
  public func loading(
    _ name: String, _ load: (@escaping DataReference.Progress) throws -> LabelledImages
  ) rethrows -> LabelledImages {
    let images = try load { done, total in
      if done == 1 { self.begin("read \(name)", total: total, unit: "images") }
      self.update(done)
    }
    end(nil)
    for line in images.notes { note(line) }
    return images
  }
}

extension LabelledImages {
  /// The first `wanted` images.
  /// - Throws: `Failure.badData` if there are fewer.
  public func first(_ wanted: Int) throws -> LabelledImages {
    guard wanted <= count else {
      throw Failure.badData("\(name) has \(count) images, \(wanted) were asked for")
    }
    return prefix(wanted)
  }
}
