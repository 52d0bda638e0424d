import Datasets
import Foundation
import Support

/// The data of an experiment: which images models are trained on, and which are attacked.
public struct DataPlan: Sendable {
  public let reference: DataReference
  /// The number of training images that are used, counted from the first; nil for all.
  public let train: Int?
  /// The number of test images that are used, counted from the first; nil for all.
  public let test: Int?

  public init(_ reference: DataReference, train: Int? = nil, test: Int? = nil) {
    self.reference = reference
    self.train = train
    self.test = test
  }

  init(_ settings: Settings) throws {
    let meaning = "the name of a data set, or the path of a folder or file"
    guard let entry = settings.value("data", meaning) else {
      throw Failure.badData(
        "\(settings.place): 'data' is missing (\(meaning))",
        hint: "for example data: { name: mnist5k }")
    }
    if case .scalar(let text) = entry.value {
      self.init(try DataReference(text, from: settings.folder))
      return
    }
    guard let map = try settings.map("data", meaning) else {
      preconditionFailure("the entry was found above")
    }
    let name = try map.string("name", meaning)
    let options = try DataReference.optionNames.compactMap { option in
      let meaning = "an option of the data; on the command line it follows the path after a colon"
      return map.value(option, meaning) == nil
        ? nil : "\(option)=" + (try map.strings(option, meaning)).joined(separator: "+")
    }
    let text = options.isEmpty ? name : "\(name):" + options.joined(separator: ",")
    let reference = try DataReference(text, from: settings.folder)
    let train = try map.optionalInt("train", in: 1...Int.max, "how many training images are used")
    let test = try map.optionalInt("test", in: 1...Int.max, "how many test images are used")
    try map.finish("data")
    self.init(reference, train: train, test: test)
  }

  /// The data of a repetition of the experiment.
  func repetition(_ number: Int) -> DataPlan {
    DataPlan(reference.repetition(number), train: train, test: test)
  }

  /// A digest of the names, sizes and times of the files that a split is read from, by which a
  /// change of the data is noticed without opening them. It takes a call of `stat` for each file.
  ///
  /// It is the same for a copy of the data in another folder, if the copy keeps the times.
  /// - Returns: nil if it cannot be known, for example because files are missing.
  public func state(_ split: Split) -> String? { reference.copyDigest(split) }

  /// Loads as many images of a split as the plan says; all of a validation split. Shows the
  /// progress, and notes what was left out.
  /// - Parameters:
  ///   - cache: what is known of the data from earlier processes; nil for nothing.
  ///   - notes: whether the notes on the images are shown.
  /// - Throws: `Failure.badData` if there are fewer images.
  public func load(
    _ split: Split, cache: DataCache? = nil, progress: ProgressDisplay = ProgressDisplay(.quiet),
    notes: Bool = true
  ) throws -> LabelledImages {
    let all = try progress.loading(reference.description, notes: notes) {
      try reference.load(split, cache: cache, progress: $0)
    }
    return try count(split).map { try all.first($0) } ?? all
  }

  /// The images of a split, as many as the plan says. If the cache knows what must be known of them,
  /// they are opened only when they are used. Otherwise they are opened now, and the cache knows it
  /// from then on. The notes on the images are shown in both cases.
  /// - Throws: what `load(_:cache:progress:notes:)` throws.
  func lazily(_ split: Split, cache: DataCache?, progress: ProgressDisplay) throws -> LazyImages {
    let request = [
      "images", reference.absolute, split.rawValue, count(split).map { "\($0)" } ?? "all",
    ]
    let entry = cache?.entry(for: request) { reference.state(split) }
    if let entry, let facts = entry.facts() {
      for line in facts.notes { progress.note(line) }
      return LazyImages(facts) {
        try entry.check(
          load(split, cache: cache, progress: progress, notes: false), against: facts)
      }
    }
    let images = LazyImages(try load(split, cache: cache, progress: progress))
    entry?.store(images.facts)
    return images
  }

  /// The number of images of a split that are used; nil for all.
  private func count(_ split: Split) -> Int? {
    switch split {
    case .train: train
    case .validation: nil
    case .test: test
    }
  }
}

extension ProgressDisplay {
  /// Loads images. Shows the progress, and then the notes on the images.
  /// - Parameter notes: whether the notes are shown.
  public func loading(
    _ name: String, notes: Bool = true,
    _ load: (@escaping DataReference.Progress) throws -> LabelledImages
  ) rethrows -> LabelledImages {
    let images = try load { done, total in
      if done == 1 { self.begin("read \(name)", total: total, unit: "images") }
      self.update(done)
    }
    end(nil)
    if notes { for line in images.notes { note(line) } }
    return images
  }
}

extension LabelledImages {
  /// The first `wanted` images.
  /// - Throws: `Failure.badData` if there are fewer.
  public func first(_ wanted: Int) throws -> LabelledImages {
    guard wanted <= count else {
      throw Failure.badData("\(name) has \(count) images, and \(wanted) were asked for")
    }
    return prefix(wanted)
  }

  /// The images that a request asks for: the first `count`, or a sample that keeps the shares of
  /// the classes, or all.
  /// - Parameters:
  ///   - seed: the seed of the request, from which that of the sample derives.
  ///   - note: gets a sentence if the first `count` images lack many classes.
  /// - Throws: `Failure` if there are fewer images.
  public func chosen(
    first count: Int?, sample: Int?, seed: Seed, note: (String) -> Void
  ) throws -> LabelledImages {
    if let sample { return try self.sample(sample, seed: seed.derive("sample")) }
    guard let count else { return self }
    let images = try first(count)
    if let missed = classesMissed(inFirst: count) {
      note("\(missed); --sample \(count), or 'sample' in an experiment, draws them from all")
    }
    return images
  }
}
