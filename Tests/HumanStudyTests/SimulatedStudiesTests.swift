import Support
import Testing

@testable import HumanStudy

@Suite("Simulated studies")
struct SimulatedStudiesTests {
  private func rates(
    _ first: Double, _ second: Double, _ spread: SimulatedStudies.Spread, studies: Int = 20
  ) -> [SimulatedStudies.Test: SimulatedStudies.Rate] {
    let simulation = SimulatedStudies(
      StudyPower(first: first, second: second, picturesEach: 8), participants: 8, images: 8,
      spread: spread, draws: 200)
    let rates = simulation.rates(studies: studies, seed: Seed(2))
    return Dictionary(uniqueKeysWithValues: rates.map { ($0.test, $0) })
  }

  @Test(
    "for a share of a half the intercept is 0, and for a small share it falls with the deviation",
    arguments: [0.0, 0.5, 2.0])
  func intercept(_ deviation: Double) {
    #expect(abs(SimulatedStudies.intercept(share: 0.5, deviation: deviation)) < 1e-9)
    let low = SimulatedStudies.intercept(share: 0.1, deviation: deviation)
    // With more variation the mean moves towards a half, so a small share needs a lower intercept.
    #expect(low <= SimulatedStudies.intercept(share: 0.1, deviation: 0) + 1e-9)
  }

  @Test("every test finds a large difference")
  func power() {
    let rates = rates(0.05, 0.6, .init(people: 0.5, effects: 0.2, images: 0.5, pictures: 0.2))
    #expect(rates.count == SimulatedStudies.Test.allCases.count)
    for rate in rates.values {
      #expect(rate.share >= 0.9, "\(rate.test)")
      #expect(rate.interval.contains(rate.share) && rate.studies == 20)
    }
  }

  @Test("if people and pictures differ, only a model with slopes seldom finds what is not there")
  func falsePositives() throws {
    let rates = rates(
      0.5, 0.5, .init(people: 0.5, effects: 2.5, images: 0.5, pictures: 1.5), studies: 40)
    let (mixed, intercepts) = (try #require(rates[.mixed]), try #require(rates[.intercepts]))
    #expect(mixed.share <= 0.2 && intercepts.share >= 0.3)
    #expect(try #require(rates[.bootstrap]).share <= 0.2)
  }

  @Test("the spread of one condition adds up the variances; half of the effects' is in each")
  func spread() {
    let spread = SimulatedStudies.Spread(people: 1, effects: 2, images: 2, pictures: 3)
    #expect(abs(spread.total - (1.0 + 2 + 4 + 9).squareRoot()) < 1e-12)
  }

  @Test("a study of one participant has no bootstrap, and counts as one without p")
  func onePerson() {
    let simulation = SimulatedStudies(
      StudyPower(first: 0.5, second: 0.5, picturesEach: 8), participants: 1, images: 8,
      spread: .init(people: 0, effects: 0, images: 0, pictures: 0), draws: 100)
    let rates = simulation.rates(studies: 3, seed: Seed(1))
    #expect(rates.first { $0.test == .bootstrap }?.withoutP == 3)
    #expect(rates.first { $0.test == .fisher }?.withoutP == 0)
  }
}
