import Support
import Testing

@testable import HumanStudy

@Suite("Power")
struct StudyPowerTests {
  @Test(
    "the exact power equals the sum over all tables of SciPy's Fisher tests",
    arguments: powerReference)
  func reference(_ reference: (first: Double, second: Double, answers: Int, power: Double)) {
    let power = StudyPower(
      first: reference.first, second: reference.second, picturesEach: reference.answers)
    #expect(abs(power.fisher(participants: 1) - reference.power) < 1e-9)
  }

  @Test("the power grows with the number of participants")
  func growth() {
    let power = StudyPower(first: 0.02, second: 0.16, picturesEach: 10)
    let values = [2, 4, 8, 16].map(power.fisher)
    #expect(values == values.sorted() && values[0] < 0.2 && values[3] > 0.95)
  }

  @Test("the number of participants reaches the power, and one fewer does not")
  func participants() throws {
    let power = StudyPower(first: 0.02, second: 0.16, picturesEach: 10)
    let enough = try #require(power.participants(for: 0.8))
    #expect(
      power.fisher(participants: enough) >= 0.8 && power.fisher(participants: enough - 1) < 0.8)
    #expect(StudyPower(first: 0.3, second: 0.3, picturesEach: 10).participants(for: 0.8) == nil)
  }

  @Test(
    "for a share of a half the intercept is 0, and for a small share it falls with the deviation",
    arguments: [0.0, 0.5, 2.0])
  func intercept(_ deviation: Double) {
    #expect(abs(StudyPower.intercept(share: 0.5, deviation: deviation)) < 1e-9)
    let low = StudyPower.intercept(share: 0.1, deviation: deviation)
    // With more variation the mean moves towards a half, so a small share needs a lower intercept.
    #expect(low <= StudyPower.intercept(share: 0.1, deviation: 0) + 1e-9)
  }

  @Test("simulated studies find a large difference, and seldom one where there is none")
  func simulated() {
    func power(_ first: Double, _ second: Double) -> Double {
      StudyPower(first: first, second: second, picturesEach: 10).simulated(
        participants: 8, participantDeviation: 0.5, imageDeviation: 0.5, images: 25, studies: 10,
        seed: Seed(2)
      ).power
    }
    #expect(power(0.05, 0.5) >= 0.9)
    #expect(power(0.2, 0.2) <= 0.3)
  }
}
