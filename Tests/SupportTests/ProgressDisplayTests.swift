import Support
import Testing

@Suite("Progress, durations and errors in words")
struct ProgressDisplayTests {
  @Test(
    "a duration is rounded up to a whole second",
    arguments: [
      (0.0, "0 s"), (0.2, "1 s"), (1, "1 s"), (44.1, "45 s"), (59, "59 s"), (59.5, "1:00 min"),
      (60, "1:00 min"),
      (61, "1:01 min"), (200, "3:20 min"), (3599, "59:59 min"), (3599.1, "1:00 h"),
      (7500, "2:05 h"),
      (360_000, "100:00 h"),
    ])
  func time(_ seconds: Double, _ words: String) {
    #expect(ProgressDisplay.time(seconds) == words)
  }

  @Test(
    "an estimated duration has no more than minutes above a minute",
    arguments: [
      (0.2, "1 s"), (45, "45 s"), (59.5, "1 min"), (61, "2 min"), (2664, "45 min"),
      (3600, "1 h"), (7500, "2 h 5 min"),
    ])
  func roughTime(_ seconds: Double, _ words: String) {
    #expect(ProgressDisplay.roughTime(seconds) == words)
  }

  @Test("a Duration is converted to seconds")
  func seconds() {
    #expect(Duration.milliseconds(1500).seconds == 1.5)
    #expect(Duration.seconds(-2).seconds == -2)
  }

  @Test("an error is one line, or two lines with a hint")
  func failures() {
    #expect(Failure.usage("no such attack").description == "no such attack")
    #expect(
      Failure.usage("no such attack", hint: "try fgsm").description
        == "no such attack\n  hint: try fgsm")
  }

  @Test("exit statuses are those of sysexits.h")
  func statuses() {
    let made: [Failure] = [
      .usage(""), .badData(""), .missing(""), .cannotWrite(""), Failure(.failed, ""),
    ]
    #expect(made.map(\.kind.rawValue) == [64, 65, 66, 74, 1])
  }
}
