import ModelCore

/// A division of pictures into square tiles; those at the right and lower edges may be smaller.
struct Tiles {
  let side: Int
  let height, width: Int

  /// The number of tiles along each axis.
  var counts: [Int] { [height, width].map { ($0 + side - 1) / side } }

  /// Values of tiles `[M, C, ⌈H/side⌉, ⌈W/side⌉]` → pictures `[M, C, H, W]`.
  func enlarged(_ values: Tensor) -> Tensor {
    func tiles(_ size: Int) -> Tensor {
      Tensor(labels: (0..<size).map { $0 / side }).to(values.device)
    }
    return values.indexSelect(2, tiles(height)).indexSelect(3, tiles(width))
  }
}
