import Support

/// A measurement on a model with another explanation, over repetitions of the experiment from
/// different seeds.
public struct RepeatedMeasure: Codable, Equatable, Sendable {
  public let model: String
  /// The name of the measurement, as the column of another.csv has it.
  public let measure: String
  /// The value in each repetition that has one. A repetition whose search stopped before the model
  /// has none.
  public let values: [Double]
}

extension OtherModel {
  /// The measurements that are averaged over repetitions.
  fileprivate var measures: [(name: String, value: Double?)] {
    [
      ("train_accuracy", trainAccuracy), ("held_out_accuracy", heldOutAccuracy),
      ("test_accuracy", testAccuracy), ("in_union", inUnion), ("in_mask", inMask),
    ]
  }
}

extension [OtherExplanations?] {
  /// The measurements of each model over all repetitions, in the order of the models; nil for a
  /// single repetition, or without a search.
  func repeatedMeasures() -> [RepeatedMeasure]? {
    let all = compactMap { $0 }
    guard count > 1, let longest = all.max(by: { $0.models.count < $1.models.count }) else {
      return nil
    }
    return longest.models.flatMap { model in
      let same = all.compactMap { $0.models.first { $0.model == model.model } }
      return model.measures.indices.compactMap { place in
        let values = same.compactMap { $0.measures[place].value }
        return values.isEmpty
          ? nil
          : RepeatedMeasure(
            model: model.model, measure: model.measures[place].name, values: values)
      }
    }
  }
}

extension [RepeatedMeasure] {
  /// The measurements as a table, `another-repeats.csv`. `repetitions` is the number of those that
  /// have the model.
  func csv() -> String {
    var table = CSV(header: "model,measure,repetitions,mean,sd,min,max")
    for measure in self {
      let spread = Spread(measure.values)
      let numbers = [
        spread.mean, spread.standardDeviation, spread.range.lowerBound, spread.range.upperBound,
      ]
      table.append(
        [measure.model, measure.measure, "\(measure.values.count)"]
          + numbers.map { $0.roundedToMillionths.plainDecimal })
    }
    return table.text
  }
}
