import ModelCore
import Support

/// What is known about a model that does not describe itself: which images it takes, and what it
/// does with their values before its first layer.
///
/// Images outside a model always have the data's values, for pictures pixels in [0, 1] with red
/// before blue. What the notes state happens inside the model, so that budgets keep the data's
/// units. The order is: channels, range, normalisation, layout.
///
/// A user gives notes on the command line or in an experiment, and a file can contain its own
/// (docs/models.md).
public struct ModelNotes: Equatable, Sendable {
  public enum Channels: String, CaseIterable, Sendable { case rgb, bgr }

  /// The shape in which a program takes images: `[N, C, H, W]`, `[N, H, W, C]` or `[N, C·H·W]`.
  public enum Layout: String, CaseIterable, Sendable { case nchw, nhwc, flat }

  /// (x − mean) / deviation for each channel, in the model's own range and order of channels. A
  /// single mean or deviation applies to all channels. For a row of a table, each feature is a channel.
  public struct Normalization: Equatable, Sendable {
    public let mean: [Double]
    public let deviation: [Double]
  }

  /// A name in `Architecture.all`, for a file that holds only weights.
  public var architecture: String?
  /// The layers of a file that holds only weights, instead of an architecture.
  public var layers: LayerList?
  public var input: InputShape?
  public var classNames: [String]?
  public var normalization: Normalization?
  public var channels: Channels?
  /// What the smallest and the largest value of the data become: 0...255 for a model that takes
  /// bytes.
  public var range: ClosedRange<Double>?
  public var layout: Layout?
  /// Where the weights are in a PyTorch checkpoint: a key, or several that are separated by dots.
  public var entry: String?
  /// Which output of a program with several gives the logits: its name, or its place from 0 on.
  public var output: String?
  /// Whether a model gives one number z for each image, which is the logit of the class 1 of two. The
  /// logit of the class 0 is then 0.
  public var binary: Bool?

  /// Notes that state nothing.
  public init() {}

  /// Where a file contains its own notes: the name of a member of a TorchScript archive, or of a
  /// key in the metadata of a safetensors or ONNX file.
  public static let name = "crossfire.json"

  /// The names of all settings, in the order of the table in docs/models.md.
  package static let names = [
    "normalize", "range", "channels", "layout", "input", "classes", "architecture", "layers",
    "entry", "output", "binary",
  ]

  /// The names in `normalize`, for the mean and for the standard deviation.
  package static let normalizationNames = ["mean", "std"]

  /// Reads the settings in `names`, all of which are optional.
  /// - Throws: `Failure.badData` with the place of the setting, what was expected and what was
  ///   found.
  public init(_ settings: Settings) throws {
    let architectures = Architecture.all.map(\.name)
    if settings.has("architecture") {
      architecture = try settings.choice(
        "architecture", of: architectures, "of a file that holds only weights",
        orIf: Architecture.isKnown)
    }
    layers = try Self.layers(settings)
    if settings.has("input") {
      let text = try settings.string("input", "the shape of an image, or of a row of a table")
      guard let shape = InputShape(text) else {
        throw Failure.badData(
          "\(settings.place(of: "input")): input: expected a shape like 3x32x32, or like 4 for "
            + "rows of a table, found '\(text)'")
      }
      input = shape
    }
    classNames = try Self.classes(settings)
    normalization = try Self.normalization(settings)
    if settings.has("channels") {
      let word = try settings.choice("channels", of: Channels.words, "the order of the channels")
      channels = Channels(rawValue: word)
    }
    if settings.has("layout") {
      let word = try settings.choice("layout", of: Layout.words, "the layout of a program's images")
      layout = Layout(rawValue: word)
    }
    range = try Self.range(settings)
    if settings.has("entry") {
      entry = try settings.string("entry", "the key of the weights in a PyTorch checkpoint")
    }
    if settings.has("output") {
      output = try settings.string("output", "the name or the place of the logits among outputs")
    }
    if settings.has("binary") {
      binary = try settings.bool("binary", "whether one number is the logit of class 1 of two")
    }
    // The code above does not always read every setting. All names are read once here, so that
    // `finish` does not refuse them, and lists them if it refuses an unknown name.
    for name in Self.names { _ = settings.value(name, "") }
  }

  private static func layers(_ settings: Settings) throws -> LayerList? {
    guard settings.has("layers") else { return nil }
    do {
      return try LayerList(settings.strings("layers", "of a file that holds only weights"))
    } catch let failure as Failure {
      guard !failure.message.hasPrefix(settings.place(of: "layers")) else { throw failure }
      throw Failure.badData(
        "\(settings.place(of: "layers")): \(failure.message)", hint: failure.hint)
    }
  }

  private static func range(_ settings: Settings) throws -> ClosedRange<Double>? {
    guard settings.has("range") else { return nil }
    let ends = try settings.doubles(
      "range", in: -1e6...1e6, "what the smallest and the largest value of the data become")
    guard ends.count == 2, ends[0] < ends[1] else {
      throw Failure.badData(
        "\(settings.place(of: "range")): range: expected two rising numbers, like [0, 255]")
    }
    return ends[0]...ends[1]
  }

  private static func classes(_ settings: Settings) throws -> [String]? {
    guard settings.has("classes") else { return nil }
    let given = try settings.strings(
      "classes", "the names of the classes in the model's order, or their number")
    let names =
      given.count == 1
      ? Int(given[0]).map { (0..<min(max($0, 0), 100_000)).map(String.init) } ?? given : given
    guard (2...65_536).contains(names.count), Set(names).count == names.count else {
      throw Failure.badData(
        "\(settings.place(of: "classes")): classes: expected 2 to 65536 different names, or their "
          + "number")
    }
    return names
  }

  private static func normalization(_ settings: Settings) throws -> Normalization? {
    guard let map = try settings.map("normalize", "mean and std of each channel") else {
      return nil
    }
    let mean = try map.doubles("mean", in: -1e6...1e6, "of each channel, in the model's range")
    let deviation = try map.doubles("std", in: 1e-9...1e6, "of each channel, in the model's range")
    try map.finish("normalize")
    guard mean.count == deviation.count || min(mean.count, deviation.count) == 1,
      !mean.isEmpty, !deviation.isEmpty
    else {
      throw Failure.badData(
        "\(map.place): normalize has \(mean.count) means and \(deviation.count) standard "
          + "deviations",
        hint: "give one of each per channel, or one for all channels")
    }
    return Normalization(mean: mean, deviation: deviation)
  }

  /// Reads the notes in a file. An empty text states nothing.
  init(json: String) throws {
    guard !json.isEmpty else {
      self.init()
      return
    }
    let settings = try Settings.json(json, place: "its \(Self.name)")
    try self.init(settings)
    try settings.finish("its \(Self.name)")
  }

  static let unknownInput = Failure.badData(
    "input shape unknown",
    hint: "add it after the file, like :input=1x28x28 for images of 28x28 pixels with one channel, "
      + "or :input=4 for rows of 4 numbers; or name the data with --data")
}

extension CaseIterable where Self: RawRepresentable, RawValue == String {
  fileprivate static var words: [String] { allCases.map(\.rawValue) }
}
