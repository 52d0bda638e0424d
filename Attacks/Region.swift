import ModelCore
import Support

/// The region of each image that an attack may change.
///
/// A region is part of an attack's `Goal`, and is sliced with it wherever images leave a batch. An
/// attack keeps its moves in the region with `limited`, wherever they come from: a gradient or
/// random numbers. It then spends its whole budget there. `Perturbation.check` refuses images that
/// changed elsewhere.
///
///     let gradient = goal.region.limited(classifier.inputGradient(at: images) { goal.loss($0) })
public struct Region: Sendable {
  /// True where a feature may change: bool `[N, …]`, in the shape of the images; nil if every
  /// feature of every image may change.
  public let changeable: Tensor?

  /// Every feature of every image.
  public static let everywhere = Region(nil)

  public init(_ changeable: Tensor?) { self.changeable = changeable }

  /// Moves such as gradients, steps and random directions, with zeros outside of the region.
  /// - Parameter moves: `[N, …]`, in the shape of the images.
  public func limited(_ moves: Tensor) -> Tensor {
    guard let changeable else { return moves }
    return changeable.choose(moves, else: Tensor.zeros([], type: moves.type, device: moves.device))
  }

  /// Images with the values of the originals outside of the region.
  ///
  /// An attack that computes with whole images needs this, because rounding may change features
  /// that do not move.
  /// - Parameters:
  ///   - images: `[N, …]`.
  ///   - originals: in the same shape.
  public func limited(_ images: Tensor, around originals: Tensor) -> Tensor {
    changeable?.choose(images, else: originals) ?? images
  }

  /// The part of this region in which a mask holds.
  /// - Parameter mask: bool, in the shape of the images.
  func and(_ mask: Tensor) -> Region { Region(changeable?.and(mask) ?? mask) }

  /// The region of the images at `indices`, int64 `[M]`, only.
  public func at(_ indices: Tensor) -> Region { Region(changeable?.indexSelect(0, indices)) }

  /// The number of features that may change in each image, float32 `[N]`.
  /// - Parameter images: `[N, …]`.
  func sizes(in images: Tensor) -> Tensor {
    let (count, features) = (images.shape[0], images.shape.dropFirst().reduce(1, *))
    return changeable?.flattened.to(.float32).sum([1])
      ?? Tensor.full(Double(features), shape: [count], device: images.device)
  }
}

/// The part of an example, by its mask, to which an attack is limited.
///
/// A mask is 1 where a feature must not influence the prediction: in the nuisance. It is 0 where a
/// feature may: in the core.
public enum MaskLimit: String, Sendable, Codable, CaseIterable {
  /// Only features with the mask 1 may change. A model that ignores what it must ignore withstands
  /// every such attack. Source: J. Heo, V. Piratla, M. Wicker and A. Weller (2023).
  case nuisance
  /// Only features with the mask 0 may change.
  case core

  /// The region that examples with some masks may change in.
  /// - Parameter masks: `[N, …]` in the shape of the examples, with the values 0 and 1.
  public func region(_ masks: Tensor) -> Region {
    switch self {
    case .nuisance: Region(masks.isGreater(than: 0.5))
    case .core: Region(masks.isAtMost(0.5))
    }
  }

  /// Reads the setting `mask`; nil if it is not given.
  package init?(_ settings: Settings) throws {
    let words = Self.allCases.map(\.rawValue)
    let meaning = "part of each example, by its mask, that the attack may change"
    guard settings.value("mask", meaning + " (\(words.joined(separator: ", ")))") != nil else {
      return nil
    }
    self.init(rawValue: try settings.choice("mask", of: words, meaning))
  }
}
