import ModelCore
import Support

/// The check of an attack's result. The caller of an attack makes this check, and not the attack
/// itself.
public enum Perturbation {
  /// Checks that adversarial images are finite, within the valid pixel range and within the budget,
  /// and that they changed nowhere outside of a region.
  ///
  /// - Throws: `Failure` if they are not. The cause is a fault of the attack, or a classifier whose
  ///   gradients are not a number (NaN). Such images must not be evaluated.
  public static func check(
    _ adversarial: Tensor, of originals: Tensor, within threat: ThreatModel,
    in region: Region = .everywhere, attack: String
  ) throws {
    // adversarial, originals [N, C, H, W]
    func fault(_ what: String) -> Failure {
      Failure(
        .failed, "attack \(attack) at ε = \(threat.epsilon) made images that \(what)",
        hint: "this is a fault of the attack; please report it")
    }
    guard adversarial.shape == originals.shape else {
      throw fault("have shape \(adversarial.shape), expected \(originals.shape)")
    }
    guard adversarial.count > 0 else { return }
    let low = adversarial.min().scalar
    let high = adversarial.max().scalar
    guard low.isFinite, high.isFinite else {
      throw Failure(
        .failed,
        "attack \(attack) at ε = \(threat.epsilon) made pixels that are infinite or "
          + "not a number (NaN)",
        hint: "the gradients of the classifier are probably not a number (NaN); inspect the model")
    }
    guard low >= threat.valueRange.lowerBound, high <= threat.valueRange.upperBound else {
      throw fault("have pixels from \(low) to \(high), outside \(threat.valueRange)")
    }
    let largest = threat.norm.size(adversarial - originals).max().scalar
    guard largest <= threat.epsilon + threat.tolerance else {
      throw fault("differ from the originals by \(largest) in \(threat.norm.rawValue)")
    }
    if region.changeable != nil {
      let stray = adversarial.differs(from: region.limited(adversarial, around: originals))
        .flattened.any([1]).to(.int64).sum().scalar
      guard stray == 0 else {
        throw fault("differ from \(Int(stray)) of the originals where the masks forbid it")
      }
    }
  }
}
