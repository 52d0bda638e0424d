import ModelCore
import Support

/// Points of a box or a ball at which logits are likely to be extreme: those that steps along the
/// gradient of each logit lead to, upwards and downwards, and some random ones.
struct ExtremePoints {
  let all: [Tensor]

  init(_ classifier: any Classifier, around images: Tensor, size: Double, ball: Bool) {
    func perImage(_ numbers: Tensor) -> Tensor {
      numbers.reshaped([-1] + [Int](repeating: 1, count: images.rank - 1))
    }
    /// A move to the edge of the set in a direction.
    func edge(_ direction: Tensor) -> Tensor {
      let length = direction.flattened.square.sum([1]).squareRoot.maximum(1e-20)
      return (ball ? direction / perImage(length) : direction.sign) * (size * 0.9999)
    }
    var points: [Tensor] = []
    for logit in 0..<classifier.classCount {
      for sign in [1.0, -1.0] {
        var x = images
        for _ in 0..<4 {
          let slope = classifier.inputGradient(at: x) { $0.narrow(1, logit, 1).sum() * sign }
          x = images + edge(slope)
          points.append(x)
        }
      }
    }
    let random = RandomSource(Seed(93))
    for _ in 0..<8 { points.append(images + edge(random.normal(images.shape))) }
    all = points
  }
}
