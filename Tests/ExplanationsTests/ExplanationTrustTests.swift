import ModelCore
import Support
import TestSupport
import Testing

@testable import Explanations

@Suite("How far explanations can be trusted")
struct ExplanationTrustTests {
  @Test("equal values share the mean of their ranks")
  func ranks() {
    #expect(Ranks.of([3, 1, 3, 2]) == [3.5, 1, 3.5, 2])
    #expect(Ranks.of([5, 5, 5]) == [2, 2, 2])
  }

  @Test("Spearman's correlation is 1 for the same order, −1 for the reverse, and SciPy's between")
  func correlation() throws {
    let a: [Float] = [1, 2, 3, 4, 5]
    func spearman(_ b: [Float]) -> Double? { Ranks.correlation(Ranks.of(a), Ranks.of(b)) }
    #expect(spearman([10, 20, 30, 40, 90]) == 1)
    #expect(spearman([5, 4, 3, 2, 1]) == -1)
    // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]).statistic
    #expect(abs(try #require(spearman([5, 6, 7, 8, 7])) - 0.8207826816681233) < 1e-12)
    #expect(spearman([1, 1, 1, 1, 1]) == nil)
  }

  @Test("places to which neither explanation gives anything are no agreement")
  func zeros() throws {
    let (a, b): ([Float], [Float]) = ([0, 0, 0, 0, 1, 2, 3], [0, 0, 0, 0, 3, 2, 1])
    #expect(Ranks.agreement(a, b) == -1)
    #expect(try #require(Ranks.correlation(Ranks.of(a), Ranks.of(b))) > 0.5)
    #expect(Ranks.agreement([0, 1, 2], [0, 5, 6]) == 1)
    #expect(Ranks.agreement([0, 0], [0, 0]) == nil)
  }

  @Test("a gradient that several methods share counts as the time of each")
  func sharedTime() throws {
    let reference = try FrozenReference()
    let question = batch(
      try reference.tensor("picture.inputs"), of: try reference.pictureNetwork())
    _ = InputGradient().explain(question)
    #expect(question.sharedSeconds == 0)
    _ = GradientTimesInput().explain(question)
    #expect(question.sharedSeconds > 0)
  }

  @Test("the usual baseline is zero for pictures and texts, and the mean for tables")
  func usualBaseline() {
    let rows = RandomSource(Seed(1)).uniform([9, 4]) + 1
    let table = Background(rows: rows)
    func start(_ background: Background) -> Tensor {
      Baseline.automatic.inputs(like: rows, in: 0...2, background)
    }
    #expect(distance(start(table), rows * 0 + rows.mean([0])) < 1e-6)
    #expect(start(Background()).absolute.max().scalar == 0)
    #expect(start(Background(rows: rows * 0)).absolute.max().scalar == 0)
  }

  @Test("noise for stability changes every feature a little, but adds no word to a text")
  func noise() {
    let rows =
      RandomSource(Seed(1)).uniform([20, 40])
      * Tensor([0, 0.5] as [Float], shape: [2])
      .indexSelect(0, RandomSource(Seed(2)).uniform([800]).isGreater(than: 0.95).to(.int64))
      .reshaped([20, 40])
    let trust = ExplanationTrust([], randomized: nil)
    let model = LinearModel(InputShape(features: 40))
    let texts = Background(rows: rows)
    #expect(texts.isSparse)
    let noisy = trust.noisyInputs(of: batch(rows, of: model, background: texts))
    #expect(noisy.equals(0).and(rows.equals(0)).equals(rows.equals(0)).all().isTrue)
    #expect(distance(noisy, rows) > 1e-4)
    let table = trust.noisyInputs(of: batch(rows + 0.1, of: model))
    #expect(table.equals(rows + 0.1).to(.float32).mean().scalar < 0.01)
    #expect(distance(table, rows + 0.1) < 0.2)
  }

  @Test("the overlap counts the largest values that two lists have in common")
  func overlap() {
    #expect(Ranks.largest([1, 9, 3, 9, 5], 3) == [1, 3, 4])
    #expect(Ranks.largest([1, 2], 5) == [1, 0])
    #expect(Ranks.overlap([5, 4, 3, 2, 1], [5, 1, 4, 2, 3], top: 2) == 0.5)
    #expect(Ranks.overlap([5, 4, 3], [5, 4, 3], top: 2) == 1)
  }

