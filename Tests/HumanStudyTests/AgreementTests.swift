import HumanStudy
import Testing

@Suite("Agreement")
struct AgreementTests {
  @Test(
    "Fleiss' kappa and Krippendorff's alpha equal those of statsmodels and krippendorff",
    arguments: agreementReference)
  func references(_ reference: (counts: [[Int]], kappa: Double?, alpha: Double)) throws {
    if let kappa = reference.kappa {
      #expect(abs(try #require(fleissKappa(reference.counts)) - kappa) < 1e-9)
    }
    #expect(abs(try #require(krippendorffAlpha(reference.counts)) - reference.alpha) < 1e-9)
  }

  @Test(
    "error consistency equals statsmodels' Cohen's kappa of right and wrong answers",
    arguments: errorConsistencyReference)
  func cohen(_ reference: (counts: [Int], kappa: Double)) throws {
    let pairs = zip([(true, true), (true, false), (false, true), (false, false)], reference.counts)
      .flatMap { pair, count in [(Bool, Bool)](repeating: pair, count: count) }
    let kappa = try #require(errorConsistency(pairs.map(\.0), pairs.map(\.1)))
    #expect(abs(kappa - reference.kappa) < 1e-12)
  }

  @Test(
    "full agreement is 1, answers of one category have no value, and single answers do not count"
  )
  func extremes() {
    #expect(fleissKappa([[4, 0], [0, 4]]) == 1 && krippendorffAlpha([[4, 0], [0, 2]]) == 1)
    #expect(
      fleissKappa([[4, 0], [4, 0]]) == nil && krippendorffAlpha([[4, 0], [4, 0]]) == nil)
    #expect(fleissKappa([]) == nil && krippendorffAlpha([[1, 0], [0, 1]]) == nil)
    #expect(
      krippendorffAlpha([[3, 1], [1, 2], [0, 1]]) == krippendorffAlpha([[3, 1], [1, 2]]))
    #expect(
      errorConsistency([true, true], [true, true]) == nil && errorConsistency([], []) == nil)
    #expect(errorConsistency([true, false], [true, false]) == 1)
  }

  @Test("agreement does not depend on the order of categories or pictures")
  func order() throws {
    for (counts, kappa, _) in agreementReference {
      let turned = counts.reversed().map { Array($0.reversed()) }
      #expect(abs(try #require(krippendorffAlpha(turned)) - krippendorffAlpha(counts)!) < 1e-12)
      if kappa != nil {
        #expect(abs(try #require(fleissKappa(turned)) - fleissKappa(counts)!) < 1e-12)
      }
    }
  }
}
