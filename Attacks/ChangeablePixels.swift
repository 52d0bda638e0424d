import ModelCore

/// The pixels that may change in each image, addressed by two numbers in [0, 1].
///
/// The first number chooses among the rows that have such a pixel, and the second one among those
/// pixels of the row. Where every pixel may change, the two numbers are the coordinates. A pixel
/// may change if one of its channels may.
struct ChangeablePixels {
  private let height, width: Int
  /// The pixels of each row that has any, for each image; nil if every pixel may change.
  private let rows: [[[Int]]]?

  init(_ region: Region, like images: Tensor) {
    (height, width) = (images.shape[2], images.shape[3])
    let (height, width) = (height, width)
    rows = region.changeable.map { changeable in
      let mask = changeable.any([1]).reshaped([images.shape[0], height * width])
      return (0..<images.shape[0]).map { image in
        let values = mask.select(0, image).int64s()
        return (0..<height).map { row in
          (row * width..<(row + 1) * width).filter { values[$0] != 0 }
        }.filter { !$0.isEmpty }
      }
    }
  }

  /// Places `[M, 2]` → indices of pixels in the order of rows, int64 `[M]`.
  func indices(_ places: Tensor) -> Tensor {
    guard let rows else {
      let row = (places.select(1, 0) * Double(height)).floor.minimum(Double(height - 1))
      let column = (places.select(1, 1) * Double(width)).floor.minimum(Double(width - 1))
      return (row * Double(width) + column).to(.int64)
    }
    let values = places.floats()
    let indices = rows.enumerated().map { image, rows -> Int in
      func chosen<T>(_ choices: [T], _ number: Float) -> T? {
        choices.isEmpty ? nil : choices[min(Int(number * Float(choices.count)), choices.count - 1)]
      }
      return chosen(rows, values[2 * image]).flatMap { chosen($0, values[2 * image + 1]) } ?? 0
    }
    return Tensor(labels: indices).to(places.device)
  }
}
