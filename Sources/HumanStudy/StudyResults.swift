import Foundation
import ModelCore
import Support

/// What came out of a study: `results.json`. Shares are fractions, intervals are at 95 %, times in
/// milliseconds.
public struct StudyResults: Codable, Equatable, Sendable {
  public var format = 1
  public var title: String
  public var classNames: [String]
  public var participants: Participation
  public var conditions: [ConditionResult]
  public var comparisons: [Comparison]
  /// One mixed model for each measure; none where there are not two conditions that it can compare.
  public var models: [MixedModelResult]
  public var agreement: [AgreementResult]
  public var withModels: [ModelAgreement]
  public var times: TimeResult?

  public struct Participation: Codable, Equatable, Sendable {
    /// How many answered, and how many of them are analysed.
    public var answered: Int
    public var analysed: Int
    public var excluded: [Excluded]
    /// The rule on attention, as the design states it; nil if there were no checks.
    public var rule: String?
    /// Checks answered right by those who are analysed, of how many.
    public var checksRight: Int
    public var checks: Int
    /// Pictures shown twice, and how many of them were answered the same.
    public var repeated: Int
    public var repeatedSame: Int
  }

  public struct Excluded: Codable, Equatable, Sendable {
    public var participant: String
    public var reason: String
  }

  /// A share with Wilson's interval, which takes answers for independent, and the bootstrap's over
  /// participants and images.
  public struct Share: Codable, Equatable, Sendable {
    public var count: Int
    public var of: Int
    public var share: Double
    public var wilson: [Double]
    public var bootstrap: [Double]?
  }

  public struct ConditionResult: Codable, Equatable, Sendable {
    public var condition: Condition
    public var participants: Int
    /// How many different pictures, and of how many images they are made.
    public var pictures: Int
    public var images: Int
    /// The most plausible label is the target.
    public var fooled: Share
    /// The target was named first or second, or nothing was plausible.
    public var reasonable: Share
    /// The most plausible label is the one the image had.
    public var original: Share
    /// The median over participants of their median time; nil if no time was measured.
    public var medianMilliseconds: Double?
    /// Rows: the label the image had. Columns: the answer, the last one "none of them".
    public var byLabel: [[Int]]
    /// Rows: the target. Columns: the answer, the last one "none of them".
    public var byTarget: [[Int]]
  }

  /// Two conditions in one measure.
  public struct Comparison: Codable, Equatable, Sendable {
    public var measure: String
    public var first: Condition
    public var second: Condition
    /// The second's share minus the first's, with the bootstrap's interval.
    public var difference: Double
    public var bootstrap: [Double]?
    /// The difference in log-odds by the mixed model with its standard error; nil where it is
    /// infinite.
    public var logOdds: Double?
    public var standardError: Double?
    /// That the two are the same, by the mixed model's likelihood ratio.
    public var mixedP: Double?
    /// The same by Fisher's exact test, which takes all answers for independent.
    public var fisherP: Double
  }

  public struct MixedModelResult: Codable, Equatable, Sendable {
    public var measure: String
    /// Conditions with their log-odds; estimates are nil where all answers were the same.
    public var coefficients: [Coefficient]
    public var participantDeviation: Double
    public var imageDeviation: Double
    public var logLikelihood: Double
    public var isConverged: Bool

    public struct Coefficient: Codable, Equatable, Sendable {
      public var condition: Condition
      public var logOdds: Double?
      public var standardError: Double?
    }
  }

  /// How much people agree with each other on pictures that several saw.
  public struct AgreementResult: Codable, Equatable, Sendable {
    /// Nil: all conditions together.
    public var condition: Condition?
    /// Pictures with at least two answers, and the answers on them.
    public var pictures: Int
    public var answers: Int
    public var alpha: Double?
    public var alphaInterval: [Double]?
    /// Fleiss' kappa needs the same number of answers on each picture: it is of the pictures with
    /// the commonest number.
    public var kappa: Double?
    public var kappaInterval: [Double]?
    public var kappaPictures: Int
    public var kappaRaters: Int
  }

  /// How much people and a model are right and wrong on the same pictures.
  public struct ModelAgreement: Codable, Equatable, Sendable {
    public var model: String
    /// Answers on pictures that the model was asked about.
    public var answers: Int
    public var peopleRight: Double
    public var modelRight: Double
    /// How often the answer was the model's, right or wrong.
    public var sameAnswer: Double
    /// Error consistency, the mean over participants; nil where nobody's can be computed.
    public var errorConsistency: Double?
    public var interval: [Double]?
    public var participants: Int
  }

  public struct TimeResult: Codable, Equatable, Sendable {
    /// The median over participants of their median time, with the least and the largest of them.
    public var median: Double
    public var fastest: Double
    public var slowest: Double
    /// Mean and standard deviation of the natural logarithm of all times.
    public var logMean: Double
    public var logDeviation: Double
    public var answers: Int
  }

  /// Reads stored results.
  public static func read(_ url: URL) throws -> StudyResults {
    guard let data = try? Data(contentsOf: url) else {
      throw Failure.missing("cannot read \(url.path)")
    }
    do {
      let results = try JSONDecoder().decode(StudyResults.self, from: data)
      guard results.format == 1 else {
        throw Failure.badData(
          "\(url.path): format \(results.format), expected 1", hint: "score the study again")
      }
      return results
    } catch let failure as Failure { throw failure } catch {
      throw Failure.badData("\(url.path) is not a study's results: \(explanation(of: error))")
    }
  }
}
