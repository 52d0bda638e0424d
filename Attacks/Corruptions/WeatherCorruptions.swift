import ModelCore

/// Corruptions by weather and light.
extension CorruptionRecipe {
  /// Snow: bright flakes, drawn out in a random direction downwards, over a picture that becomes
  /// whiter.
  ///
  /// Flakes are normal random numbers, enlarged about the centre, of which those below a threshold
  /// are taken away. The layer of flakes is added twice, the second time turned by 180 degrees.
  func snow() -> Corrupting {
    typealias Flakes = (
      mean: Double, deviation: Double, zoom: Double, threshold: Double, radius: Int, trace: Double,
      kept: Double
    )
    let flakes = strength(
      photographs: [
        (0.1, 0.3, 3, 0.5, 10, 4, 0.8), (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4, 0.9, 12, 8, 0.7), (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
      ] as [Flakes],
      small: [
        (0.1, 0.2, 1, 0.6, 8, 3, 0.95), (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9), (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
      ])
    let streak = Streak(radius: flakes.radius, deviation: flakes.trace)
    let rows = AxisMap.zoom(height, by: flakes.zoom)
    let columns = AxisMap.zoom(width, by: flakes.zoom)
    return { x, draws in
      // layer [1, H, W]
      let numbers = draws.purpose("flakes").normalOfOne([1, x.shape[1], x.shape[2]])
      let grown = (numbers * flakes.deviation + flakes.mean).mapped(rows: rows, columns: columns)
      let kept = grown.isAtLeast(flakes.threshold).to(.float32)
      let layer = streak.applied(
        to: (grown * kept).clamped(to: 0...1),
        angle: draws.purpose("angle").uniformOfOne(in: -135..<(-45)))
      let white = x.maximum(Self.grey(x) * 1.5 + 0.5)
      return x * flakes.kept + white * (1 - flakes.kept) + layer + layer.flipped([1, 2])
    }
  }

  /// The brightness of a picture, `[C, H, W]` → `[1, H, W]`: of red, green and blue with the
  /// weights of television (BT.601), and of other channels their mean.
  private static func grey(_ x: Tensor) -> Tensor {
    guard x.shape[0] == 3 else { return x.mean([0], keep: true) }
    return (x * Tensor([0.299, 0.587, 0.114] as [Float], shape: [3, 1, 1])).sum([0], keep: true)
  }

  /// Frost: a picture that is darkened and covered with ice, a·x + b·ice.
  ///
  /// The published corruption takes parts of six photographs of ice. Here the ice is computed
  /// (`FrostTexture`), so the results are not those of ImageNet-C, and accuracies must not be
  /// compared with published ones.
  func frost() -> Corrupting {
    let (kept, ice) = strength(
      photographs: [(1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)],
      small: [(1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)] as [(Double, Double)])
    return { x, draws in
      x * kept + FrostTexture.ice(channels: x.shape[0], height: height, width: width, draws) * ice
    }
  }

  /// Fog: a landscape of clouds is added, and the result is scaled so that the brightest pixel
  /// stays as bright as it was.
  func fog() -> Corrupting {
    let (amount, decay) = strength(
      photographs: [(1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)],
      small: [(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)] as [(Double, Double)])
    return { x, draws in
      let brightest = x.max().scalar
      let clouds = PlasmaFractal.heights(height: height, width: width, decay: decay, draws)
      return (x + clouds * amount) * (brightest / (brightest + amount))
    }
  }

  /// Brightness: the value of every colour, which is its largest channel, rises by an amount; hue
  /// and saturation stay.
  func brightness() -> Corrupting {
    let amount = strength(
      photographs: [0.1, 0.2, 0.3, 0.4, 0.5], small: [0.05, 0.1, 0.15, 0.2, 0.3])
    return { x, _ in
      // value [1, H, W]. With hue and saturation, all channels are proportional to the value. Black
      // has no hue and becomes grey.
      let value = x.max([0], keep: true)
      let raised = (value + amount).minimum(1)
      let isBlack = value.isAtMost(0)
      return isBlack.choose(raised, else: x * (raised / value.maximum(1e-12)))
    }
  }
}
