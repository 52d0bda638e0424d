import Support

/// Which adversarial images an experiment exports as PNG files.
public struct ImagePlan: Sendable {
  /// The attacks whose examples are exported.
  public let attacks: [String]
  /// How many images are exported of each attack, budget and source.
  public let count: Int
  /// JPEG qualities from 1 to 100. For each of them, the export counts the pictures that still fool
  /// the source model after compression.
  public let jpegQualities: [Int]

  public init(attacks: [String], count: Int, jpegQualities: [Int] = []) {
    self.jpegQualities = jpegQualities
    self.attacks = attacks
    self.count = count
  }

  init(_ settings: Settings, attacks known: [String]) throws {
    attacks = try settings.strings(
      "attacks", default: known, "the attacks whose examples are exported")
    count = try settings.int(
      "count", default: 20, in: 1...1_000_000, "how many images of each attack, budget and source")
    jpegQualities = try settings.strings(
      "jpeg", default: [], "the qualities of JPEG to try, from 1 to 100"
    ).map {
      guard let quality = Int($0), (1...100).contains(quality) else {
        throw Failure.badData(
          "\(settings.place(of: "jpeg")): jpeg: expected qualities from 1 to 100, found '\($0)'",
          hint: "for example [95, 75, 50]")
      }
      return quality
    }
    if let wrong = attacks.first(where: { !known.contains($0) }) {
      throw Failure.badData(
        "\(settings.place(of: "attacks")): images: unknown attack '\(wrong)'",
        hint: hint(for: wrong, among: known))
    }
    try settings.finish("images")
  }
}
