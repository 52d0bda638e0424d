import ModelCore

/// Corruptions by digital processing.
extension CorruptionRecipe {
  /// Contrast: each channel moves towards its mean m over the picture, m + c·(x − m).
  func contrast() -> Corrupting {
    let kept = strength(
      photographs: [0.4, 0.3, 0.2, 0.1, 0.05], small: [0.75, 0.5, 0.4, 0.3, 0.15])
    return { x, _ in
      let means = x.mean([1, 2], keep: true)
      return (x - means) * kept + means
    }
  }

  /// Elastic transformation: three corners of a square in the middle move at random, and the
  /// picture with them (an affine map). Then every pixel moves by a smoothed random field.
  ///
  /// The lengths are shares of the picture's shorter side: how far pixels move, over which distance
  /// the field is smoothed, and how far corners move. The published lengths for 224x224 pixels are
  /// shares of 244, which is kept.
  func elastic() -> Corrupting {
    let shares = strength(
      photographs: [
        (2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02),
      ],
      small: [
        (0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03),
      ] as [(Double, Double, Double)])
    let side = Double(shorterSide) * (isPhotograph ? 244.0 / 224 : 1)
    let (amount, smoothing, shift) = (shares.0 * side, shares.1 * side, shares.2 * side)
    func smoother(_ size: Int) -> AxisMap {
      .gaussian(size, deviation: smoothing, cut: 3, beyond: .mirrorEdges)
    }
    let (rows, columns) = (smoother(height), smoother(width))
    let places = PixelPlaces(height: height, width: width)
    return { x, draws in
      let shifts = draws.purpose("corners").uniformOfOne([6], in: -shift..<shift).floats()
      let moved = AffineMap.movingCorners(height: height, width: width, by: shifts.map(Double.init))
        .places(places)
      let turned = x.reshaped([1] + x.shape)
        .sampled(rows: moved.rows, columns: moved.columns, beyond: .mirrorCentres)
      guard amount > 0 else { return turned.select(0, 0) }
      func field(_ name: String) -> Tensor {
        draws.purpose(name).uniformOfOne([1, height, width], in: -1..<1)
          .mapped(rows: rows, columns: columns) * amount
      }
      return turned.sampled(
        rows: places.rows + field("down"), columns: places.columns + field("right"),
        beyond: .mirrorEdges
      ).select(0, 0)
    }
  }

  /// Pixelate: the picture is reduced to a share of its size, and its pixels become blocks.
  func pixelate() -> Corrupting {
    let share = strength(
      photographs: [0.6, 0.5, 0.4, 0.3, 0.25], small: [0.95, 0.9, 0.85, 0.75, 0.65])
    func mosaic(_ size: Int) -> AxisMap {
      .mosaic(size, count: max(1, Int(Double(size) * share)))
    }
    let (rows, columns) = (mosaic(height), mosaic(width))
    return { x, _ in x.mapped(rows: rows, columns: columns) }
  }

  /// JPEG compression of a quality from 1 to 100, with colours at half the resolution.
  func jpeg() -> Corrupting {
    let quality = strength(photographs: [25, 18, 15, 10, 7], small: [80, 65, 58, 50, 40])
    let compression = JPEGCompression(quality: quality)
    return { x, _ in compression.compressed(x.reshaped([1] + x.shape)).select(0, 0) }
  }
}
