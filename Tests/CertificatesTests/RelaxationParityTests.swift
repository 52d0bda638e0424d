import ModelCore
import Support
import Testing

/// Bounds beside those of another library, auto_LiRPA, on the same networks (`reference.py`).
@Suite("Bounds of logits beside auto_LiRPA")
struct RelaxationParityTests {
  private func ends(_ network: ReferenceNetwork, _ norm: String, _ method: String) throws -> (
    lower: [Float], upper: [Float]
  ) {
    (
      try network.tensor("\(norm).\(method).lower").floats(),
      try network.tensor("\(norm).\(method).upper").floats()
    )
  }

  /// Whether the other library's bounds are less tight: it takes the box around a ball before a
  /// convolution.
  private static func isTighter(_ reference: ReferenceNetwork, _ norm: String) -> Bool {
    norm == "l2" && reference.layers[0].hasPrefix("conv")
  }

  /// By how much our bounds are less tight than theirs; negative if they are tighter everywhere.
  private func looseness(
    _ lower: [Float], _ upper: [Float], _ theirs: (lower: [Float], upper: [Float])
  ) -> Float {
    (zip(lower, theirs.lower).map { $1 - $0 } + zip(upper, theirs.upper).map { $0 - $1 }).max()
      ?? .infinity
  }

  private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
    zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
  }

  @Test(
    "interval bounds agree to 10⁻⁴", arguments: ReferenceNetwork.all, ["linf", "l2"])
  func intervals(_ reference: ReferenceNetwork, _ norm: String) throws {
    let relaxation = try Relaxation(
      of: reference.network(), on: reference.set(norm), refining: false)
    let theirs = try ends(reference, norm, "ibp")
    let (lower, upper) = (
      relaxation.intervals.lower.floats(), relaxation.intervals.upper.floats()
    )
    #expect(looseness(lower, upper, theirs) < 1e-4)
    guard !Self.isTighter(reference, norm) else { return }
    #expect(largestDifference(lower, theirs.lower) < 1e-4)
    #expect(largestDifference(upper, theirs.upper) < 1e-4)
  }

  @Test(
    "CROWN-IBP and CROWN agree to 10⁻⁴ between straight lines, and nearly between tangents",
    arguments: ReferenceNetwork.all, ["linf", "l2"])
  func linear(_ reference: ReferenceNetwork, _ norm: String) throws {
    for (method, refines) in [("crown-ibp", false), ("crown", true)] {
      let bounds = try Relaxation(
        of: reference.network(), on: reference.set(norm), refining: refines
      ).logitBounds()
      let theirs = try ends(reference, norm, method)
      let (lower, upper) = (bounds.lower.floats(), bounds.upper.floats())
      // The other library takes tangents from a table of points that are 0.01 apart.
      let isSmooth = ["tanh", "sigmoid"].contains(reference.name)
      let tolerance: Float = isSmooth ? 0.02 : 1e-4
      #expect(looseness(lower, upper, theirs) < tolerance, "\(method)")
      guard !Self.isTighter(reference, norm) else { continue }
      #expect(largestDifference(lower, theirs.lower) < tolerance, "\(method)")
      #expect(largestDifference(upper, theirs.upper) < tolerance, "\(method)")
    }
  }
}
