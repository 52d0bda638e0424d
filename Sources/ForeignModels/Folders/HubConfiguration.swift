import Foundation
import ModelCore
import Support

/// What the configuration of a published model says about it: `config.json` of timm or transformers,
/// and `preprocessor_config.json` of transformers.
struct HubConfiguration {
  /// Everything but the architecture.
  private(set) var notes = ModelNotes()
  /// The sizes for `resize` and `crop` of the data, and what differs from them.
  private(set) var advice: String?
  private let description: [String: Any]

  /// - Parameters:
  ///   - description: the content of `config.json`.
  ///   - pixels: the content of `preprocessor_config.json`; empty if there is none.
  /// - Throws: `Failure.badData` that names the member with an impossible value.
  init(_ description: [String: Any], pixels: [String: Any]) throws {
    self.description = description
    if let problem = description["problem_type"] as? String,
      problem != "single_label_classification"
    {
      throw Failure.badData(
        "its problem_type is '\(problem.shown)', expected single_label_classification")
    }
    if let own = description["pretrained_cfg"] as? [String: Any] {
      notes.normalization = try Self.normalization(own["mean"], own["std"], "pretrained_cfg")
      notes.input = try Self.input(own["input_size"])
      advice = Self.advice(timm: own, notes.input)
    } else {
      try read(pixels)
    }
    notes.classNames = try Self.classes(description)
  }

  /// Crossfire's name of the architecture.
  /// - Throws: `Failure.badData` with the published name, if Crossfire has no such architecture.
  func architecture() throws -> String { try PublishedModels.architecture(description) }

  // MARK: Members

  /// Reads `preprocessor_config.json`, and the size of the images in `config.json`.
  private mutating func read(_ pixels: [String: Any]) throws {
    func flag(_ name: String) -> Bool { pixels[name] as? Bool ?? true }
    if !pixels.isEmpty {
      notes.normalization =
        flag("do_normalize")
        ? try Self.normalization(
          pixels["image_mean"], pixels["image_std"], "preprocessor_config.json")
        : ModelNotes.Normalization(mean: [0], deviation: [1])
      let factor = flag("do_rescale") ? pixels["rescale_factor"] as? Double ?? 1 / 255 : 1
      guard factor > 0, factor <= 1, pixels["rescale_offset"] as? Bool != true else {
        throw Failure.badData(
          "preprocessor_config.json scales pixels in an unusual way",
          hint: "give the range and the normalisation of the pixels, like :range=-1/1")
      }
      if abs(factor * 255 - 1) > 1e-6 { notes.range = 0...factor * 255 }
    }
    let channels = description["num_channels"] as? Int ?? 3
    let crop = pixels["do_center_crop"] as? Bool == true ? Self.size(pixels["crop_size"]) : nil
    let size = Self.size(pixels["size"])
    let own = Self.size(description["image_size"])
    guard let shown = crop ?? size ?? own else { return }
    notes.input = try Self.input([channels, shown.height, shown.width])
    guard pixels["do_resize"] as? Bool != false, let size else { return }
    let share = pixels["crop_pct"] as? Double ?? 1
    let resize = Self.resized(size.height, share)
    let names = [0: "nearest", 1: "Lanczos", 3: "bicubic", 4: "box", 5: "Hamming"]
    advice = Self.advice(
      resize: resize, crop: shown.height, names[pixels["resample"] as? Int ?? 2],
      isSquashed: crop == nil && !size.isEdge)
  }

  /// The size to which pictures are resized before a share of it is cut out.
  private static func resized(_ size: Int, _ share: Double) -> Int {
    guard (0.01...1).contains(share), (1...65_536).contains(size) else { return size }
    return Int(Double(size) / share)
  }

  private static func advice(timm own: [String: Any], _ input: InputShape?) -> String? {
    guard let input, input.isPicture else { return nil }
    let share = own["crop_pct"] as? Double ?? 0.875
    let size = input.sizes[1]
    let interpolation = own["interpolation"] as? String ?? "bilinear"
    let mode = own["crop_mode"] as? String ?? "center"
    return advice(
      resize: resized(size, share), crop: size,
      interpolation == "bilinear" ? nil : interpolation, isSquashed: mode == "squash")
  }

