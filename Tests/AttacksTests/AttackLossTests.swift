import Attacks
import ModelCore
import Support
import Testing

@Suite("The losses that gradient attacks increase")
struct AttackLossTests {
  private let logits = Tensor([1, 3, 2, 0, 4, -1, 2, 5] as [Float], shape: [2, 4])
  private let labels = Tensor(labels: [1, 0])
  private let targets = Tensor(labels: [2, 3])

  private func values(_ loss: AttackLoss, _ goal: Goal) -> [Double] {
    loss.losses(logits, goal).floats().map(Double.init)
  }

  @Test("the margin is the difference between the best other class and the label")
  func margin() {
    #expect(values(.margin, .away(from: labels)) == [-1, 1])
    #expect(values(.margin, .towards(targets, from: labels)) == [-1, 1])
  }

  @Test(
    "the difference of logits ratio is the margin divided by a difference of the largest logits")
  func ratio() {
    let away = values(.logitsRatio, .away(from: labels))
    #expect(abs(away[0] - -1.0 / 2) < 1e-6 && abs(away[1] - 1.0 / 3) < 1e-6)
    let towards = values(.logitsRatio, .towards(targets, from: labels))
    #expect(abs(towards[0] - -1.0 / 2.5) < 1e-6 && abs(towards[1] - 1.0 / 4.5) < 1e-6)
  }

  @Test("with too few classes for the ratio, the margin takes its place", arguments: [2, 3])
  func fewClasses(_ classes: Int) {
    let few = logits.narrow(1, 0, classes)
    let towards = Goal.towards(labels.equals(0).to(.int64), from: labels)
    #expect(
      AttackLoss.logitsRatio.losses(few, towards).floats()
        == AttackLoss.margin.losses(few, towards).floats())
    guard classes == 2 else { return }
    let away = Goal.away(from: labels)
    #expect(
      AttackLoss.logitsRatio.losses(few, away).floats()
        == AttackLoss.margin.losses(few, away).floats())
  }

  @Test("from probabilities the cross-entropy is the same, as long as none underflows")
  func probabilities() {
    for goal in [Goal.away(from: labels), .towards(targets, from: labels)] {
      let (plain, soft) = (
        values(.crossEntropy, goal), values(AttackLoss(.crossEntropy, of: .probabilities), goal)
      )
      #expect(zip(plain, soft).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    let margins = values(AttackLoss(.margin, of: .probabilities), .away(from: labels))
    let p = logits.softmax().floats().map(Double.init)
    #expect(abs(margins[0] - (p[2] - p[1])) < 1e-6 && abs(margins[1] - (p[7] - p[4])) < 1e-6)
  }

  @Test("where a probability underflows, its gradient is zero, and the logits' is not")
  func underflow() {
    let gradients = [OutputSource.logits, .probabilities].map { source in
      let variable = (logits * 100).tracked
      return AttackLoss(.crossEntropy, of: source).losses(
        variable, .towards(Tensor(labels: [3, 1]))
      ).sum()
        .gradient(of: variable).floats()
    }
    #expect(gradients[0].contains { $0 != 0 })
    #expect(gradients[1].allSatisfy { $0 == 0 })
  }
}
