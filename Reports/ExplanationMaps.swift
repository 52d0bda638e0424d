import Datasets
import Evaluation
import Foundation
import ImageSets
import ModelCore

/// Explained pictures beside their explanations: for each example the picture and what each model
/// predicts, and below it a row for each method with a map of each model. It has the form of figures 5
/// and 7 of A. Ross, M. Hughes and F. Doshi-Velez, "Right for the Right Reasons" (2017).
struct ExplanationMaps: Sendable {
  private let models: [StoredExplanations]
  /// The PNG of each example, and of each model's map for it by each method.
  private let pictures: [Data]
  private let maps: [[[Map]]]
  /// The sides of the PNGs in pixels.
  private let shape: (height: Int, width: Int)

  /// A map with the contribution that has the full colour, which is 0 if nothing contributes.
  private struct Map: Sendable {
    let png: Data
    let limit: Float
    /// What has the full colour, in words.
    var scale: String { limit > 0 ? "±\u{A0}" + contributionText(limit) : "all 0" }
  }

  /// The longest side of a map; larger pictures are reduced by averaging whole blocks of pixels.
  private static let longest = 128
  /// The length to which the longer side of a map is enlarged.
  private static let shown = 96

  /// - Returns: nil for rows of a table, and if the models were asked about different examples.
  /// - Throws: `Failure` if a picture cannot be encoded.
  init?(_ models: [StoredExplanations]) throws {
    guard let first = models.first, first.images.rank == 4,
      models.allSatisfy({
        $0.images.shape == first.images.shape && $0.model.methods == first.model.methods
      })
    else { return nil }
    self.models = models
    let (height, width) = (first.images.shape[2], first.images.shape[3])
    let side = (max(height, width) + Self.longest - 1) / Self.longest
    // A picture that is thinner than a block keeps one row or column.
    let block = Block(height: min(side, height), width: min(side, width))
    shape = (height / block.height, width / block.width)
    let shape = shape
    pictures = try first.examples.indices.map { row in
      try PNG.encode(
        Self.picture(first.images.select(0, row), first.valueRange).reduced(by: block))
    }
    maps = try models.map { model in
      try first.examples.indices.map { row in
        try first.model.methods.indices.map { method in
          let own = model.contributions.select(0, method).contiguous.select(0, row).contiguous
          let values = Self.means(own.floats(), height: height, width: width, block: block)
          let limit = ContributionColors.limit(values)
          let map = ContributionColors.map(
            values, limit: limit, height: shape.height, width: shape.width)
          let isZero = values.allSatisfy { $0 == 0 }
          return Map(png: try PNG.encode(map), limit: isZero ? 0 : limit)
        }
      }
    }
  }

  /// The table, in a container that scrolls on a narrow screen.
  var html: Markup {
    let names = models.map { Markup("th", ["scope": "col"], $0.model.model) }
    let head = Markup(
      "tr", [:],
      children: [
        Markup("th", ["scope": "col"], "Example"), Markup("th", ["scope": "col"], "Method"),
      ] + names)
    let bodies = models[0].examples.indices.map { row in
      Markup(
        "tbody", [:],
        children: [predictions(row)]
          + models[0].model.methods.indices.map {
            maps(row, $0)
          })
    }
    return .scrolling(
      "explanations of pictures", columns: 2 + models.count,
      Markup("table", ["class": "maps"], children: [Markup("thead", [:], head)] + bodies))
  }

  private func predictions(_ row: Int) -> Markup {
    let example = models[0].examples[row]
    let picture = Markup(
      "th", ["scope": "rowgroup", "rowspan": models[0].model.methods.count + 1],
      image(pictures[row], alt: "example \(example.index)"),
      Markup("span", ["class": "value"], example.label),
      Markup("span", ["class": "interval"], "example \(example.index)"))
    let cells = models.map { model in
      let own = model.examples[row]
      let isRight = own.predicted == own.label
      return Markup(
        "td", [:],
        Markup(
          isRight ? "span" : "strong", ["class": isRight ? nil : "wrong"],
          (isRight ? "" : "✗ ") + own.predicted),
        Markup("span", ["class": "interval"], certainty(own.probability)))
    }
    return Markup(
      "tr", [:], children: [picture, Markup("th", ["scope": "row"], "predicts")] + cells)
  }

