import Foundation
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("The entry explain of an experiment")
struct ExplanationPlanTests {
  private func experiment(_ explain: String, data: String = "synthetic") throws -> Experiment {
    let text = """
      data: { name: \(data), train: 60, test: 20 }
      models:
        normal: { architecture: mlp, epochs: 1 }
        other: { architecture: mlp 8, epochs: 1 }
      attacks: { fgsm: { epsilons: [0.1] } }
      explain: \(explain)
      """
    return try Experiment(.yaml(text, file: "run.yaml", folder: TemporaryFolder().url))
  }

  private func failure(_ explain: String) -> Failure? {
    do {
      _ = try experiment(explain)
      return nil
    } catch { return error as? Failure }
  }

  @Test("methods are written as on the command line or as mappings, and each model has a step")
  func read() throws {
    let found = try experiment(
      "{ methods: [gradient, lime: { samples: 50 }, 'smoothgrad:sigma=0.2,samples=3'], count: 4 }")
    let plan = try #require(found.explain)
    #expect(plan.methods.map(\.name) == ["gradient", "lime", "smoothgrad"])
    #expect(plan.methods[1].method.parameters["samples"] == "50")
    #expect(plan.methods[2].method.parameters["sigma"] == "0.2")
    #expect(plan.count == 4 && plan.trust == 50 && plan.top == 10 && plan.explained == nil)
    let steps = found.steps.map(\.name)
    #expect(steps.contains("explain normal") && steps.contains("explain other"))
    #expect(try experiment("{ methods: lime }").explain?.methods.count == 1)
  }

  @Test("an experiment without the entry has no such steps, and a repetition has none")
  func without() throws {
    let found = try experiment("{ methods: gradient }").repetition(2)
    #expect(found.explain == nil && !found.steps.contains { $0.name.hasPrefix("explain") })
  }

  @Test("the resolved experiment is the same experiment")
  func resolved() throws {
    let first = try experiment(
      "{ methods: ['lime:samples=60,width=0.5', lime, gradient], trust: 0, top: 3, class: '4' }")
    let text = try first.resolved()
    let second = try Experiment(.yaml(text, file: "experiment.yaml"))
    #expect(try second.resolved() == text)
    #expect(second.explain?.text == first.explain?.text)
    #expect(
      second.explain?.methods.map(\.name) == ["lime-samples-60-width-0.5", "lime", "gradient"])
  }

  @Test(
    "wrong entries are refused with their line and what to do",
    arguments: [
      ("{ count: 3 }", "run.yaml:6", "methods: [gradient, lime]"),
      ("{ methods: [] }", "expected at least one method", "gradient"),
      (
        "{ methods: [gradeint] }", "run.yaml:6: methods: unknown explanation 'gradeint'", "gradient"
      ),
      ("{ methods: [gradient, gradient] }", "given twice", "each method once"),
      ("{ methods: [[gradient]] }", "expected the name of a method", "lime"),
      ("{ methods: [lime: 3] }", "expected the name of a method", "samples"),
      ("{ methods: [lime: { sample: 3 }] }", "run.yaml:6", "samples"),
      ("{ methods: ['lime:samples'] }", "expected name=value, found 'samples'", ""),
      ("{ methods: gradient, count: 0 }", "count: expected a whole number from 1 to 100", ""),
      ("{ methods: gradient, number: 3 }", "number", ""),
      (
        "{ methods: 'gradient:scalar=loss', class: 3 }", "run.yaml:6", "predicted"
      ),
    ])
  func refused(_ explain: String, _ message: String, _ hint: String) throws {
    let failure = try #require(self.failure(explain), "\(explain)")
    #expect(failure.kind == .badData, "\(failure)")
    #expect(failure.message.contains(message), "\(failure.message)")
    #expect(hint.isEmpty || failure.hint?.contains(hint) == true, "\(failure.hint ?? "")")
  }

  @Test("a class that the data do not have is refused when they are known")
  func unknownClass() throws {
    let plan = try #require(try experiment("{ methods: gradient, class: cat }").explain)
    let data = try experiment("{ methods: gradient }").data.load(
      .test, progress: ProgressDisplay(.quiet))
    let failure = #expect(throws: Failure.self) { try plan.explainedClass(of: data) }
    #expect(failure?.kind == .badData)
    #expect(failure?.message.contains("from 0 to 9, found 'cat'") == true)
    #expect(failure?.message.hasPrefix("run.yaml:6") == true, "\(failure?.message ?? "")")
  }
}
