import Foundation
import ModelCore

/// The discrete cosine transform (type II, orthonormal) of pictures along both axes.
///
///     Z = C_H·X·C_Wᵀ and X = C_Hᵀ·Z·C_W, with C[k, n] = s_k·cos(π·(2n + 1)·k / 2N),
///     s_0 = √(1/N) and s_k = √(2/N) otherwise
///
/// The matrices are orthogonal, so the inverse is the transpose. Each picture is transformed alone:
/// a matrix product of several pictures may round differently from that of one.
struct CosineTransform {
  /// C_H `[H, H]` and C_W `[W, W]`.
  private let rows, columns: Tensor
  /// 1 in the lower half of the frequencies of both axes and 0 elsewhere, `[1, 1, H, W]`.
  let lowFrequencies: Tensor

  init(height: Int, width: Int, on device: Device) {
    rows = Self.matrix(height).to(device)
    columns = Self.matrix(width).to(device)
    let isLow = (0..<height).flatMap { row in
      (0..<width).map { Float(2 * row < height && 2 * $0 < width ? 1 : 0) }
    }
    lowFrequencies = Tensor(isLow, shape: [1, 1, height, width]).to(device)
  }

  private static func matrix(_ size: Int) -> Tensor {
    let values = (0..<size).flatMap { k -> [Float] in
      let scale = (Double(k == 0 ? 1 : 2) / Double(size)).squareRoot()
      return (0..<size).map { n -> Float in
        let angle = Double.pi * Double((2 * n + 1) * k) / Double(2 * size)
        return Float(scale * cos(angle))
      }
    }
    return Tensor(values, shape: [size, size])
  }

  /// Pictures `[N, C, H, W]` → coefficients in the same shape.
  func forward(_ pictures: Tensor) -> Tensor {
    each(pictures) { rows.matmul($0).matmul(columns.transposed) }
  }

  /// Coefficients `[N, C, H, W]` → pictures in the same shape.
  func inverse(_ coefficients: Tensor) -> Tensor {
    each(coefficients) { rows.transposed.matmul($0).matmul(columns) }
  }

  private func each(_ pictures: Tensor, _ body: (Tensor) -> Tensor) -> Tensor {
    Tensor.stack((0..<pictures.shape[0]).map { body(pictures.select(0, $0)) })
  }
}
