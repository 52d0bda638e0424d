import Support

extension ModelProbe {
  /// What holds of the model if a loading check raises no flag, as a clause.
  /// - Returns: nil if the check says nothing about the model, because its outputs are random or its
  ///   accuracy is not above chance.
  public func holds(_ check: TrustCheck, classCount: Int) -> String? {
    let isAboveChance =
      wilsonInterval(successes: right.trueCount, of: right.count).lowerBound
      > 1 / Double(max(1, classCount))
    return switch check.name {
    case TrustCheck.givesNoNumbers.name: "outputs are finite"
    case TrustCheck.gradientsAreNoNumbers.name: "gradients are finite"
    case TrustCheck.ignoresInput.name: "outputs depend on the image and on the class"
    case TrustCheck.gradientsDoNotArrive.name: "gradients reach the input"
    case TrustCheck.classesInAnotherOrder.name: "no other order of the classes fits better"
    case TrustCheck.lacksNormalization.name: "no usual normalisation is missing"
    case TrustCheck.belowChanceUnattacked.name: "accuracy is not below chance"
    case TrustCheck.notAboveChance.name: isAboveChance ? "accuracy is above chance" : nil
    case TrustCheck.givesProbabilities.name: "outputs are logits, not probabilities"
    case TrustCheck.logitsAreClose.name: isAboveChance ? "logits are apart" : nil
    case TrustCheck.changesWhenRepeated.name: "outputs are the same in every evaluation"
    case TrustCheck.changesInBatches.name:
      isRandom ? nil : "outputs do not depend on the other images of a batch"
    case TrustCheck.zeroGradients.name: "gradients do not vanish"
    case TrustCheck.gradientsDoNotMatch.name:
      slopes == nil ? nil : "outputs follow the gradients"
    case TrustCheck.standsWithoutBudget.name: "accuracy is not above chance without a budget"
    case TrustCheck.gradientFreeWins.name:
      isAboveChance ? "no attack without gradients beats one with gradients" : nil
    default: nil
    }
  }
}
