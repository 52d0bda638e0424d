import ModelCore
import Support
import TestSupport
import Testing

@testable import Explanations

@Suite("Explaining a class that is not the predicted one")
struct ExplainedClassTests {
  private let shape = InputShape(channels: 1, height: 4, width: 4)
  private let pictures = RandomSource(Seed(3)).uniform([5, 1, 4, 4])

  private func batch(_ explained: Int?, of classifier: any Classifier) -> ExplainedBatch {
    ExplainedBatch(
      pictures, labels: Tensor(labels: [0, 0, 0, 0, 0]), of: classifier,
      draws: ExampleDraws(Seed(1), examples: [0, 1, 2, 3, 4]), explainedClass: explained)
  }

  @Test("the gradient of a logit of a linear model has the weights of the class that is asked for")
  func gradient() {
    let model = LinearModel(shape)
    for explained in 0..<3 {
      let found = InputGradient(.predictedLogit).explain(batch(explained, of: model)).contributions
      let classes = Tensor(labels: [Int](repeating: explained, count: 5))
      #expect(distance(found, model.weights(of: classes, like: pictures)) < 1e-6)
    }
  }

  @Test("every method explains the class, and the predicted classes stay what they are")
  func everyMethod() throws {
    let model = LinearModel(shape)
    let predicted = batch(nil, of: model).predicted.int64s()
    for named in EveryExplanationTests.methods {
      let usual = named.method.explain(batch(nil, of: model)).contributions
      for explained in 0..<3 {
        let question = batch(explained, of: model)
        let found = named.method.explain(question).contributions
        #expect(question.predicted.int64s() == predicted)
        for row in 0..<5 {
          let difference = distance(found.select(0, row), usual.select(0, row))
          // The same class has the same explanation, and another one has another.
          #expect(
            (difference < 1e-6) == (predicted[row] == Int64(explained)),
            "\(named.name), class \(explained), row \(row): \(difference)")
        }
      }
    }
  }

  @Test("other inputs and models, and the curves, are asked about the same class")
  func elsewhere() {
    let model = LinearModel(shape)
    let question = batch(1, of: model)
    let other = question.asked(of: ConstantModel(inputShape: shape))
    for part in [question.moved(to: pictures * 0), question.silent, other] {
      #expect(part.explained.int64s() == [1, 1, 1, 1, 1])
    }
    let curves = RemovalCurves(question, order: pictures.flattened, baseline: .zero, steps: 2)
    let whole = question.scores(of: .predictedProbability).floats()
    for row in 0..<5 { #expect(abs(curves.deletion[0][row] - Double(whole[row])) < 1e-6) }
    let certain = question.certainty.floats()
    #expect(zip(certain, whole).allSatisfy { $0 >= $1 } && certain != whole)
  }

  @Test("a class is found by its name first and by its number otherwise")
  func names() throws {
    func number(_ text: String, _ names: [String]) throws -> Int {
      try ExplainedClass.number(text, among: names, of: "pets", place: "--class")
    }
    #expect(try number("dog", ["cat", "dog"]) == 1)
    #expect(try number("0", ["cat", "dog"]) == 0)
    #expect(try number("3", ["5", "3", "0", "9"]) == 1)
    #expect(try number("1", ["5", "3"]) == 1)
    let failure = #expect(throws: Failure.self) { try number("dgo", ["cat", "dog"]) }
    #expect(failure?.message.contains("from 0 to 1, found 'dgo'") == true)
    #expect(failure?.hint == "did you mean 'dog'?")
    for wrong in ["2", "-1", "", "0.5"] {
      let failure = #expect(throws: Failure.self) { try number(wrong, ["cat", "dog"]) }
      #expect(failure?.message.contains("a class of pets") == true)
    }
  }

  @Test("methods that explain something else than the predicted class are refused")
  func scalars() throws {
    for scalar in ExplainedScalar.allCases {
      let method = try NamedExplanation(
        written: "gradient:scalar=\(scalar.rawValue)", place: "here")
      let isPredicted = scalar.rawValue.hasPrefix("predicted")
      if isPredicted {
        try ExplainedClass.check([method], place: "--class")
      } else {
        let failure = #expect(throws: Failure.self) {
          try ExplainedClass.check([method], place: "--class")
        }
        #expect(failure?.message.contains("scalar=\(scalar.rawValue)") == true)
      }
    }
  }

  @Test("a method's text creates it again, and equal methods with other settings have other names")
  func texts() throws {
    let texts = ["lime:samples=50", "lime", "gradient", "lime:samples=50,width=1/4"]
    let methods = try NamedExplanation.distinct(
      texts.map { try NamedExplanation(written: $0, place: "here") })
    #expect(
      methods.map(\.name) == ["lime-samples-50", "lime", "gradient", "lime-samples-50-width-0.25"])
    let again = try NamedExplanation.distinct(
      methods.map { try NamedExplanation(written: $0.text, place: "here") })
    #expect(again.map(\.name) == methods.map(\.name))
    #expect(again.map(\.text) == methods.map(\.text))
    #expect(throws: Failure.self) {
      try NamedExplanation.distinct([methods[2], methods[2]])
    }
    // A default that is written out is no other setting.
    let written = try ["lime", "lime:patches=8"].map {
      try NamedExplanation(written: $0, place: "here")
    }
    #expect(throws: Failure.self) { try NamedExplanation.distinct(written) }
  }
}
