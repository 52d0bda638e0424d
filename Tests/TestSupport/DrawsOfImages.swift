import ModelCore
import Support

extension ExampleDraws {
  /// The random numbers of images `[N, …]` that are the examples 0 to N − 1.
  public static func of(_ images: Tensor, _ seed: UInt64) -> ExampleDraws {
    ExampleDraws(Seed(seed), examples: Array(0..<images.shape[0]), device: images.device)
  }
}
