import Foundation
import Support

/// Writes the answers of a study as a dataset of Psych-DS (https://psych-ds.github.io), which can be
/// shared: it has no identifiers of recruiting sites, no completion codes and no comments.
///
/// - `dataset_description.json` describes the dataset and every column.
/// - `data/` has a table of answers, joined with what each picture is, and a table of participants.
/// - `codebook.csv` has the description of the columns as a table, and `README.md` says how to read
///   the data.
public struct PsychDataset {
  static let answersFile = "task-labelling_description-answers_data.csv"
  static let participantsFile = "task-labelling_description-participants_data.csv"
  static let codebookColumns = ["column", "meaning", "unit", "values"]

  private let folder: StudyFolder
  private let study: Study
  private let data: StudyData
  private let records: [ParticipantRecord]
  private let sessions: [String: [SessionRecord]]
  private let demographics: [String: [DemographicAnswer]]

  /// Reads the tables that `study export` has written.
  /// - Throws: `Failure` if a table is missing or does not fit the study.
  public init(_ folder: StudyFolder) throws {
    self.folder = folder
    data = try StudyData(folder)
    study = data.study
    records = try folder.readParticipants()
    sessions = Dictionary(grouping: try folder.readSessions(), by: \.participant)
    demographics = Dictionary(grouping: try folder.readDemographics(), by: \.participant)
  }

  /// Writes the dataset.
  public func write() throws {
    let place = folder.dataset
    let asked = (study.demographics ?? []).map(Codebook.demographic)
    let columns = Codebook.participants + asked
    try write(
      answers(), Codebook.answers.map(\.name), to: place.appending(path: "data/\(Self.answersFile)")
    )
    try write(
      participants(), columns.map(\.name),
      to: place.appending(path: "data/\(Self.participantsFile)"))
    var entries: [CodebookEntry] = []
    for entry in Codebook.answers + columns
    where !entries.contains(where: { $0.name == entry.name }) {
      entries.append(entry)
    }
    try write(
      entries.map { [$0.name, $0.meaning, $0.unit ?? "", $0.values.joined(separator: " | ")] },
      Self.codebookColumns, to: place.appending(path: "codebook.csv"))
    try AtomicFile.write(readme, to: place.appending(path: "README.md"))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try AtomicFile.write(
      try encoder.encode(Description(study, entries)),
      to: place.appending(path: "dataset_description.json"))
  }

  private func answers() -> [[String]] {
    let pilots = Set(records.filter(\.isPilot).map(\.participant))
    return data.answers.map { answer in
      let stimulus = data.key[answer.stimulus]
      let label: Int? = if case .label(let label) = answer.choice { label } else { nil }
      let session = sessions[answer.participant]?.first { $0.session == answer.session }
      let isTarget = label != nil && label == stimulus?.target
      return [
        answer.participant, Self.truth(pilots.contains(answer.participant)),
        leftOut(answer.participant), "\(answer.session)", "\(answer.position)",
        answer.phase.rawValue, answer.stimulus, "\(answer.question)", answer.choice?.text ?? "",
        label.map { study.classNames[$0] } ?? "", answer.ending.rawValue,
        answer.milliseconds?.plainDecimal ?? "", answer.serverMilliseconds?.plainDecimal ?? "",
        answer.time, stimulus?.kind.rawValue ?? "", stimulus.map { "\($0.index)" } ?? "",
        stimulus.map { "\($0.label)" } ?? "", stimulus?.target.map { "\($0)" } ?? "",
        stimulus?.source ?? "", stimulus?.attack ?? "", stimulus?.epsilon?.plainDecimal ?? "",
        stimulus?.condition?.name ?? "", Self.truth(isTarget),
        Self.truth(label != nil && label == stimulus?.label),
      ] + Self.window(session)
    }
  }

  private static func window(_ session: SessionRecord?) -> [String] {
    guard let session else { return ["", "", "", "", ""] }
    return Array(session.fields.dropFirst(3))
  }

  private func participants() -> [[String]] {
    records.map { record in
      let person = record.participant
      return [
        person, Self.truth(record.isPilot), leftOut(person), "\(record.slot)",
        record.status.rawValue, record.consented, record.consentDigest, record.finished,
        "\(sessions[person]?.count ?? 0)",
      ]
        + (study.demographics ?? []).map { question in
          demographics[person]?.first { $0.question == question.name }?.choice ?? ""
        }
    }
  }

  private func leftOut(_ participant: String) -> String {
    if let rule = data.excluded.first(where: { $0.participant == participant })?.rule {
      return rule.rawValue
    }
    // A participant without any answer is not among those whose answers are left out.
    guard let record = records.first(where: { $0.participant == participant }) else { return "" }
    return data.rules.violation([], record.status, isPilot: record.isPilot)?.rule.rawValue ?? ""
  }

  private static func truth(_ value: Bool) -> String { value ? "true" : "false" }

  private func write(_ rows: [[String]], _ columns: [String], to place: URL) throws {
    var table = CSV(header: columns.joined(separator: ","))
    for row in rows { table.append(row) }
    try AtomicFile.write(table.text, to: place)
  }

  private var readme: String {
    """
    # \(study.title)

    The answers to a study of how people see adversarial pictures, as a dataset of
    [Psych-DS](https://psych-ds.github.io). `codebook.csv` and `dataset_description.json` describe
    every column.

    In R, from this folder:

        answers <- read.csv("data/\(Self.answersFile)")

    With pandas:

        answers = pandas.read_csv("data/\(Self.answersFile)")

    """
  }

  /// The content of `dataset_description.json`.
  private struct Description: Encodable {
    struct Variable: Encodable {
      let name: String
      let description: String
      let unitText: String?
      let valueReference: [String]?
      private let type = "PropertyValue"

      enum CodingKeys: String, CodingKey {
        case name, description, unitText, valueReference
        case type = "@type"
      }
    }

    private let context = "https://schema.org/"
    private let type = "Dataset"
    private let schemaVersion = "Psych-DS 0.4.0"
    let name: String
    let description: String
    let inLanguage: String
    let variableMeasured: [Variable]

    enum CodingKeys: String, CodingKey {
      case name, description, schemaVersion, inLanguage, variableMeasured
      case context = "@context"
      case type = "@type"
    }

    init(_ study: Study, _ entries: [CodebookEntry]) {
      name = study.title
      description =
        "Answers of people who labelled adversarial pictures and controls. Rules of exclusion that "
        + "were fixed before the first answer: "
        + (study.exclusion?.sentences.map(\.sentence).joined(separator: " ") ?? "none are stored.")
      inLanguage = study.language ?? "en"
      variableMeasured = entries.map {
        Variable(
          name: $0.name, description: $0.meaning, unitText: $0.unit,
          valueReference: $0.values.isEmpty ? nil : $0.values)
      }
    }
  }
}
