import Support
import Testing

@testable import HumanStudy

@Suite("Power")
struct StudyPowerTests {
  @Test("the exact power agrees with a sum over SciPy's tests", arguments: powerReference)
  func reference(_ reference: (first: Double, second: Double, answers: Int, power: Double)) {
    let power = StudyPower(
      first: reference.first, second: reference.second, picturesEach: reference.answers)
    #expect(abs(power.fisher(participants: 1) - reference.power) < 1e-9)
  }

  @Test("power grows with participants")
  func growth() {
    let power = StudyPower(first: 0.02, second: 0.16, picturesEach: 10)
    let values = [2, 4, 8, 16].map(power.fisher)
    #expect(values == values.sorted() && values[0] < 0.2 && values[3] > 0.95)
  }

  @Test("enough participants are enough, one fewer may not be")
  func participants() throws {
    let power = StudyPower(first: 0.02, second: 0.16, picturesEach: 10)
    let enough = try #require(power.participants(for: 0.8))
    #expect(
      power.fisher(participants: enough) >= 0.8 && power.fisher(participants: enough - 1) < 0.8)
    #expect(StudyPower(first: 0.3, second: 0.3, picturesEach: 10).participants(for: 0.8) == nil)
  }

  @Test(
    "an intercept gives the share it is asked for, whatever the deviation",
    arguments: [0.0, 0.5, 2.0])
  func intercept(_ deviation: Double) {
    #expect(abs(StudyPower.intercept(share: 0.5, deviation: deviation)) < 1e-9)
    let low = StudyPower.intercept(share: 0.1, deviation: deviation)
    // A wider spread needs a lower middle for the same small share.
    #expect(low <= StudyPower.intercept(share: 0.1, deviation: 0) + 1e-9)
  }

  @Test("simulated studies find a large difference, and none where there is none")
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
