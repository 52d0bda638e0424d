import ModelCore

/// Corruptions by blur.
extension CorruptionRecipe {
  /// Defocus blur: each point becomes a disk of a radius, with a smoothed edge.
  func defocusBlur() -> Corrupting {
    let (radius, edge) = strength(
      photographs: [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)],
      small: [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)] as [(Double, Double)])
    let window = BlurWindow.disk(radius: radius, edge: edge)
    return { x, _ in window.applied(to: x) }
  }

  /// Frosted glass: pixels are smoothed, change places with neighbours, and are smoothed again.
  ///
  /// From the last pixel to the first, each one takes the colour that a random neighbour has by
  /// then. This is what the published code does: its exchange of two pixels copies one of them,
  /// because both are parts of the same array.
  func glassBlur() -> Corrupting {
    let (deviation, reach, rounds) = strength(
      photographs: [(0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)],
      small: [(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)]
        as [(Double, Int, Int)])
    let rows = AxisMap.gaussian(height, deviation: deviation, beyond: .edge)
    let columns = AxisMap.gaussian(width, deviation: deviation, beyond: .edge)
    return { x, draws in
      let (height, width) = (x.shape[1], x.shape[2])
      // places [H·W]: the pixel whose colour each pixel has
      var places = Array(0..<height * width)
      for round in 0..<rounds {
        let moves = draws.purpose("round \(round)")
          .integers(below: 2 * reach, [height * width, 2]).int64s().map { Int($0) - reach }
        // A neighbour is within the picture: its offset is from −reach to reach − 1.
        for row in stride(from: height - reach, to: reach, by: -1) {
          for column in stride(from: width - reach, to: reach, by: -1) {
            let place = row * width + column
            let (down, right) = (moves[2 * place], moves[2 * place + 1])
            places[place] = places[place + down * width + right]
          }
        }
      }
      let smooth = (x.mapped(rows: rows, columns: columns) * 255).floor / 255
      let shuffled = smooth.reshaped([x.shape[0], height * width])
        .indexSelect(1, Tensor(labels: places)).reshaped(x.shape)
      return shuffled.mapped(rows: rows, columns: columns)
    }
  }

  /// Motion blur: the camera moves at a random angle from −45 to 45 degrees.
  func motionBlur() -> Corrupting {
    let (radius, deviation) = strength(
      photographs: [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)],
      small: [(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)] as [(Int, Double)])
    let streak = Streak(radius: radius, deviation: deviation)
    return { x, draws in
      streak.applied(to: x, angle: draws.purpose("angle").uniformOfOne(in: -45..<45))
    }
  }

  /// Zoom blur: the camera moves towards the middle. The result is the mean of the picture and of
  /// its enlargements by factors from 1 on.
  func zoomBlur() -> Corrupting {
    // The published factors come from NumPy's `arange`. Twice, rounding lets it include the end,
    // and it adds up differences of rounded numbers. The size of an enlargement can depend on that.
    let (count, step) = strength(
      photographs: [(12, 0.01), (16, 0.01), (11, 0.02), (13, 0.02), (11, 0.03)],
      small: [(7, 0.01), (12, 0.01), (16, 0.01), (21, 0.01), (26, 0.01)] as [(Int, Double)])
    let zooms = (0..<count).map { place in
      let factor = 1 + Double(place) * ((1 + step) - 1)
      return (rows: AxisMap.zoom(height, by: factor), columns: AxisMap.zoom(width, by: factor))
    }
    return { x, _ in
      zooms.reduce(x) { $0 + x.mapped(rows: $1.rows, columns: $1.columns) } / Double(count + 1)
    }
  }
}
