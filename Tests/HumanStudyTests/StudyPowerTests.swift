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
}
