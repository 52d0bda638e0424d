import Attacks
import Support

/// The attack on the held-out images by which a training is watched.
///
/// After each epoch it attacks the network in evaluation behaviour, away from the true labels. The
/// accuracy under this attack shows what the loss and the accuracy of an adversarial training do
/// not show: whether the network withstands another attack than the one it learns from. `patience`
/// and `keep` go by this accuracy. Use an iterated attack, such as `pgd`.
///
/// With `mask`, the attack changes only the part of each image that its mask leaves to it, as in an
/// evaluation: an epoch is then judged by what the network does if that part changes.
public struct RobustValidation: Configurable {
  public var attack: any Attack
  public var epsilon: Double
  /// The part of each image that the attack may change; nil for all of it.
  public var mask: MaskLimit?

  public init(
    _ attack: any Attack = ProjectedGradientDescent(), epsilon: Double = 0.3,
    mask: MaskLimit? = nil
  ) {
    self.attack = attack
    self.epsilon = epsilon
    self.mask = mask
  }

  public static let settings: [Setting<RobustValidation>] = [
    .attack(
      "attack", \.attack, among: { !$0.defaultGoal.isTargeted }, "attack on the held-out images"),
    .double("epsilon", \.epsilon, "budget of the attack in pixel units"),
    Setting { watch, given in
      watch.mask = try MaskLimit(given) ?? watch.mask
    } values: {
      $0.mask.map { [("mask", $0.rawValue)] } ?? []
    },
  ]

  /// The attack with its budget, away from the true labels.
  var plan: AttackPlan {
    AttackPlan(
      name: "robustValidation", attack: attack, goal: .untargeted, mask: mask, epsilons: [epsilon])
  }

  /// Everything that the measured accuracy depends on, for the digest of a training.
  public var text: String {
    let values = settingValues.map { "\($0.name)=\($0.value)" }
    let others = attack.dependencies.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return (values + others).joined(separator: ", ")
  }
}
