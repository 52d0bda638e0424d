import Support

/// How a cluster runs an experiment's steps, as the entry `cluster` of an experiment file says it.
///
///     cluster:
///       command: apptainer exec --nv crossfire.sif crossfire
///       setup: [module load cuda]
///       options: [--partition=gpu]
///       models: [--gres=gpu:1, --time=04:00:00]
///
/// No result depends on it. It is therefore no part of the resolved experiment nor of any digest,
/// and changing it repeats nothing.
public struct ClusterPlan: Sendable, Equatable {
  /// The steps that share options, because they need a similar machine.
  public enum Group: String, Codable, CaseIterable, Sendable {
    case models, attacks, probes, certificates, explanations, repetitions, merges, report

    /// What the group's options are for, as an error message says it.
    fileprivate var meaning: String { "options of sbatch for the \(rawValue)" }
  }

  /// The text of the shell that starts Crossfire in place of the executable's path.
  public var command: String?
  /// Lines of the shell that come before it.
  public var setup: [String] = []
  /// Options of `sbatch` for all steps. Each is what would follow `#SBATCH` in a script.
  public var options: [String] = []
  /// Further options of `sbatch` for the steps of a group, which override those for all.
  public var groups: [Group: [String]] = [:]

  public init() {}

  /// Reads and checks the entry.
  /// - Throws: `Failure.badData` with the place of what is wrong.
  init(_ settings: Settings) throws {
    if settings.has("command") {
      let text = try settings.string("command", "what starts crossfire")
      guard !text.isEmpty, !text.contains(where: \.isNewline) else {
        throw Failure.badData(
          "\(settings.place(of: "command")): command: expected one line, such as "
            + "apptainer exec crossfire.sif crossfire")
      }
      command = text
    } else {
      _ = settings.value("command", "what starts crossfire")
    }
    setup = try settings.strings("setup", default: [], "lines of the shell before the command")
    options = try Self.options("options", settings, "options of sbatch for all steps")
    for group in Group.allCases {
      groups[group] = try Self.options(group.rawValue, settings, group.meaning)
    }
    try settings.finish("cluster")
  }

  /// The options for the steps of a group, of which later ones override earlier ones.
  public func options(for group: Group) -> [String] { options + (groups[group] ?? []) }

  private static func options(_ name: String, _ settings: Settings, _ meaning: String) throws
    -> [String]
  {
    let options = try settings.strings(name, default: [], meaning)
    do { try check(options) } catch let failure as Failure {
      throw Failure.badData(
        "\(settings.place(of: name)): \(name): \(failure.message)", hint: failure.hint)
    }
    return options
  }

  /// Checks that options of `sbatch` are whole, and that none of them sets what `submit` itself has
  /// to set.
  /// - Throws: `Failure.usage`.
  public static func check(_ options: [String]) throws {
    for option in options {
      guard !option.contains(where: \.isNewline) else {
        throw Failure.usage("an option of sbatch must be one line, found '\(option)'")
      }
      guard !isReserved(option) else {
        throw Failure.usage(
          "'\(option)': crossfire submit itself sets this option of sbatch",
          hint: "leave it out; --max-tasks N limits the size of job arrays, and what the steps "
            + "need of each other says what they wait for")
      }
    }
  }

  /// Whether an option is one that `submit` sets, however it is written: `sbatch` also takes the
  /// beginning of a name (`--depend`), and letters without a value may stand before another
  /// (`-Ha`).
  private static func isReserved(_ option: String) -> Bool {
    let name = String(option.prefix { $0 != "=" && $0 != " " })
    if name.hasPrefix("--") { return reservedNames.contains { $0.hasPrefix(name) } }
    guard name.hasPrefix("-") else { return false }
    return name.dropFirst().first { !lettersWithoutValue.contains($0) }
      .map(reservedLetters.contains) ?? false
  }

  private static let reservedNames: Set<String> = [
    "--array", "--clusters", "--dependency", "--output", "--error", "--input", "--wrap",
    "--parsable", "--wait",
    "--test-only", "--help", "--usage", "--version",
  ]
  private static let reservedLetters: Set<Character> = [
    "a", "d", "o", "e", "i", "M", "W", "h", "V",
  ]
  private static let lettersWithoutValue: Set<Character> = ["H", "k", "O", "Q", "s", "v"]
}