  private func maps(_ row: Int, _ method: Int) -> Markup {
    let name = models[0].model.methods[method].name
    let cells = models.indices.map { model in
      let map = maps[model][row][method]
      let alt =
        "\(name) of \(models[model].model.model) for example \(models[0].examples[row].index)"
      return Markup(
        "td", [:], image(map.png, alt: alt),
        Markup("span", ["class": "interval"], map.scale))
    }
    return Markup("tr", [:], children: [Markup("th", ["scope": "row"], name)] + cells)
  }

  private func image(_ png: Data, alt: String) -> Markup {
    let scale = max(1, Int((Double(Self.shown) / Double(max(shape.height, shape.width))).rounded()))
    return Markup(
      "img",
      [
        "src": "data:image/png;base64," + png.base64EncodedString(), "alt": alt,
        "width": shape.width * scale, "height": shape.height * scale,
      ])
  }

  /// An image `[C, H, W]` as a picture: grey for other numbers of channels than three.
  private static func picture(_ image: Tensor, _ range: ClosedRange<Double>) -> Picture {
    let drawn = [1, 3].contains(image.shape[0]) ? image : image.mean([0], keep: true)
    let shape = InputShape(
      channels: drawn.shape[0], height: drawn.shape[1], width: drawn.shape[2])
    return Picture(shape: shape, pixels: Quantization.bytes(drawn, range: range).bytes())
  }

  /// The mean of each block of values; what is left at the right and lower ends is
  /// cut off.
  private static func means(_ values: [Float], height: Int, width: Int, block: Block) -> [Float] {
    guard block.area > 1 else { return values }
    return (0..<height / block.height).flatMap { y in
      (0..<width / block.width).map { x in
        var sum: Float = 0
        for row in y * block.height..<(y + 1) * block.height {
          for column in x * block.width..<(x + 1) * block.width {
            sum += values[row * width + column]
          }
        }
        return sum / Float(block.area)
      }
    }
  }
}

/// A contribution to two significant digits: "0.012", "−1.5e-06".
func contributionText(_ value: Float) -> String {
  let text = String(
    format: (100..<1_000_000).contains(abs(value)) ? "%.0f" : "%.2g", Double(value))
  return text.hasPrefix("-") ? "−" + text.dropFirst() : text
}

/// The probability of a prediction: "99 %".
func certainty(_ probability: Double) -> String {
  probability.isFinite ? "\(Int((probability * 100).rounded())) %" : "no number"
}

/// The size of the blocks of pixels that are averaged.
private struct Block {
  let height: Int
  let width: Int
  var area: Int { height * width }
}

extension Picture {
  /// The picture with each block of pixels as one pixel of its mean colour.
  fileprivate func reduced(by block: Block) -> Picture {
    guard block.area > 1 else { return self }
    let (height, width) = (shape.height / block.height, shape.width / block.width)
    let pixels = (0..<shape.channels).flatMap { channel in
      (0..<height).flatMap { y in
        (0..<width).map { x -> UInt8 in
          var sum = 0
          for row in y * block.height..<(y + 1) * block.height {
            let start = (channel * shape.height + row) * shape.width
            for column in x * block.width..<(x + 1) * block.width {
              sum += Int(self.pixels[start + column])
            }
          }
          return UInt8((sum + block.area / 2) / block.area)
        }
      }
    }
    return Picture(
      shape: InputShape(channels: shape.channels, height: height, width: width), pixels: pixels)
  }
}