  private static func advice(
    resize: Int, crop: Int, _ interpolation: String?, isSquashed: Bool
  ) -> String {
    var text = "it was made for pictures prepared by --data photos:resize=\(resize),crop=\(crop)"
    if let interpolation {
      text +=
        "; its makers resized them with \(interpolation.shown) interpolation, Crossfire's is "
        + "bilinear, so accuracies can differ a little"
    }
    if isSquashed {
      text += "; its makers squeezed pictures to a square instead of cutting one out"
    }
    return text
  }

  /// A size of pictures: a number, [height, width], {height, width} or {shortest_edge}.
  private static func size(_ value: Any?) -> (height: Int, width: Int, isEdge: Bool)? {
    if let number = value as? Int { return (number, number, false) }
    if let list = value as? [Int], list.count == 2 { return (list[0], list[1], false) }
    guard let map = value as? [String: Any] else { return nil }
    if let edge = map["shortest_edge"] as? Int { return (edge, edge, true) }
    guard let height = map["height"] as? Int, let width = map["width"] as? Int else { return nil }
    return (height, width, false)
  }

  private static func input(_ value: Any?) throws -> InputShape? {
    guard let value else { return nil }
    guard let sizes = value as? [Int], sizes.count == 3,
      let shape = InputShape(sizes.map(String.init).joined(separator: "x"))
    else {
      throw Failure.badData(
        "config.json states an impossible size of images, expected [3, 224, 224]")
    }
    return shape
  }

  private static func normalization(_ mean: Any?, _ deviation: Any?, _ place: String) throws
    -> ModelNotes.Normalization?
  {
    if mean == nil, deviation == nil { return nil }
    guard let means = mean as? [Double], let deviations = deviation as? [Double],
      (1...16).contains(means.count), means.count == deviations.count,
      means.allSatisfy({ abs($0) <= 1e6 }), deviations.allSatisfy({ (1e-9...1e6).contains($0) })
    else {
      throw Failure.badData(
        "\(place) does not have a mean and a positive standard deviation for each channel")
    }
    return ModelNotes.Normalization(mean: means, deviation: deviations)
  }

  // MARK: Classes

  private static let mostClasses = 65_536

  /// The names of the classes: `label_names` of timm, `id2label` of transformers, or their number.
  private static func classes(_ description: [String: Any]) throws -> [String]? {
    if let names = description["label_names"] as? [String] { return try checked(names) }
    if let map = description["id2label"] as? [String: String] {
      let names = (0..<min(map.count, mostClasses)).compactMap { map["\($0)"] }
      guard names.count == map.count else {
        throw Failure.badData("id2label in config.json does not number the classes from 0 on")
      }
      return try checked(names)
    }
    let number = description["num_classes"] ?? description["num_labels"]
    guard let number = number as? Int, (2...mostClasses).contains(number) else { return nil }
    return (0..<number).map(String.init)
  }

  /// The names, where those that occur more than once get their number: ImageNet has two classes
  /// that are called crane.
  private static func checked(_ names: [String]) throws -> [String]? {
    guard (2...mostClasses).contains(names.count) else { return nil }
    guard !names.contains(where: { $0.unicodeScalars.contains { $0.properties.isControl } }) else {
      throw Failure.badData("config.json has a class whose name contains control characters")
    }
    let counts = names.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    let unique = names.enumerated().map { counts[$1] == 1 ? $1 : "\($1) (\($0))" }
    guard Set(unique).count == unique.count else {
      throw Failure.badData("config.json gives several classes the same name")
    }
    return unique
  }
}

extension String {
  /// The beginning of a text from a file, without control characters.
  var shown: String {
    String(prefix(80).unicodeScalars.map { $0.properties.isControl ? "?" : Character($0) })
  }
}

extension Unicode.Scalar.Properties {
  fileprivate var isControl: Bool { [.control, .lineSeparator].contains(generalCategory) }
}
