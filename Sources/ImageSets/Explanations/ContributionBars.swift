import Datasets
import Foundation
import ModelCore

/// The explanation of a row of a table or of a text: a bar for each of the features with the largest
/// contributions, to the right in orange if it raises the score and to the left in blue if it lowers
/// it, with the feature's name and value.
struct ContributionBars {
  /// A feature with its value in the example and its contribution.
  struct Feature: Sendable {
    let name: String
    let value: Float
    let contribution: Float
  }

  private static let gap = 10

  /// - Parameters:
  ///   - features: the largest first.
  ///   - legend: nil for bars in a sheet that has a legend of its own.
  ///   - scale: the size of the letters.
  static func drawn(
    _ features: [Feature], caption: [String], legend: String?, scale: Int
  ) -> Picture {
    let line = BitmapFont.line * scale
    let letter = BitmapFont.advance * scale
    let names = 22 * letter
    let values = 9 * letter
    let half = 60 * scale
    let page = gap + names + values + 2 * half + 10 * letter + gap
    let inner = page - 2 * gap
    let head = caption.flatMap { Canvas.lines($0, width: inner, scale: scale) }
    let foot = legend.map { Canvas.lines($0, width: inner, scale: scale) } ?? []
    let rows = max(1, features.count)
    let top = gap + head.count * line + (head.isEmpty ? 0 : gap / 2)
    let bottom = top + (rows + 1) * line + gap / 2
    let height = bottom + (legend == nil ? 0 : (foot.count + 1) * line) + gap
    var canvas = Canvas(width: page, height: height, color: [255, 255, 255])
    for (place, text) in head.enumerated() {
      canvas.write(text, x: gap, y: gap + place * line, scale: scale)
    }
    let grey: [UInt8] = [110, 110, 110]
    canvas.write("feature", x: gap, y: top, scale: scale, color: grey)
    canvas.write("value", x: gap + names, y: top, scale: scale, color: grey)
    let middle = gap + names + values + half
    canvas.write("contribution", x: middle - 6 * letter, y: top, scale: scale, color: grey)
    let sizes = features.map { $0.contribution.isFinite ? abs($0.contribution) : 0 }
    let largest = sizes.max() ?? 0
    for (place, feature) in features.enumerated() {
      let y = top + (place + 1) * line
      canvas.write(Canvas.shortened(feature.name, to: 21), x: gap, y: y, scale: scale)
      canvas.write(feature.value.short, x: gap + names, y: y, scale: scale)
      let share = largest > 0 ? sizes[place] / largest : 0
      let length = Int((share * Float(half)).rounded())
      let isRaising = feature.contribution >= 0
      canvas.fill(
        x: isRaising ? middle : middle - length, y: y, width: length, height: 7 * scale,
        color: (isRaising ? ContributionColors.raises : ContributionColors.lowers).bytes)
      canvas.write(
        feature.contribution.short, x: middle + half + letter / 2, y: y, scale: scale)
    }
    canvas.fill(
      x: middle, y: top + line, width: 1, height: rows * line - 3 * scale, color: grey)
    if legend != nil {
      _ = canvas.drawScale(x: gap, y: bottom, scale: scale)
      for (place, text) in foot.enumerated() {
        canvas.write(text, x: gap, y: bottom + (place + 1) * line, scale: scale)
      }
    }
    return canvas.picture
  }
}

extension Float {
  /// The number with three significant digits, and whole from 100 on: "0.0123", "1034", "-4.5e-06".
  var short: String {
    String(format: (100..<1_000_000).contains(abs(self)) ? "%.0f" : "%.3g", Double(self))
  }
}
