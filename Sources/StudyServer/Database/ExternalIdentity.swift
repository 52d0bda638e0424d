import HumanStudy

/// Identifiers of a participant on a recruiting site, from the address by which they came.
struct ExternalIdentity: Equatable, Sendable {
  /// The parameters that are stored: those of Prolific and Mechanical Turk. The first two identify
  /// a person.
  static let names = RecruitingIdentifier.allCases.map(\.rawValue)

  let values: [String: String]

  /// - Returns: nil if a value is longer than 64 characters or has characters other than ASCII
  ///   letters, digits, dots, hyphens and underscores.
  init?(_ query: [String: String]) {
    values = query.filter { Self.names.contains($0.key) && !$0.value.isEmpty }
    let isPlain = { (text: String) in
      text.utf8.count <= 64
        && text.unicodeScalars.allSatisfy {
          $0.isASCII
            && ($0.properties.isAlphabetic || ("0"..."9").contains($0)
              || "-_.".unicodeScalars.contains($0))
        }
    }
    guard values.values.allSatisfy(isPlain) else { return nil }
  }

  /// The identifier of the person; nil if the address had none.
  var person: String? { Self.names.prefix(2).lazy.compactMap { values[$0] }.first }

  /// All identifiers in one line, such as `PROLIFIC_PID=a STUDY_ID=b`.
  var text: String {
    Self.names.compactMap { name in values[name].map { "\(name)=\($0)" } }.joined(separator: " ")
  }
}
