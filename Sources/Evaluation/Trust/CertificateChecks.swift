import Attacks
import Certificates

extension TrustCheck {
  static let certificateIsBroken = TrustCheck(
    name: "an attack breaks a certificate",
    raisedIf: """
      an attack changes the class of an image with a perturbation of a size up to which a \
      certificate says that none does
      """,
    meaning: """
      A certificate is a proof, and the example refutes it, so one of the two is wrong: the bounds \
      of a layer, the attack's measure of its perturbation, or the model, which may compute with \
      random numbers or differently from batch to batch. Neither the certified accuracies of this \
      model nor its accuracies under attack can be trusted.
      """,
    advice: """
      Do not publish these numbers. Check whether the model gives the same answer twice, and report \
      the case: the image, the model and both settings.
      """
  ) { evidence in
    evidence.certified.compactMap { certified in
      guard !certified.isAboutSmoothed,
        let broken = certified.smallestBreaks(evidence.results, evidence.plans)
      else { return nil }
      let contradictions = certified.images.indices.filter { place in
        let image = certified.images[place]
        guard let radius = image.radius, image.prediction == certified.labels[place] else {
          return false
        }
        return broken[place] <= certified.reach(radius)
      }
      guard let first = contradictions.first else { return nil }
      return Finding(
        because: "\(certified.certificate) certifies \(contradictions.count) "
          + "image\(contradictions.count == 1 ? "" : "s") of \(certified.model) that an attack "
          + "breaks within the certified size in \(certified.norm.symbol); the first is image "
          + "\(first), certified up to \((certified.images[first].radius ?? 0).plainDecimal) and "
          + (broken[first] == 0
            ? "given another class unchanged." : "broken at \(broken[first].plainDecimal)."),
        victim: certified.model)
    }
  }
}
