import Support

/// A border of zeros around a picture: `pad L,R,T,B`, with L columns on the left, R on the right, T
/// rows above and B below, in PyTorch's order. A convolution after it can so be padded on one side
/// only.
public struct ZeroPadding: IncreasingLayer, LinearMap {
  public static let keyword = "pad"
  let sides: [Int]

  public init(_ words: inout LayerWords) throws {
    let numbers = try words.numbers("the columns and rows to add")
    sides = numbers.compactMap { (0...65_536).contains($0) ? Int(exactly: $0) : nil }
    guard numbers.count == 4, sides.count == 4 else {
      throw Failure.badData(
        "pad: expected four whole numbers from 0 to 65536 for left, right, top and bottom, such as "
          + "0,1,0,1")
    }
  }

  public var text: String { "pad " + sides.map(String.init).joined(separator: ",") }

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requirePicture(input)
    return [input[0], input[1] + sides[2] + sides[3], input[2] + sides[0] + sides[1]]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    x.padded(left: sides[0], right: sides[1], top: sides[2], bottom: sides[3])
  }
}
