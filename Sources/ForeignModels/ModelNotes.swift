import ModelCore
import Support

/// What has to be said of a model that does not describe itself: which images it takes, and what it
/// does with their pixels before its first layer.
///
/// Pixels outside a model are always in [0, 1], red before blue; what is noted here happens inside
/// it, so that budgets stay in those units. In order: channels, range, normalisation, layout.
public struct ModelNotes: Equatable, Sendable {
  public enum Channels: String, CaseIterable, Sendable { case rgb, bgr }

  /// How a program takes its images: `[N, C, H, W]`, `[N, H, W, C]` or `[N, C·H·W]`.
  public enum Layout: String, CaseIterable, Sendable { case nchw, nhwc, flat }

  /// (x − mean) / deviation per channel, in the model's own range and order of channels; one number
  /// stands for all channels.
  public struct Normalization: Equatable, Sendable {
    public let mean: [Double]
    public let deviation: [Double]
  }

  /// A name from `Architecture.all`, for files that hold only weights.
  public var architecture: String?
  /// The layers of such a file, instead of an architecture.
  public var layers: LayerList?
  public var input: InputShape?
  public var classNames: [String]?
  public var normalization: Normalization?
  public var channels: Channels?
  /// What 0 and 1 become: 0...255 for a model that takes bytes.
  public var range: ClosedRange<Double>?
  public var layout: Layout?

  /// Nothing is said.
  public init() {}

  /// Where a file has its own notes: the name of a member of a TorchScript archive, or a key of the
  /// metadata of the others.
  public static let name = "crossfire.json"

  /// Reads `architecture`, `layers`, `input`, `classes`, `normalize`, `channels`, `range`,
  /// `layout`.
  public init(_ settings: Settings) throws {
    let architectures = Architecture.all.map(\.name)
    if settings.has("architecture") {
      architecture = try settings.choice(
        "architecture", of: architectures, "of a file that holds only weights")
    }
    if settings.has("layers") {
      do {
        layers = try LayerList(settings.strings("layers", "of a file that holds only weights"))
      } catch let failure
        as Failure
      {
        throw Failure.badData(
          "\(settings.place(of: "layers")): \(failure.message)", hint: failure.hint)
      }
    }
    if settings.has("input") {
      let text = try settings.string("input", "the shape of an image")
      guard let shape = InputShape(text) else {
        throw Failure.badData(
          "\(settings.place(of: "input")): input: expected a shape like 3x32x32, found '\(text)'")
      }
      input = shape
    }
    classNames = try Self.classes(settings)
    normalization = try Self.normalization(settings)
    if settings.has("channels") {
      channels = Channels(rawValue: try settings.choice("channels", of: Channels.names, ""))
    }
    if settings.has("layout") {
      layout = Layout(rawValue: try settings.choice("layout", of: Layout.names, ""))
    }
    if settings.has("range") {
      let ends = try settings.doubles(
        "range", in: -1e6...1e6, "what the darkest and the brightest pixel become")
      guard ends.count == 2, ends[0] < ends[1] else {
        throw Failure.badData(
          "\(settings.place(of: "range")): range: expected two rising numbers, like [0, 255]")
      }
      range = ends[0]...ends[1]
    }
    for name in Self.names { _ = settings.value(name, "") }
  }

  private static let names = [
    "architecture", "layers", "input", "classes", "normalize", "channels", "range", "layout",
  ]

  private static func classes(_ settings: Settings) throws -> [String]? {
    guard settings.has("classes") else { return nil }
    let given = try settings.strings(
      "classes", "the names of the classes in the model's order, or their number")
    let names =
      given.count == 1
      ? Int(given[0]).map { (0..<min(max($0, 0), 100_000)).map(String.init) } ?? given : given
    guard (2...65_536).contains(names.count), Set(names).count == names.count else {
      throw Failure.badData(
        "\(settings.place(of: "classes")): classes: expected 2 to 65536 different names, or their number"
      )
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
    guard mean.count == deviation.count, !mean.isEmpty else {
      throw Failure.badData(
        "\(map.place): normalize has \(mean.count) means and \(deviation.count) standard deviations",
        hint: "one of each for each channel, like normalize: { mean: [0.1307], std: [0.3081] }")
    }
    return Normalization(mean: mean, deviation: deviation)
  }

  /// Reads a file's own notes; nothing is said by an empty text.
  init(json: String) throws {
    guard !json.isEmpty else {
      self.init()
      return
    }
    let settings = try Settings.json(json, place: "its \(Self.name)")
    try self.init(settings)
    try settings.finish("its \(Self.name)")
  }

  /// These notes where they say something, the others where they do not.
  public func over(_ other: ModelNotes) -> ModelNotes {
    var both = self
    both.architecture = architecture ?? (layers == nil ? other.architecture : nil)
    both.layers = layers ?? (architecture == nil ? other.layers : nil)
    both.input = input ?? other.input
    both.classNames = classNames ?? other.classNames
    both.normalization = normalization ?? other.normalization
    both.channels = channels ?? other.channels
    both.range = range ?? other.range
    both.layout = layout ?? other.layout
    return both
  }

  /// The layers that turn pixels in [0, 1] into what the model takes.
  func preparation(channels count: Int) throws -> LayerList {
    var texts = channels == .bgr ? ["bgr"] : []
    let (low, width) = range.map { ($0.lowerBound, $0.upperBound - $0.lowerBound) } ?? (0, 1)
    if normalization != nil || range ?? 0...1 != 0...1 {
      // ((x·width + low) − mean) / deviation, as one step.
      func all(_ numbers: [Double]) -> [Double] {
        numbers.count == 1 ? [Double](repeating: numbers[0], count: count) : numbers
      }
      let mean = all(normalization?.mean ?? [0]).map { "\(($0 - low) / width)" }.joined(
        separator: ",")
      let deviation = all(normalization?.deviation ?? [1]).map { "\($0 / width)" }.joined(
        separator: ",")
      texts.append("normalize mean \(mean) std \(deviation)")
    }
    return try LayerList(texts)
  }
}

extension CaseIterable where Self: RawRepresentable, RawValue == String {
  fileprivate static var names: [String] { allCases.map(\.rawValue) }
}
