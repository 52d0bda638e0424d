import ModelCore
import TestSupport
import Testing

@Suite("Gradients follow the rules of calculus")
struct GradientTests {
  let x = Tensor([-2, 0, 0.5, 3] as [Float], shape: [4])

  @Test("Σx³ has the derivatives 3x², 6x and 6")
  func repeated() {
    let variable = x.tracked
    let first = variable.power(3).sum().gradient(of: variable, differentiable: true)
    #expect(first.detached.floats() == [12, 0, 0.75, 27])
    let second = first.sum().gradient(of: variable, differentiable: true)
    #expect(second.detached.floats() == [-12, 0, 3, 18])
    #expect(second.sum().gradient(of: variable).floats() == [6, 6, 6, 6])
  }

  @Test("the gradient in a variable that does not matter is zero, in its shape")
  func independent() {
    let variable = x.tracked
    let other = Tensor.ones([2, 3]).tracked
    let gradients = variable.sum().gradients(of: [variable, other])
    #expect(gradients[0].floats() == [1, 1, 1, 1])
    #expect(gradients[1].shape == [2, 3])
    #expect(gradients[1].floats() == [0, 0, 0, 0, 0, 0])
  }

  @Test("a constant has gradient zero")
  func constant() {
    let variable = x.tracked
    #expect(x.sum().gradient(of: variable).floats() == [0, 0, 0, 0])
  }

  @Test("no gradient flows back through detached values")
  func detached() {
    let variable = x.tracked
    let gradient = (variable * variable.detached).sum().gradient(of: variable)
    #expect(gradient.floats() == x.floats())
    #expect(!variable.detached.isTracked)
    #expect(variable.isTracked)
  }

  @Test("the gradient of a choice flows to the tensor whose value was chosen")
  func choose() {
    let a = x.tracked
    let b = (x * 2).tracked
    let chosen = x.isGreater(than: 0).choose(a, else: b).sum()
    let gradients = chosen.gradients(of: [a, b])
    #expect(gradients[0].floats() == [0, 0, 1, 1])
    #expect(gradients[1].floats() == [1, 1, 0, 0])
  }

  @Test("withoutGradients stops the recording, and withGradients inside it starts it again")
  func recording() {
    let variable = x.tracked
    withoutGradients {
      #expect(!(variable * 2).isTracked)
      withGradients { #expect((variable * 2).isTracked) }
      #expect(!(variable * 2).isTracked)
    }
    #expect((variable * 2).isTracked)
  }

  @Test("a body that throws leaves the recording as it was")
  func recordingAfterError() {
    struct Stop: Error {}
    #expect(throws: Stop.self) { try withoutGradients { throw Stop() } }
    #expect((x.tracked * 2).isTracked)
  }

  @Test("the gradient of cross-entropy is softmax − one-hot, and exactly 0 where softmax saturates")
  func crossEntropy() {
    let logits = Tensor([1, 2, 3, 400, 0, -400] as [Float], shape: [2, 3]).tracked
    let gradient = logits.crossEntropy(Tensor(labels: [2, 0])).sum().gradient(of: logits)
    let expected = logits.detached.softmax() - Tensor(labels: [2, 0]).oneHot(classes: 3)
    #expect(relativeError(gradient, expected) < 1e-6)
    #expect(Array(gradient.floats()[3...]) == [0, 0, 0])
  }

  @Test("cross-entropy for one-hot probabilities is cross-entropy for the label")
  func crossEntropyOfProbabilities() {
    let logits = RandomSource(.init(3)).normal([5, 7])
    let labels = Tensor(labels: [0, 6, 3, 3, 1])
    let rows = logits.crossEntropy(probabilities: labels.oneHot(classes: 7))
    #expect(relativeError(rows, logits.crossEntropy(labels)) < 1e-6)
    #expect(
      abs(Tensor.zeros([1, 7]).crossEntropy(Tensor(labels: [4])).scalar - 1.945_910_15) < 1e-6)
  }
}
