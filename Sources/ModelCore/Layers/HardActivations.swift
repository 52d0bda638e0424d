/// min(max(0, x), 6): `relu6`. Sandler et al., 2018.
public struct Relu6: Activation {
  public static let keyword = "relu6"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.relu6 }
  public func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    inputs.activated { $0.relu6 }
  }
}

/// min(max(0, x + 3), 6) / 6, a sigmoid of three straight lines: `hardsigmoid`. Howard et al., 2019.
public struct HardSigmoid: Activation {
  public static let keyword = "hardsigmoid"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.hardSigmoid }
}

/// x·hardsigmoid(x): `hardswish`. Howard et al., 2019.
public struct HardSwish: Activation {
  public static let keyword = "hardswish"
  /// Between −3 and 3 the function is x·(x + 3) / 6, which is smallest at −3/2. Below −3 it is 0.
  static let valley = -1.5
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.hardSwish }
}
