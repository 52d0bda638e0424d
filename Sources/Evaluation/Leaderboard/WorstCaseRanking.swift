import Support

/// The victims in the order of their worst cases within one budget, with the comparison of every two
/// of them on the same images.
///
/// Two victims are told apart if the interval of the difference of their worst cases
/// (`PairedDifference.interval`) does not contain 0. The intervals of all k(k − 1)/2 pairs of k
/// victims hold together with 95 %, by Bonferroni's inequality. A victim's rank is one more than the
/// number of victims that are better than it in this sense. So victims that are not told from the
/// best one have rank 1, and with at least 95 % no victim has a rank behind one that is not better.
public struct WorstCaseRanking: Codable, Equatable, Sendable {
  /// The norm of the budget.
  public let norm: String
  public let epsilon: Double
  /// The number of images.
  public let images: Int
  /// The attacks that were run within this budget.
  public let attacks: [String]
  /// The other attacks, and why they do not count.
  public let leftOut: [LeftOutAttack]
  public let victims: [String]
  /// How many images each victim classifies correctly unchanged.
  public let rightUnchanged: [Int]
  /// How many images each victim classifies correctly under every attack.
  public let right: [Int]
  /// How many images one victim classifies correctly under every attack and another one does not:
  /// `onlyRight[i][j]` for the victims i and j.
  public let onlyRight: [[Int]]

  init(_ outcome: WorstOutcome) {
    norm = outcome.norm.rawValue
    epsilon = outcome.epsilon
    images = outcome.images
    attacks = outcome.attacks
    leftOut = outcome.leftOut
    victims = outcome.victims
    rightUnchanged = outcome.rightUnchanged.map(\.trueCount)
    right = outcome.right.map(\.trueCount)
    onlyRight = outcome.right.map { first in
      outcome.right.map { second in Discordance(first, second).onlyFirst }
    }
  }

  /// The number of pairs of victims, whose intervals hold together.
  public var comparisons: Int { victims.count * (victims.count - 1) / 2 }

  /// The worst case of one victim minus that of another one.
  /// - Parameters: the places of the victims.
  public func difference(_ first: Int, _ second: Int) -> PairedDifference {
    PairedDifference(
      onlyFirst: Double(onlyRight[first][second]), onlySecond: Double(onlyRight[second][first]),
      images: images)
  }

  /// The rank of each victim, from 1, in the order of `victims`.
  public var ranks: [Int] {
    victims.indices.map { victim in
      1
        + victims.indices.count {
          difference($0, victim).interval(among: comparisons).lowerBound > 0
        }
    }
  }
}

extension WorstCaseRanking {
  private enum CodingKeys: String, CodingKey {
    case norm, epsilon, images, attacks, leftOut, victims, rightUnchanged, right, onlyRight
  }

  /// - Throws: `Failure.badData` for counts that no evaluation can have.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    norm = try values.decode(String.self, forKey: .norm)
    epsilon = try values.decode(Double.self, forKey: .epsilon)
    images = try values.decode(Int.self, forKey: .images)
    attacks = try values.decode([String].self, forKey: .attacks)
    leftOut = try values.decode([LeftOutAttack].self, forKey: .leftOut)
    victims = try values.decode([String].self, forKey: .victims)
    rightUnchanged = try values.decode([Int].self, forKey: .rightUnchanged)
    right = try values.decode([Int].self, forKey: .right)
    onlyRight = try values.decode([[Int]].self, forKey: .onlyRight)
    let count = victims.count
    let isSound =
      images >= 1
      && [rightUnchanged.count, right.count, onlyRight.count].allSatisfy { $0 == count }
      && onlyRight.allSatisfy { $0.count == count }
      && zip(right, rightUnchanged).allSatisfy { 0...images ~= $0 && $0...images ~= $1 }
      && victims.indices.allSatisfy { i in
        victims.indices.allSatisfy { j in
          0...right[i] ~= onlyRight[i][j]
            && right[i] - right[j] == onlyRight[i][j] - onlyRight[j][i]
            && onlyRight[i][j] + onlyRight[j][i] <= images
        }
      }
    guard isSound else {
      throw Failure.badData(
        "the ranking in \(norm) within \(epsilon.plainDecimal) has counts that contradict each other"
      )
    }
  }
}
