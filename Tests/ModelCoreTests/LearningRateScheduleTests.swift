import ModelCore
import Support
import Testing

@Suite("Learning-rate schedules give a factor for each step")
struct LearningRateScheduleTests {
  private func factors(_ schedule: LearningRateSchedule, _ steps: [Int]) -> [Double] {
    steps.map { schedule.factor(step: $0, stepsPerEpoch: 10, epochs: 4) }
  }

  private func near(_ found: [Double], _ expected: [Double]) -> Bool {
    zip(found, expected).allSatisfy { abs($0 - $1) < 1e-12 }
  }

  @Test("the factors are right at the beginning, the middle and the end of a training")
  func ends() {
    #expect(factors(.constant, [0, 20, 39]) == [1, 1, 1])
    #expect(
      near(
        factors(.cosine, [0, 10, 20, 30, 40]),
        [1, (2 + 2.0.squareRoot()) / 4, 0.5, (2 - 2.0.squareRoot()) / 4, 0]))
    #expect(near(factors(.triangle(), [0, 10, 20, 30, 40]), [0, 0.5, 1, 0.5, 0]))
    #expect(near(factors(.triangle(peak: 0.25), [0, 5, 10, 25, 40]), [0, 0.5, 1, 0.5, 0]))
    #expect(near(factors(.step(epochs: 2, factor: 0.1), [0, 19, 20, 39]), [1, 1, 0.1, 0.1]))
    #expect(near(factors(.step(epochs: 1, factor: 0.5), [9, 10, 20, 30]), [1, 0.5, 0.25, 0.125]))
  }

  @Test("factors are between 0 and 1, and finite for a training without steps")
  func bounds() {
    for schedule in [
      LearningRateSchedule.constant, .cosine, .triangle(), .triangle(peak: 0.4),
      .step(epochs: 1, factor: 0.5),
    ] {
      #expect(factors(schedule, Array(0...40)).allSatisfy { (0...1).contains($0) })
      #expect(schedule.factor(step: 0, stepsPerEpoch: 0, epochs: 0).isFinite)
    }
  }

  @Test(
    "a schedule's description is read as the same schedule",
    arguments: ["constant", "cosine", "triangle", "triangle:0.4", "step:30:0.1"])
  func names(_ name: String) throws {
    #expect(try LearningRateSchedule(named: name).description == name)
  }

  @Test(
    "unknown names are refused with the known ones",
    arguments: [
      "", "cosin", "cosine:1", "triangle:0", "triangle:1", "triangle:x", "triangle:0.4:1", "step",
      "step:2", "step:0:0.5", "step:-1:0.5", "step:2:-1",
      "step:2:nan", "step:2:inf",
      "step:2:0.5:1", "step:x:0.5",
    ])
  func refused(_ name: String) {
    let expected = Failure.usage(
      "unknown learning-rate schedule '\(name)'",
      hint: "known: constant, cosine, triangle, triangle:PEAK with a PEAK between 0 and 1, "
        + "step:EPOCHS:FACTOR")
    #expect(throws: expected) { try LearningRateSchedule(named: name) }
  }
}
