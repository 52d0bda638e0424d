import Support

/// The settings of a design that are not just numbers or yes and no.
extension Setting where Root == StudyDesign {
  static var language: Setting {
    Setting { design, given in
      let meaning = "the language of the page, or a file of texts"
      let name = try given.string("language", default: design.language, meaning)
      guard StudyDesign.languages.contains(name) || name.hasSuffix(".txt") else {
        throw Failure.badData(
          "\(given.place(of: "language")): unknown language '\(name)'",
          hint: "expected \(StudyDesign.languages.joined(separator: ", ")) or a file of texts ….txt"
        )
      }
      design.language =
        name.hasSuffix(".txt") ? try given.file("language", meaning).path : name
    } values: {
      [("language", $0.language)]
    }
  }

  static var demographics: Setting {
    Setting { design, given in
      let meaning = "optional questions about the participant; none if not given"
      guard given.value("demographics", meaning) != nil else { return }
      let names = try given.strings("demographics", meaning)
      let known = StudyDesign.demographicQuestions
      for name in names where !known.contains(name) {
        throw Failure.badData(
          "\(given.place(of: "demographics")): unknown question '\(name)'",
          hint: "expected some of \(known.joined(separator: ", "))")
      }
      try given.checkNames(names, of: "question", at: "demographics")
      design.demographics = names
    } values: {
      $0.demographics.map { ("demographics", $0) }
    }
  }

  static var seed: Setting {
    Setting { design, given in
      let usual = Int(clamping: design.seed.value)
      let seed = try given.int("seed", default: usual, "the seed of the lists and their orders")
      design.seed = Seed(UInt64(seed))
    } values: {
      [("seed", "\($0.seed.value)")]
    }
  }

  /// `attack` or `attacks`.
  static var attacks: Setting {
    Setting { design, given in
      let name = given.attacksName
      design.attacks = try given.strings(name, "the attacks whose examples are shown")
      try given.checkNames(design.attacks, of: "attack", at: name)
    } values: {
      $0.attacks.map { ("attacks", $0) }
    }
  }

  static var epsilons: Setting {
    Setting { design, given in
      let meaning = "the budgets; each attack's largest if not given"
      guard given.value("epsilons", meaning) != nil else { return }
      let epsilons = try given.doubles("epsilons", meaning)
      try given.checkNames(epsilons.map(\.plainDecimal), of: "budget", at: "epsilons")
      design.epsilons = epsilons
    } values: {
      ($0.epsilons ?? []).map { ("epsilons", $0.plainDecimal) }
    }
  }

  static var models: Setting {
    Setting { design, given in
      let meaning = "the models whose examples are shown; all if not given"
      guard given.value("models", meaning) != nil else { return }
      let models = try given.strings("models", meaning)
      try given.checkNames(models, of: "model", at: "models")
      design.models = models
    } values: {
      ($0.models ?? []).map { ("models", $0) }
    }
  }

  static var participants: Setting {
    Setting { design, given in
      design.participants = try given.int(
        "participants", in: 1...100_000, "how many participants are wanted")
    } values: {
      [("participants", "\($0.participants)")]
    }
  }

  /// Its default depends on `participants`, which is therefore read before it.
  static var spares: Setting {
    Setting { design, given in
      design.spares = try given.int(
        "spares", default: (design.participants + 3) / 4, in: 0...100_000,
        "additional lists, for participants who replace others")
    } values: {
      [("spares", "\($0.spares)")]
    }
  }

  /// A text that may be left out.
  static func text(
    _ name: String, _ path: WritableKeyPath<StudyDesign, String?> & Sendable, _ meaning: String
  ) -> Setting {
    Setting { design, given in
      guard given.value(name, meaning) != nil else { return }
      design[keyPath: path] = try given.string(name, meaning)
    } values: {
      $0[keyPath: path].map { [(name, $0)] } ?? []
    }
  }
}

extension Settings {
  /// The name under which the attacks of a study are given.
  var attacksName: String { has("attack") ? "attack" : "attacks" }

  /// - Throws: `Failure.badData` if there are no names or one of them is given twice.
  fileprivate func checkNames(_ names: [String], of what: String, at setting: String) throws {
    guard !names.isEmpty, Set(names).count == names.count else {
      throw Failure.badData(
        "\(place(of: setting)): expected at least one \(what), each named once")
    }
  }
}
