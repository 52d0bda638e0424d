import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

@Suite("Views of the gradient through changed copies of the images")
struct TransferViewTests {
  private let threat = ThreatModel(.linf, epsilon: 0.1, valueRange: 0...1)
  private let images = RandomSource(Seed(1)).uniform([2, 3, 9, 7])
  private let weights = RandomSource(Seed(2)).normal([2, 3, 9, 7])
  private var draws: ExampleDraws { .of(images, 3) }

  /// The gradient of Σ wᵢ·xᵢ, which is the same everywhere.
  private var linear: GradientEstimate {
    GradientEstimate { [weights] x, _, view in
      withGradients {
        let variable = x.tracked
        return (view(variable) * weights).sum().gradient(of: variable).detached
      }
    }
  }

  /// The gradient of Σ xᵢ³.
  private let curved = GradientEstimate { x, _, view in
    withGradients {
      let variable = x.tracked
      return view(variable).power(3).sum().gradient(of: variable).detached
    }
  }

  private func difference(_ a: Tensor, _ b: Tensor) -> Double {
    (a - b).absolute.max().scalar
  }

  // MARK: Spectrum simulation

  @Test("the cosine transform keeps lengths, has an inverse, and puts a constant into one number")
  func cosines() {
    let transform = CosineTransform(height: 9, width: 7, on: .cpu)
    let spectra = transform.forward(images)
    #expect(difference(transform.inverse(spectra), images) < 1e-5)
    #expect(difference(Norm.l2.size(spectra), Norm.l2.size(images)) < 1e-4)
    let constant = transform.forward(Tensor.full(0.5, shape: [1, 1, 9, 7])).floats()
    #expect(abs(constant[0] - 0.5 * Float(63).squareRoot()) < 1e-5)
    #expect(constant.dropFirst().allSatisfy { abs($0) < 1e-5 })
  }

  @Test("without spread and noise, the spectrum changes nothing")
  func plainSpectrum() {
    let view = SpectrumSimulation(samples: 2, spread: 0, deviation: 0)
    let found = view.estimate(curved, within: threat)(images, draws)
    #expect(difference(found, curved(images, draws)) < 1e-5)
  }

  @Test("the spectrum of a linear gradient is scaled by factors within 1 ± ρ")
  func spectrumFactors() {
    let view = SpectrumSimulation(samples: 1)
    let found = view.estimate(linear, within: threat)(images, draws)
    let transform = CosineTransform(height: 9, width: 7, on: .cpu)
    let factors = (transform.forward(found) / transform.forward(weights)).floats()
    #expect(factors.allSatisfy { $0 > 0.49 && $0 < 1.51 })
    #expect(factors.min()! < 0.55 && factors.max()! > 1.45)
  }

  // MARK: Blocks

  @Test("random parts are not empty and follow each other", arguments: [1, 2, 3, 9])
  func parts(_ count: Int) {
    for length in [1, 2, 5, 40] {
      let parts = draws.purpose("\(length)").sharedParts(of: length, count)
      #expect(parts.count == min(count, length))
      #expect(parts.allSatisfy { !$0.isEmpty })
      #expect(parts.flatMap(Array.init) == Array(0..<length))
    }
  }

  @Test("a choice has every number once, and every order of three is as likely as the others")
  func choice() {
    var seen: [[Int]: Int] = [:]
    for trial in 0..<600 {
      let order = draws.purpose("trial \(trial)").sharedChoice(3, of: 3)
      #expect(order.sorted() == [0, 1, 2])
      seen[order, default: 0] += 1
    }
    // Of 600 trials, each of six orders has 100 ± 9.
    #expect(seen.count == 6 && seen.values.allSatisfy { abs($0 - 100) < 46 }, "\(seen)")
  }

