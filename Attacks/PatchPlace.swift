import Foundation
import ModelCore
import Support

/// Where the square of an adversarial patch is in the picture, and by how much it is turned.
public struct PatchPlace: Configurable, Sendable {
  /// A part of the picture.
  public enum Part: String, Sendable, CaseIterable {
    /// A random place for each picture.
    case random
    case centre
    case topLeft = "top-left"
    case topRight = "top-right"
    case bottomLeft = "bottom-left"
    case bottomRight = "bottom-right"
  }

  public var part: Part
  /// The first row and the first column of the square before it is turned, counted from 0; nil for
  /// those of `part`.
  public var row: Int?
  public var column: Int?
  /// The angle by which the square is turned about its centre, in degrees, counterclockwise.
  public var rotation: Double

  public init(_ part: Part = .random, row: Int? = nil, column: Int? = nil, rotation: Double = 0) {
    self.part = part
    self.row = row
    self.column = column
    self.rotation = rotation
  }

  public static let settings: [Setting<PatchPlace>] = [
    .choice("place", \.part, "where the square is"),
    .optionalInt(
      "row", \.row, in: 0...100_000,
      "first row of the square before it is turned, from 0; if not given, that of place"),
    .optionalInt(
      "column", \.column, in: 0...100_000,
      "first column of the square before it is turned, from 0; if not given, that of place"),
    .double("rotation", \.rotation, in: -180...180, "angle by which it is turned, in degrees"),
  ]

  /// Checks that the first row and column are in the picture.
  /// - Throws: `Failure.usage` with the size of the picture.
  func check(in shape: InputShape) throws {
    for (name, value, size) in [("row", row, shape.height), ("column", column, shape.width)] {
      guard let value, value >= size else { continue }
      throw Failure.usage(
        "\(name) \(value): the pictures have the \(name)s 0 to \(size - 1)",
        hint: "choose a \(name) in the picture")
    }
  }

  /// The pixels of each picture that the square covers: bool, in the shape of the images.
  ///
  /// A pixel belongs to the square if its centre does: max(|u|, |v|) ≤ side / 2, where u and v are
  /// its coordinates along the sides of the square, from the centre of the square. A turned square
  /// may hold a few more such pixels than side², of which those nearest to its centre count, so
  /// that the budget is kept. What lies outside of the picture is cut off.
  /// - Parameters:
  ///   - side: the side of the square in pixels.
  ///   - images: `[N, C, H, W]`; only their shape is used.
  func square(_ side: Int, in images: Tensor, _ draws: ExampleDraws) -> Tensor {
    // y, distance [N, H, W]; a pixel's own coordinates are those of its centre
    let (height, width) = (images.shape[2], images.shape[3])
    let angle = rotation * .pi / 180
    let (cosine, sine) = (cos(angle), sin(angle))
    let extent = Double(side) * (abs(cosine) + abs(sine))
    let middle = (
      y: centre(
        row, isFirst: [.topLeft, .topRight], side, extent, height, draws.purpose("row")),
      x: centre(
        column, isFirst: [.topLeft, .bottomLeft], side, extent, width, draws.purpose("column"))
    )
    let line = { (size: Int) in Tensor.range(size, device: images.device).to(.float32) }
    let y = line(height).reshaped([1, height, 1]) - middle.y.reshaped([-1, 1, 1])
    let x = line(width).reshaped([1, 1, width]) - middle.x.reshaped([-1, 1, 1])
    let (u, v) = (x * cosine - y * sine, x * sine + y * cosine)
    let distance = u.absolute.maximum(v.absolute).flattened
    // The tolerance is for rounding: an edge may pass exactly through the centre of a pixel.
    let within = distance.isLess(than: Double(side) / 2 + 1e-4).to(.float32)
    let nearest = (-distance).topK(side * side, 1).indices
    let inside = (distance * 0).scattering(1, nearest, within.gather(1, nearest)).isAtLeast(1)
    return inside.reshaped([-1, 1, height, width]).expanded(images.shape)
  }

  /// The coordinate of the square's centre along one direction for each picture, float32 `[N]`.
  ///
  /// The turned square, which spans `extent` pixels, is at one end of the picture, in its middle,
  /// or anywhere between. Steps are whole pixels, so that a square that is not turned covers whole
  /// pixels.
  /// - Parameters:
  ///   - first: the first row or column that is given, if any.
  ///   - isFirst: the parts at the end where the coordinate is small.
  private func centre(
    _ first: Int?, isFirst: [Part], _ side: Int, _ extent: Double, _ size: Int,
    _ draws: ExampleDraws
  ) -> Tensor {
    let none = draws.integers(below: 1).to(.float32)
    if let first { return none + (Double(first) + Double(side - 1) / 2) }
    let free = max(0, Int(Double(size) - extent + 1e-6))
    let start = min(extent, Double(size)) / 2 - 0.5
    switch part {
    case .random: return draws.integers(below: free + 1).to(.float32) + start
    case .centre: return none + (start + Double(free / 2))
    default: return none + (isFirst.contains(part) ? start : Double(size) - 1 - start)
    }
  }
}
