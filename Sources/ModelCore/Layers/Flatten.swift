/// All numbers of a picture as one row `[C·H·W]`, in row-major order: `flatten`. A row stays as it
/// is.
public struct Flatten: IncreasingLayer, LinearMap {
  public static let keyword = "flatten"
  public let text = keyword

  public init() {}
  public init(_ words: inout LayerWords) {}

  public func outputShape(of input: [Int]) -> [Int] { [input.reduce(1, *)] }
  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    x.flattened
  }
}
