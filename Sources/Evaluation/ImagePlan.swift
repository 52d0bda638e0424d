import Support

/// Which adversarial images become PNG files.
public struct ImagePlan: Sendable {
  public let attacks: [String]
  /// How many images of each attack, budget and source.
  public let count: Int
  /// At which qualities to try what JPEG leaves of them.
  public let jpegQualities: [Int]

  public init(attacks: [String], count: Int, jpegQualities: [Int] = []) {
    self.jpegQualities = jpegQualities
    self.attacks = attacks
    self.count = count
  }

  init(_ settings: Settings, attacks known: [String]) throws {
    attacks = try settings.strings("attacks", default: known, "whose images")
    count = try settings.int(
      "count", default: 20, in: 1...1_000_000, "how many of each attack, budget and source")
    jpegQualities = try settings.strings(
      "jpeg", default: [], "qualities of JPEG to try them through, 1 to 100"
    ).map {
      guard let quality = Int($0), (1...100).contains(quality) else {
        throw Failure.badData(
          "\(settings.place(of: "jpeg")): \($0) is no quality of JPEG",
          hint: "for example [95, 75, 50]")
      }
      return quality
    }
    if let wrong = attacks.first(where: { !known.contains($0) }) {
      throw Failure.badData(
        "\(settings.place(of: "attacks")): images of unknown attack '\(wrong)'",
        hint: hint(for: wrong, among: known))
    }
    try settings.finish("images")
  }
}
