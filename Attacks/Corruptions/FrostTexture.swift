import ModelCore

/// A computed texture of ice on a window: needles of crystals in three directions, on a haze of
/// clouds.
///
/// It stands for the photographs of ice of the published corruption, which are not part of this
/// program.
enum FrostTexture {
  /// Values from 0 to 1, `[channels, height, width]`; with three channels, slightly blue.
  static func ice(channels: Int, height: Int, width: Int, _ draws: ExampleDraws) -> Tensor {
    // haze, needles, ice [1, H, W]
    let haze = PlasmaFractal.heights(
      height: height, width: width, decay: 1.6, draws.purpose("haze"))
    let length = max(2, min(height, width) / 10)
    let streak = Streak(radius: length, deviation: Double(length) / 1.5)
    let first = draws.purpose("angle").uniformOfOne(in: 0..<60)
    var needles = haze * 0
    for direction in 0..<3 {
      // Crystals grow from random points, densely where the haze is thick, to both sides.
      let numbers = draws.purpose("needles \(direction)").uniformOfOne([1, height, width])
      let seeds = numbers.isLess(than: haze.square * 0.12).to(.float32)
      for side in [0.0, 180] {
        let angle = first + Double(direction) * 60 + side
        needles = needles.maximum(streak.applied(to: seeds, angle: angle))
      }
    }
    // A streak has the sum 1; its brightest needles shall be white.
    let bright = (needles / max(needles.max().scalar, 1e-6)).squareRoot
    let ice = (haze * 0.55 + bright * 0.6).minimum(1)
    guard channels == 3 else { return ice.expanded([channels, height, width]) }
    return ice * Tensor([0.88, 0.95, 1] as [Float], shape: [3, 1, 1])
  }
}
