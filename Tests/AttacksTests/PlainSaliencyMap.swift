import Attacks
import ModelCore

/// The saliency map attack as the paper writes it: one image, the whole Jacobian, all pairs of
/// features, signs as stated for either sign of θ.
struct PlainSaliencyMap {
  let form: JacobianSaliencyMap.Form
  let theta: Float
  let source: OutputSource
  let classifier: any Classifier

  /// The pixels of the result for one image `[1, C, H, W]` with pixels in [0, 1].
  func perturbed(_ image: Tensor, target: Int, features allowed: Int) -> [Float] {
    var pixels = image.floats()
    var domain = Set(pixels.indices.filter { theta > 0 ? pixels[$0] < 1 : pixels[$0] > 0 })
    var changed = 0
    while changed < allowed {
      let x = Tensor(pixels, shape: image.shape)
      if classifier.predictions(x).int64s() == [Int64(target)] { break }
      let rows = jacobian(x)
      let alpha = rows[target]
      let beta = alpha.indices.map { i in
        rows.indices.reduce(Float(0)) { $1 == target ? $0 : $0 + rows[$1][i] }
      }
      let chosen = form == .pair ? pair(alpha, beta, domain) : single(alpha, beta, domain)
      if chosen.isEmpty { break }
      for feature in chosen {
        pixels[feature] = min(1, max(0, pixels[feature] + theta))
        domain.remove(feature)
      }
      changed += chosen.count
    }
    return pixels
  }

  /// A gradient for each class, `[K][D]`.
  private func jacobian(_ image: Tensor) -> [[Float]] {
    let x = image.tracked
    let logits = classifier.logits(x)
    let outputs = source == .logits ? logits : logits.softmax()
    return (0..<classifier.classCount).map {
      outputs.select(1, $0).sum().gradient(of: x, retainingGraph: true).floats()
    }
  }

  private func pair(_ alpha: [Float], _ beta: [Float], _ domain: Set<Int>) -> [Int] {
    var (best, highest) = ([Int](), Float(0))
    for p in domain.sorted() {
      for q in domain.sorted() where p < q {
        let (a, b) = (alpha[p] + alpha[q], beta[p] + beta[q])
        let isAdmissible = theta > 0 ? a > 0 && b < 0 : a < 0 && b > 0
        if isAdmissible, -a * b > highest { (best, highest) = ([p, q], -a * b) }
      }
    }
    return best
  }

  private func single(_ alpha: [Float], _ beta: [Float], _ domain: Set<Int>) -> [Int] {
    var (best, highest) = ([Int](), Float(0))
    for p in domain.sorted() {
      let (a, b) = (alpha[p], beta[p])
      let isAdmissible = theta > 0 ? a >= 0 && b <= 0 : a <= 0 && b >= 0
      if isAdmissible, abs(a) * abs(b) > highest { (best, highest) = ([p], abs(a) * abs(b)) }
    }
    return best
  }
}
