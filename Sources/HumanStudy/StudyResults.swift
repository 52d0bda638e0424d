import Foundation
import ModelCore
import Support

/// The results of a study: `results.json`.
///
/// Shares are fractions from 0 to 1, intervals are 95 % intervals `[low, high]`, and times are in
/// milliseconds.
public struct StudyResults: Codable, Equatable, Sendable {
  public var format = 1
  public var title: String
  public var classNames: [String]
  public var participants: Participation
  public var conditions: [ConditionResult]
  public var comparisons: [Comparison]
  /// The mixed model of each measure; a measure has none if all answers of every condition are
  /// equal.
  public var models: [MixedModelResult]
  public var agreement: [AgreementResult]
  public var withModels: [ModelAgreement]
  public var times: TimeResult?
  /// The conditions of the study about which no answer is analysed.
  public var unanswered: [Condition]?

  public struct Participation: Codable, Equatable, Sendable {
    /// The number of participants who gave answers.
    public var answered: Int
    /// The number of participants whose answers are analysed.
    public var analysed: Int
    public var excluded: [Excluded]
    /// The rules by which participants are left out, which were fixed before the first answer; nil
    /// in results of an earlier version.
    public var rules: [Rule]?
    /// The number of right answers to checks, and the number of answers to checks, of the
    /// participants who are analysed.
    public var checksRight: Int
    public var checks: Int
    /// The number of second showings of a picture, and how many of them got the same answer as the
    /// first showing.
    public var repeated: Int
    public var repeatedSame: Int
  }

  /// A rule by which participants are left out.
  public struct Rule: Codable, Equatable, Sendable {
    public var sentence: String
    /// The number of participants whom it leaves out. Each participant is counted once, at the first
    /// rule that applies.
    public var leftOut: Int
  }

  public struct Excluded: Codable, Equatable, Sendable {
    public var participant: String
    public var reason: String
  }

  /// The share of answers for which a measure holds.
  public struct Share: Codable, Equatable, Sendable {
    /// The number of answers for which it holds.
    public var count: Int
    /// The number of all answers.
    public var of: Int
    public var share: Double
    /// Wilson's interval, which assumes that answers are independent.
    public var wilson: [Double]
    /// The interval of the bootstrap over participants and images; nil if the measure holds for no
    /// answer or for all.
    public var bootstrap: [Double]?
  }

  public struct ConditionResult: Codable, Equatable, Sendable {
    public var condition: Condition
    public var participants: Int
    /// The number of different pictures, and the number of images that they are made of.
    public var pictures: Int
    public var images: Int
    /// Human fooled: the participant named the target as the most plausible label.
    public var fooled: Share
    /// Mistake reasonable: the participant named the target first or second, or found no label
    /// plausible.
    public var reasonable: Share
    /// Named the original: the participant named the image's label as the most plausible one.
    public var original: Share
    /// The median over participants of their median time; nil if no time was measured.
    public var medianMilliseconds: Double?
    /// Counts of answers. Rows are the labels of the images, columns are the answers; the last
    /// column is "none of them".
    public var byLabel: [[Int]]
    /// Counts of answers. Rows are the targets, columns are the answers as in `byLabel`.
    public var byTarget: [[Int]]
  }

  /// A comparison of two conditions in one measure.
  public struct Comparison: Codable, Equatable, Sendable {
    public var measure: String
    public var first: Condition
    public var second: Condition
    /// The share of the second condition minus that of the first, and its bootstrap interval; nil
    /// if the difference is the same in every draw, or if there is one participant or one image.
    public var difference: Double
    public var bootstrap: [Double]?
    /// The same difference in log-odds, estimated by the mixed model, and its standard error; nil
    /// where the log-odds of a condition are infinite or the fit did not converge.
    public var logOdds: Double?
    public var standardError: Double?
    /// The p-value of the mixed model for the hypothesis that both conditions are equal; nil if a
    /// fit did not converge. See `MixedComparison.p`.
    public var mixedP: Double?
    /// The p-value of Fisher's exact test, which assumes that all answers are independent.
    public var fisherP: Double
    /// The p-value of the bootstrap; nil where it has no interval.
    public var bootstrapP: Double?
    /// The p-value of the mixed model in which participants and images differ in their intercepts
    /// only, for comparison. It is too small if the effect of the condition differs between them.
    public var interceptP: Double?
    /// How much participants and images differ in the mixed model; nil where `logOdds` is nil.
    public var participants: MixedLogisticModel.Spread?
    public var images: MixedLogisticModel.Spread?
    /// What a reader should know about the mixed model's fit, in sentences.
    public var notes: [String]?
  }

  /// The mixed model of all conditions in which participants and images differ in their intercepts
  /// only; see `MixedLogisticModel`.
  public struct MixedModelResult: Codable, Equatable, Sendable {
    public var measure: String
    /// The log-odds of each condition; nil where all answers were equal.
    public var coefficients: [Coefficient]
    /// The standard deviations of the intercepts of participants and of images, in log-odds; 0 if
    /// the answers do not identify them.
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

  /// How much people agree with each other on pictures that at least two of them saw.
  public struct AgreementResult: Codable, Equatable, Sendable {
    /// The condition of the pictures; nil for all conditions together.
    public var condition: Condition?
    /// The number of pictures with at least two answers, and the number of answers on them.
    public var pictures: Int
    public var answers: Int
    /// Krippendorff's alpha; nil if all answers are equal.
    public var alpha: Double?
    public var alphaInterval: [Double]?
    /// Fleiss' kappa; nil if all answers are equal. It needs the same number of answers on each
    /// picture, so only the pictures with the most common number of answers count.
    public var kappa: Double?
    public var kappaInterval: [Double]?
    /// The number of these pictures, and the number of answers on each of them.
    public var kappaPictures: Int
    public var kappaRaters: Int
  }

  /// How much people and a model are right and wrong on the same pictures.
  public struct ModelAgreement: Codable, Equatable, Sendable {
    public var model: String
    /// The number of answers on pictures that the model has a prediction for.
    public var answers: Int
    /// The share of these answers in which the participant, or the model, named the image's label.
    public var peopleRight: Double
    public var modelRight: Double
    /// The share of these answers that are the model's prediction, right or wrong.
    public var sameAnswer: Double
    /// The error consistency of each participant with the model, averaged over participants; nil if
    /// no participant has one.
    public var errorConsistency: Double?
    public var interval: [Double]?
    /// The number of participants who have an error consistency.
    public var participants: Int
  }

  public struct TimeResult: Codable, Equatable, Sendable {
    /// The median, the smallest and the largest of the participants' median times.
    public var median: Double
    public var fastest: Double
    public var slowest: Double
    /// The mean and the standard deviation of the natural logarithms of all times.
    public var logMean: Double
    public var logDeviation: Double
    /// The number of these times.
    public var answers: Int
  }

  /// Reads `results.json`.
  /// - Throws: `Failure.missing` if the file cannot be read, `Failure.badData` if it holds no
  ///   results in this format.
  public static func read(_ url: URL) throws -> StudyResults {
    guard let data = try? Data(contentsOf: url) else {
      throw Failure.missing(
        "cannot read \(url.path)", hint: "write it with 'crossfire study score'")
    }
    do {
      let results = try JSONDecoder().decode(StudyResults.self, from: data)
      guard results.format == 1 else {
        throw Failure.badData(
          "\(url.path): expected format 1, found \(results.format)", hint: "score the study again")
      }
      return results
    } catch let failure as Failure { throw failure } catch {
      throw Failure.badData(
        "\(url.path) does not hold the results of a study: \(explanation(of: error))",
        hint: "score the study again")
    }
  }
}
