import Foundation
import ModelCore
import Support

/// What is known about some labelled images without their pixels and labels.
public struct DataFacts: Sendable, Equatable, Codable {
  /// The name of the images in results, such as `mnist:train`.
  public let name: String
  /// The digest of their content (`LabelledImages.fingerprint`).
  public let fingerprint: String
  /// The number of images.
  public let count: Int
  /// The shape of every image.
  public let shape: InputShape
  /// The name of each class.
  public let classNames: [String]
  /// Lines for the user about what was left out, or what seems odd.
  public let notes: [String]
  private let lowest: Double
  private let highest: Double

  /// The smallest and the largest valid value.
  public var valueRange: ClosedRange<Double> { lowest...highest }

  public init(_ images: LabelledImages) {
    name = images.name
    fingerprint = images.fingerprint
    count = images.count
    shape = images.shape
    classNames = images.classNames
    notes = images.notes
    lowest = images.valueRange.lowerBound
    highest = images.valueRange.upperBound
  }

  /// Whether the facts can be those of images.
  fileprivate var arePossible: Bool {
    let largest = shape.isPicture ? 65_536 : 1 << 32
    return fingerprint.utf8.count == 64 && count > 0 && lowest < highest
      && [1, 3].contains(shape.sizes.count)
      && shape.sizes.allSatisfy { (1...largest).contains($0) }
      && (1...ClassFolders.mostClasses).contains(classNames.count)
  }
}

extension DataCache.Entry {
  /// The facts in the entry; nil if there are none, or none that can be believed.
  public func facts() -> DataFacts? {
    guard let bytes = read(limit: 1 << 26),
      let facts = try? JSONDecoder().decode(DataFacts.self, from: Data(bytes)), facts.arePossible
    else { return nil }
    return facts
  }

  /// Stores facts, unless the cache is not written or a later change would not be seen.
  public func store(_ facts: DataFacts) {
    guard let data = try? JSONEncoder().encode(facts) else { return }
    write([UInt8](data))
  }

  /// Images that were opened after their facts were read from this entry. If the files were changed
  /// in between, the images must still be the same.
  /// - Throws: `Failure.badData` if they are others.
  public func check(_ images: LabelledImages, against facts: DataFacts) throws -> LabelledImages {
    if isCurrent {
      images.fingerprintMemo.set(facts.fingerprint)
    } else if images.fingerprint != facts.fingerprint {
      throw Failure.badData(
        "\(facts.name) was changed while this process was at work",
        hint: "do not change data during a run; run it again")
    }
    return images
  }
}
