/// What lies beyond the edges of a picture.
public enum PictureBorder: Sendable {
  /// Zeros.
  case zeros
  /// The pixel at the edge, again and again: a b c d | d d d.
  case edge
  /// The picture mirrored at the edge between two pixels, each of which occurs twice: a b c d | d c
  /// b a. SciPy calls it "reflect".
  case mirrorEdges
  /// The picture mirrored at the centre of its last pixel, which occurs once: a b c d | c b a.
  /// OpenCV calls it "reflect 101".
  case mirrorCentres
}

/// Pictures sampled between their pixels.
extension Tensor {
  /// The values of pictures `[N, C, H, W]` at any places, by bilinear interpolation between pixel
  /// centres: `[N, C, h, w]`. Gradients go through it.
  ///
  /// - Parameters:
  ///   - rows: the place along the height, in pixels: 0 is the centre of the first row, and H − 1
  ///     that of the last one. Float `[N, h, w]`.
  ///   - columns: the place along the width, in the same way.
  public func sampled(rows: Tensor, columns: Tensor, beyond border: PictureBorder) -> Tensor {
    // grid [N, h, w, 2]: (x, y) in libtorch's units, in which the picture reaches from −1 to 1:
    // between the outer edges of its pixels, or, to be mirrored at centres, between outer centres.
    let isBetweenCentres = border == .mirrorCentres && shape[2] > 1 && shape[3] > 1
    func scaled(_ places: Tensor, _ size: Int) -> Tensor {
      isBetweenCentres
        ? places * (2 / Double(size - 1)) - 1
        : (places * 2 + 1) * (1 / Double(size)) - 1
    }
    let grid = Tensor.stack([scaled(columns, shape[3]), scaled(rows, shape[2])], along: 3)
    let padding = [PictureBorder.zeros: 0, .edge: 1][border] ?? 2
    let (bilinear, arguments) = (0, [Operator.Value.tensor(self), .tensor(grid)])
    do {
      return try Self.gridSampler(
        arguments + [.int(bilinear), .int(padding), .bool(isBetweenCentres)]
      ).tensor
    } catch { Engine.stop("\(error)") }
  }

  private static let gridSampler: Operator = {
    do { return try Operator("aten::grid_sampler") } catch { Engine.stop("\(error)") }
  }()
}
