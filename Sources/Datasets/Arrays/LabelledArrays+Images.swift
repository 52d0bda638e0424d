import Foundation
import ModelCore
import Support

extension LabelledArrays {
  /// Examples as they are kept: uint8 as stored, truth values as 0 and 255, float32 with every value
  /// in the value range.
  /// - Parameter images: `[N, C, H, W]`, or `[N, D]` for a table.
  func checkedImages(_ images: Tensor, _ name: String) throws -> Tensor {
    guard images.shape[0] > 0 else {
      throw wrong(name, "expected at least one example, found none")
    }
    switch images.type {
    case .bool:
      let bytes: [UInt8] = images.rawBytes().map { $0 == 0 ? 0 : 255 }
      return Tensor(bytes, shape: images.shape)
    case .uint8:
      // Who means 1 of 255 and who means white cannot be told apart.
      guard images.max().scalar != 1 else {
        throw wrong(
          name, "expected bytes from 0 to 255, found only 0 and 1, which is nearly black",
          hint: "if 1 is white, save them as truth values, \(name).astype('bool')")
      }
      return images
    case .float32, .float64: break
    default:
      let extremes = ValueExtremes(images.to(.float32))
      throw wrong(
        name,
        "expected values as uint8 (0 to 255), truth values or floating-point numbers, "
          + "found whole numbers of another type, \(extremes)", hint: extremes.wholeNumberHint)
    }
    let range = settings.range ?? 0...1
    return try values(
      images, in: range, name, expected: "values from \(range.words)",
      hint: { $0.hint(range: settings.range) })
  }

  /// Values as float32 in a range. Values that exceed it by rounding are clipped.
  private func values(
    _ tensor: Tensor, in range: ClosedRange<Double>, _ name: String, expected: String,
    hint: (ValueExtremes) -> String
  ) throws -> Tensor {
    let values = tensor.to(.float32)
    let extremes = ValueExtremes(values)
    if extremes.lie(in: range) { return values }
    guard extremes.lieNearly(in: range) else {
      throw wrong(name, "expected \(expected), found \(extremes)", hint: hint(extremes))
    }
    return values.clamped(to: range)
  }

  /// Masks in the shape of the examples, or with one channel that stands for all.
  /// - Parameter stored: the shape of the array of images in the file.
  func masks(_ name: String, _ order: ArrayOrder, besides stored: [Int]) throws -> Tensor {
    let masks = try array(name)
    let possible = order.maskShapes(besides: stored)
    guard possible.contains(masks.shape) else {
      throw wrong(
        name,
        "expected masks of shape \(possible.map { "\($0)" }.joined(separator: " or ")), "
          + "found \(masks.shape)", hint: "a mask without channels stands for all channels")
    }
    // Whole numbers from 0 to 1 are 0 or 1, so one comparison serves every element type.
    let isFraction = [.float32, .float64].contains(masks.type)
    let numbers = try values(
      masks, in: 0...1, name, expected: "masks \(isFraction ? "from 0 to 1" : "of 0 and 1")",
      hint: { _ in "1 marks a number that must not matter, 0 one that may" })
    return order.masks(numbers)
  }
}
