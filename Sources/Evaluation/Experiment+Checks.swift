import Attacks
import Datasets
import Defenses
import Support

extension Experiment {
  /// Checks that all results have files of their own. Files are named after attacks and models,
  /// whose names may contain full stops.
  /// - Throws: `Failure.badData`, which names both results that would share a file.
  func checkFileNames() throws {
    var owners: [String: String] = [:]
    func claim(_ file: String, _ owner: String) throws {
      if let other = owners.updateValue(owner, forKey: file), other != owner {
        throw Failure.badData(
          "\(other) and \(owner) would have the same file, \(file).safetensors",
          hint: "give one of them another name")
      }
    }
    for model in models {
      try claim("models/\(model.name)", "model '\(model.name)'")
      guard model.origin.recipe != nil else { continue }
      for companion in ["checkpoint"] + Distillation.companions {
        try claim("models/\(model.name).\(companion)", "the \(companion) of model '\(model.name)'")
      }
    }
    for attack in attacks {
      for model in models {
        try claim(
          "predictions/\(attack.name).\(model.name)",
          "attack '\(attack.name)' on model '\(model.name)'")
      }
    }
  }

  /// Checks that the images can change by as much as the budgets of
  /// attacks, certificates and defenses allow.
  /// - Throws: `Failure.usage`, which names the budget and the largest one.
  func checkBudgets(for images: LabelledImages) throws {
    let (range, features) = (images.valueRange, images.shape.count)
    for plan in attacks { try plan.checkBudgets(in: range, features: features) }
    for plan in certificates { try plan.checkSizes(in: range, features: features) }
    for model in models {
      guard let plan = model.origin.recipe else { continue }
      try plan.defense.checkBudgets(in: range, features: features)
    }
  }
}
