import ModelCore
import Support

/// What a perturbation turned out to be, checked by the caller of an attack and never by the attack
/// itself.
public enum Perturbation {
  /// Refuses adversarial images that are not finite, leave the valid pixels or exceed the budget.
  ///
  /// A failure here is a fault of the attack (or of a classifier whose gradients are not numbers),
  /// never a result.
  public static func check(
    _ adversarial: Tensor, of originals: Tensor, within threat: ThreatModel, attack: String
  ) throws {
    // adversarial, originals [N, C, H, W]
    func fault(_ what: String) -> Failure {
      Failure(
        .failed, "attack \(attack) at ε = \(threat.epsilon) made images that \(what)",
        hint: "this is a fault of the attack; please report it")
    }
    guard adversarial.shape == originals.shape else {
      throw fault("have shape \(adversarial.shape), not \(originals.shape)")
    }
    guard adversarial.count > 0 else { return }
    let low = adversarial.min().scalar
    let high = adversarial.max().scalar
    guard low.isFinite, high.isFinite else {
      throw Failure(
        .failed, "attack \(attack) at ε = \(threat.epsilon) made pixels that are not numbers",
        hint: "the classifier's gradients are probably not numbers: inspect the model")
    }
    guard low >= threat.valueRange.lowerBound, high <= threat.valueRange.upperBound else {
      throw fault("have pixels from \(low) to \(high), outside \(threat.valueRange)")
    }
    let largest = threat.norm.size(adversarial - originals).max().scalar
    guard largest <= threat.epsilon + threat.tolerance else {
      throw fault("are \(largest) away in \(threat.norm.rawValue)")
    }
  }
}
