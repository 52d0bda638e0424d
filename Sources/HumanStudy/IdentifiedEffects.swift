/// The random effects that the answers in one or more conditions identify.
///
/// A difference between people shows only if several people gave several answers each, and likewise
/// for images. How much the effect of the condition differs shows only if several people gave
/// several answers in each condition. What the answers do not identify is left out of the model,
/// because its standard deviation could take any value.
struct IdentifiedEffects: Equatable {
  let participants: RandomEffect
  let images: RandomEffect
  /// What is left out and why, in sentences.
  let leftOut: [String]

  /// - Parameters:
  ///   - cells: the answers.
  ///   - hasSlopes: whether slopes are wanted, for two conditions.
  init(_ cells: [MixedLogisticModel.Cell], hasSlopes: Bool) {
    let people = Self.effect(cells, Factor.people, hasSlopes ? .correlatedSlope : .intercept)
    let pictures = Self.effect(cells, Factor.images, hasSlopes ? .slope : .intercept)
    participants = people.effect
    images = pictures.effect
    leftOut = [people.reason, pictures.reason].compactMap(\.self).map {
      "The mixed model leaves out \($0)."
    }
  }

  /// One of the two factors, with the words for it.
  private enum Factor {
    case people, images

    func level(_ cell: MixedLogisticModel.Cell) -> Int {
      self == .people ? cell.participant : cell.image
    }
    var name: String { self == .people ? "people" : "images" }
    var isSingle: String {
      self == .people ? "all answers are from one person" : "all pictures are made of one image"
    }
    /// "Fewer than two people gave at least two answers", to which "in each condition" may be added.
    var isSparse: String {
      self == .people
        ? "fewer than two people gave at least two answers"
        : "fewer than two images got at least two answers"
    }
  }

  /// The part of a wanted effect that the answers identify, and what is left out of it and why.
  private static func effect(
    _ cells: [MixedLogisticModel.Cell], _ factor: Factor, _ wanted: RandomEffect
  ) -> (effect: RandomEffect, reason: String?) {
    var levels: [Int: [Int: Int]] = [:]
    for cell in cells {
      levels[factor.level(cell), default: [:]][cell.condition, default: 0] += cell.trials
    }
    let conditions = Set(cells.map(\.condition)).count
    // For each level, its number of answers in each condition in which it has any.
    let counts = levels.values.map { Array($0.values) }
    guard counts.count >= 2, counts.count(where: { $0.reduce(0, +) >= 2 }) >= 2 else {
      let why = counts.count < 2 ? factor.isSingle : factor.isSparse
      return (.none, "that \(factor.name) differ, because \(why)")
    }
    // If nobody saw both conditions, a difference between people and one in the effect of the
    // condition are the same, and the intercept stands for both. So it is with images.
    guard wanted != .intercept, counts.contains(where: { $0.count == conditions }) else {
      return (.intercept, nil)
    }
    guard counts.count(where: { $0.count == conditions && $0.allSatisfy { $0 >= 2 } }) >= 2 else {
      return (
        .intercept,
        "that the effect of the condition differs between \(factor.name), because "
          + "\(factor.isSparse) in each condition"
      )
    }
    return (wanted, nil)
  }
}
