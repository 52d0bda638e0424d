import Support

/// The first half of a row: `codes`.
///
/// The encoder of a variational autoencoder ends with a row of 2·L numbers: the L means of the codes,
/// and the logarithms of their L variances. This layer passes the means on, so that the layers after
/// it get one number for each code. Source: D. Kingma and M. Welling, "Auto-Encoding Variational
/// Bayes" (2014).
public struct Codes: IncreasingLayer, LinearMap {
  public static let keyword = "codes"
  public let text = keyword

  public init() {}
  public init(_ words: inout LayerWords) {}

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requireRow(input)
    guard input[0] % 2 == 0 else {
      throw Failure.badData(
        "'codes' needs a row of means and as many variances, found an odd number, \(input[0])")
    }
    return [input[0] / 2]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    x.narrow(1, 0, x.shape[1] / 2)
  }
}