  @Test("a bin of quartiles gives values within its ends, with its mean and deviation")
  func bins() {
    let values = (0..<1000).map { Double($0 * $0 % 997) }
    let bins = QuartileBins(values)
    #expect(bins.bounds.count == 3)
    #expect(bins.bin(bins.bounds[0]) == 0)
    #expect(bins.bin(bins.bounds[0] + 0.001) == 1)
    for bin in 0..<4 {
      #expect(abs(bins.shares[bin] - 0.25) < 0.01)
      let drawn = (0..<1000).map { bins.value(in: bin, at: (Double($0) + 0.5) / 1000) }
      #expect(drawn.allSatisfy { $0 >= bins.lows[bin] && $0 <= bins.highs[bin] })
      #expect(abs(drawn.reduce(0, +) / 1000 - bins.means[bin]) < 5)
    }
    // A feature with two values has fewer bins.
    #expect(QuartileBins([0, 0, 0, 1]).bounds == [0, 0.25])
  }

  @Test("random weights change the last layer alone, or all layers")
  func randomized() throws {
    let reference = try FrozenReference()
    let network = try reference.pictureNetwork()
    let random = try RandomizedModels(network, seed: Seed(8))
    let images = try reference.tensor("picture.inputs")
    let last = try #require(random.lastLayer as? Network)
    let all = try #require(random.allLayers as? Network)
    #expect(distance(last["0.weight"], network["0.weight"].detached) == 0)
    #expect(distance(last["5.weight"], network["5.weight"].detached) > 0.01)
    #expect(distance(all["0.weight"], network["0.weight"].detached) > 0.01)
    #expect(distance(last.logits(images), network.logits(images).detached) > 0.01)
  }

  @Test("the measures are those of the explanations that were added")
  func measures() throws {
    let reference = try FrozenReference()
    let network = try reference.pictureNetwork()
    let images = try reference.tensor("picture.inputs")
    let methods = try [
      NamedExplanation("gradient"), NamedExplanation("gradient-input"),
      NamedExplanation("integrated-gradients", settings(["steps": "10"])),
    ]
    var trust = ExplanationTrust(
      methods, randomized: try RandomizedModels(network, seed: Seed(8)))
    let question = batch(images, of: network)
    let explanations = methods.map { $0.method.explain(question) }
    let mask = images * 0 + images.isGreater(than: 0.5).to(.float32)
    trust.add(question, explanations, masks: mask)
    trust.add(seconds: 0.25, of: "gradient")
    func find(_ name: TrustName, _ method: String, _ other: String? = nil) throws -> TrustMeasure {
      try #require(
        trust.measures.first {
          $0.measure == name.rawValue && $0.method == method && $0.with == other
        })
    }
    #expect(try find(.seconds, "gradient").mean == 0.25)
    let gaps = try #require(explanations[2].gaps).floats()
    let mean = gaps.reduce(0) { $0 + Double($1) } / 5
    #expect(abs(try find(.completenessGap, "integrated-gradients").mean - mean) < 1e-7)
    let pair = try find(.rankCorrelation, "gradient", "gradient-input")
    #expect(pair.examples == 5 && pair.mean > -1 && pair.mean < 1)
    #expect(try find(.stability, "gradient").mean > 0.8)
    #expect(try find(.allLayersReset, "gradient").mean < 0.6)
    let inside = try find(.shareInMask, "gradient").mean
    let marks = mask.mean([1]).flattened
    let sizes = explanations[0].contributions.perPlace.absolute
    let expected = ((sizes * marks).sum([1]) / sizes.sum([1])).mean().scalar
    #expect(abs(inside - expected) < 1e-5)
    let curve = trust.curvePoints.filter { $0.method == "gradient" }
    let area = curve.dropFirst().reduce(0) { $0 + $1.deletion } / 20
    let whole = area + (curve[0].deletion - curve[20].deletion) / 40
    #expect(abs(try find(.deletionArea, "gradient").mean - whole) < 1e-9)
  }

  @Test("the magnitudes of a constant model's explanation have no rank correlation")
  func constant() throws {
    let methods = try [NamedExplanation("gradient")]
    let images = RandomSource(Seed(1)).uniform([2, 3, 8, 8])
    let model = ConstantModel(inputShape: InputShape(channels: 3, height: 8, width: 8))
    var trust = ExplanationTrust(methods, randomized: nil)
    let question = batch(images, of: model)
    trust.add(question, methods.map { $0.method.explain(question) })
    #expect(!trust.measures.contains { $0.measure == TrustName.stability.rawValue })
    #expect(!trust.measures.contains { $0.measure == TrustName.lastLayerReset.rawValue })
    #expect(trust.measures.contains { $0.measure == TrustName.deletionArea.rawValue })
  }
}
