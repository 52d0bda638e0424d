import Defenses
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("Experiment files that people may write are read rightly, or refused with advice that works")
struct AwkwardExperimentTests {
  /// Reads an experiment and its images, whose values bound the budgets.
  private func read(_ text: String) throws -> Experiment {
    let experiment = try Experiment(.yaml(text, file: "awkward.yaml"))
    _ = try experiment.testImages(progress: ProgressDisplay(.quiet))
    return experiment
  }

  /// The number that an experiment has for a setting.
  private func number(_ name: String, in experiment: Experiment) throws -> Double {
    guard case .training(let plan) = try #require(experiment.models.first).origin else {
      Issue.record("the model is not trained")
      return .nan
    }
    return switch name {
    case "epsilons": try #require(experiment.attacks.first?.epsilons.first)
    case "count": Double(try #require(experiment.count))
    case "seed": Double(experiment.seed.value)
    case "repeats": Double(experiment.repeats)
    case "epochs": Double(plan.settings.epochs)
    case "batchSize": Double(plan.settings.batchSize)
    default: plan.settings.optimizer.rate
    }
  }

  @Test("every value in every style of YAML", arguments: AwkwardExperiment.all)
  func everyFile(_ file: AwkwardExperiment) throws {
    let name = file.value.name
    do {
      let experiment = try read(file.text)
      let found = try number(name, in: experiment)
      #expect(file.style.isSound, "\(file.style) was read")
      switch file.value.verdict {
      case .number(let right), .numberOrRefused(let right):
        #expect(abs(found - right) <= 1e-12 * right, "\(name): \(file.value.text) is \(found)")
      case .refused: Issue.record("\(name): \(file.value.text) was read as \(found)")
      }
    } catch let failure as Failure {
      #expect([.badData, .usage].contains(failure.kind))
      guard file.style.isSound else { return }
      if case .number = file.value.verdict { Issue.record("\(file.style) was refused: \(failure)") }
      let isNamed = failure.message.contains(name) || failure.message.contains("the budget")
      #expect(isNamed, "\(failure) does not name \(name)")
      try follow(failure.hint, file)
    }
  }

  /// Does what a hint says, where it gives a value: `for example 0.1` or `0.0314`.
  private func follow(_ hint: String?, _ file: AwkwardExperiment) throws {
    guard let hint,
      let value = hint.firstMatch(of: /(?:for example|write|use) (?:\w+: )?\[?([0-9.\/e-]*[0-9])/)
    else { return }
    #expect(
      throws: Never.self, "the hint '\(hint)' does not work for \(file.value.name)"
    ) { try read(file.text(with: String(value.output.1))) }
  }

  @Test("a misspelt setting is refused with the right name, and that name works")
  func misspelt() throws {
    let file = AwkwardExperiment(value: .init("epochs", "3", .number(3)), style: .misspelt)
    let failure = #expect(throws: Failure.self) { try read(file.text) }
    #expect(failure?.hint?.contains("did you mean 'epochs'?") == true)
    #expect(throws: Never.self) { try read(file.text.replacing("epoch5", with: "epochs")) }
  }
}
