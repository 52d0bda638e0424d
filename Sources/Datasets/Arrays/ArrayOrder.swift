import ModelCore
import Support

/// What a user says about the order of the dimensions in an array of images.
enum ArrayLayout: String, CaseIterable, Sendable {
  /// Follows from the sizes: a dimension of size one or three holds the channels.
  case auto
  case nchw
  case nhwc
}

/// The order of the dimensions in an array of examples.
enum ArrayOrder: Sendable {
  /// `[N, D]`: rows of a table.
  case rows
  /// `[N, H, W]`: grey pictures.
  case planes
  /// `[N, C, H, W]`
  case channelsFirst
  /// `[N, H, W, C]`
  case channelsLast

  private static let largest = 65_536

  /// Finds the order of an array of a given shape.
  /// - Throws: `Failure.badData` if the array holds neither images nor rows, or if `auto` does not
  ///   tell where the channels are.
  init(of shape: [Int], _ layout: ArrayLayout, place: String) throws {
    guard (2...4).contains(shape.count),
      shape.dropFirst().allSatisfy({ (1...Self.largest).contains($0) })
    else {
      throw Failure.badData(
        "\(place): expected images [N, C, H, W], [N, H, W, C] or [N, H, W], or rows [N, D], with "
          + "sizes from 1 to \(Self.largest), found \(shape)")
    }
    if shape.count < 4 {
      self = shape.count == 2 ? .rows : .planes
      return
    }
    let (first, last) = ([1, 3].contains(shape[1]), [1, 3].contains(shape[3]))
    switch layout {
    case .nchw: self = .channelsFirst
    case .nhwc: self = .channelsLast
    case .auto:
      guard first != last else {
        throw Failure.badData(
          "\(place): the shape \(shape) does not tell whether the images are [N, C, H, W] or "
            + "[N, H, W, C]",
          hint: "say which with :layout=nchw or :layout=nhwc")
      }
      self = first ? .channelsFirst : .channelsLast
    }
  }

  /// The examples as a batch has them: `[N, D]` or `[N, C, H, W]`.
  func batch(_ array: Tensor) -> Tensor {
    switch self {
    case .rows, .channelsFirst: array
    case .planes: array.reshaped([array.shape[0], 1, array.shape[1], array.shape[2]])
    case .channelsLast: array.permuted([0, 3, 1, 2]).contiguous
    }
  }

  /// The shapes that an array of masks may have: that of the array of images, or one without
  /// channels or with a single channel, whose masks stand for all channels.
  /// - Parameter images: the shape of the array of images, in this order.
  func maskShapes(besides images: [Int]) -> [[Int]] {
    let (count, size) = (images[0], Array(images.dropFirst()))
    let possible: [[Int]] =
      switch self {
      case .rows: [size]
      case .planes: [size, [1] + size]
      case .channelsFirst: [size, [1, size[1], size[2]], [size[1], size[2]]]
      case .channelsLast: [size, [size[0], size[1], 1], [size[0], size[1]]]
      }
    // With one channel the first two are the same.
    return possible.indices.filter { possible.firstIndex(of: possible[$0]) == $0 }.map {
      [count] + possible[$0]
    }
  }

  /// Masks of one of these shapes as a batch has them, except that they may have one channel where
  /// the images have several.
  func masks(_ array: Tensor) -> Tensor {
    if array.rank == 3 { return ArrayOrder.planes.batch(array) }
    return self == .channelsLast ? batch(array) : array
  }
}