  @Test("blocks that are shuffled without a rotation keep every pixel")
  func shuffled() {
    let view = BlockShuffle(copies: 1, blocks: 3, angle: 0)
    let found = view.shuffled(images, draws)
    #expect(found.shape == images.shape)
    #expect(found.floats().sorted() == images.floats().sorted())
    #expect(found.floats() != images.floats())
    #expect(
      BlockShuffle(copies: 1, blocks: 1, angle: 0).shuffled(images, draws).floats()
        == images.floats())
  }

  @Test("a rotation by 90° moves rows to columns, and a small one keeps the centre")
  func rotation() {
    let square = RandomSource(Seed(4)).uniform([2, 3, 8, 8])
    let turned = square.permuted([0, 1, 3, 2]).flipped([2])
    let found = square.rotated(by: .pi / 2)
    let other = square.permuted([0, 1, 3, 2]).flipped([3])
    #expect(min(difference(found, turned), difference(found, other)) < 1e-5)
    let flat = Tensor.full(0.5, shape: [1, 1, 9, 9]).rotated(by: 24 * .pi / 180)
    #expect(abs(flat.block(3..<6, 3..<6).min().scalar - 0.5) < 1e-6)
    #expect(flat.floats()[0] < 0.25)
    #expect(square.rotated(by: 0).floats() == square.floats())
  }

  @Test("changes of a block that only move pixels keep each of them, and twice they do nothing")
  func moves() {
    for change in [BlockChange.verticalFlip, .horizontalFlip, .halfTurn] {
      let once = change.apply(images, draws, in: 0...1)
      #expect(once.floats() != images.floats())
      #expect(change.apply(once, draws, in: 0...1).floats() == images.floats())
    }
    for change in [BlockChange.verticalShift, .horizontalShift] {
      let found = change.apply(images, draws, in: 0...1)
      #expect(found.floats().sorted() == images.floats().sorted())
    }
  }

  @Test(
    "a change of a block keeps its shape, also for single pixels", arguments: BlockChange.allCases)
  func shapes(_ change: BlockChange) {
    for (height, width) in [(9, 7), (1, 1), (1, 4)] {
      let block = images.block(0..<height, 0..<width)
      let found = change.apply(block, draws, in: 0...1)
      #expect(found.shape == block.shape && found.isFinite.all().isTrue)
    }
  }

  @Test("the blur keeps a constant and removes the highest frequency")
  func blur() {
    let constant = Tensor.full(0.5, shape: [2, 1, 10, 10])
    #expect(difference(BlockChange.blur.apply(constant, draws, in: 0...1), constant) < 1e-5)
    let stripes = Tensor((0..<100).map { Float($0 % 2 == 0 ? 1 : -1) }, shape: [1, 1, 10, 10])
    let left = BlockChange.blur.apply(stripes, draws, in: -1...1)
    #expect(Norm.l2.size(left).scalar < 0.5 * Norm.l2.size(stripes).scalar)
  }

  // MARK: Penalised gradient norm

  @Test("the gradient norm is penalised by the gradient of each neighbour and the one downhill")
  func penalized() {
    let found = PenalizedGradientNorm(samples: 2, balance: 0.25, reach: 2)
      .estimate(curved, within: threat)(images, draws)
    let parts = (0..<2).map { sample in
      let noise = draws.purpose("neighbour \(sample)").uniform([3, 9, 7], in: -1..<1)
      let near = images + noise * 0.2
      let first = near.square * 3
      let scale = first.flattened.absolute.mean([1]).reshaped([2, 1, 1, 1])
      let downhill = near - first / scale * 0.01
      return first * 0.75 + downhill.square * 3 * 0.25
    }
    #expect(difference(found, (parts[0] + parts[1]) / 2) < 1e-5)
  }

  @Test("a linear loss has the same gradient downhill, so nothing is penalised")
  func penalizedLinear() {
    let found = PenalizedGradientNorm().estimate(linear, within: threat)(images, draws)
    #expect(difference(found, weights) < 1e-5)
  }
}
