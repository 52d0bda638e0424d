/// The means of the H x W parts into which the pixels of a picture divide as equally as possible:
/// `adaptiveavgpool HxW`, or `adaptiveavgpool H` for a square. Parts overlap where the sizes do not
/// divide, and a picture that is smaller than H x W has its pixels repeated.
public struct AdaptiveAveragePooling: IncreasingLayer, LinearMap {
  public static let keyword = "adaptiveavgpool"
  public let size: Pair

  public init(_ words: inout LayerWords) throws { size = try words.pair("the size of the output") }
  public var text: String { "adaptiveavgpool \(size)" }

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requirePicture(input)
    return [input[0], size.height, size.width]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    guard Pair(x.shape[2], x.shape[3]) != size else { return x }
    return x.averagePooled(toHeight: size.height, width: size.width)
  }
}
