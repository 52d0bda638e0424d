@testable import HumanStudy

extension MixedLogisticModel.Cell {
  /// The answers of a reference study, each written as the number
  /// ((participant · 100 + image) · 10 + condition) · 10 + yes.
  static func decoded(_ answers: String) -> [MixedLogisticModel.Cell] {
    answers.split(whereSeparator: \.isWhitespace).map { word in
      let code = Int(word)!
      return .init(
        condition: code / 10 % 10, participant: code / 10_000, image: code / 100 % 100,
        successes: code % 10)
    }
  }
}
