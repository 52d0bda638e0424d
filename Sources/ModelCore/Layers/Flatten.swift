/// All numbers of an image as one vector, in row-major order: `flatten`.
public struct Flatten: Layer {
  public static let keyword = "flatten"
  public let text = keyword

  public init() {}
  public init(_ words: inout LayerWords) {}

  public func outputShape(of input: [Int]) -> [Int] { [input.reduce(1, *)] }
  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    x.flattened
  }
}
