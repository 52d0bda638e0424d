import Evaluation
import Foundation
import HumanStudy
import Support
import TestSupport
import Testing

@Suite("The files of a study")
struct StudyFolderTests {
  static let study = Study(
    title: "Which digit?", classNames: (0..<10).map(String.init), consent: "I agree.",
    instructions: "Look.", questions: ["Most plausible?", "Second?"], noneText: "None of them",
    secondsPerAnswer: nil, participants: 2, slots: 3, width: 28, height: 28,
    stimuli: ["s1", "s2"], practiceLabels: ["s1": 3],
    sheets: [.init(name: "a", caption: "rows and columns", width: 280, height: 280)])

  static let answers = [
    Answer(
      participant: "p1", position: 1, phase: .practice, stimulus: "s1", question: 1,
      choice: .label(3), milliseconds: 812.5, serverMilliseconds: 900,
      time: "2026-01-01T00:00:00Z"),
    Answer(
      participant: "p1", position: 2, phase: .main, stimulus: "s2", question: 1, choice: Choice.none
    ),
    Answer(
      participant: "p,\"2\"\n", session: 2, position: 2, phase: .main, stimulus: "s2", question: 2,
      choice: nil, ending: .timeout),
  ]

  @Test("reading a file gives back what was written")
  func roundTrip() throws {
    let temporary = TemporaryFolder()
    let folder = StudyFolder(temporary.url)
    try folder.write(Self.study)
    #expect(try folder.readStudy() == Self.study)
    let trials = [
      Trial(slot: 1, position: 1, phase: .practice, stimulus: "s1"),
      Trial(slot: 1, position: 2, phase: .main, stimulus: "s2"),
      Trial(slot: 2, position: 1, phase: .check, stimulus: "s1"),
    ]
    try folder.write(trials)
    #expect(try folder.readTrials() == trials)
    let key = [
      Stimulus(name: "s1", sha256: "00", kind: .practice, data: "mnist:test", index: 7, label: 3),
      Stimulus(
        name: "s2", sha256: "01", kind: .adversarial, data: "mnist:test", index: 0, label: 3,
        target: 4, source: "a", attack: "jsma", epsilon: 0.25, predicted: 4, confidence: 0.5),
    ]
    try folder.write(key)
    #expect(try folder.readKey() == key)
    try folder.write(Self.answers)
    #expect(try folder.readAnswers() == Self.answers)
    let people = [
      ParticipantRecord(
        participant: "p1", slot: 1, status: .finished, isPilot: true, consented: "t",
        consentDigest: "0a", finished: "u", identifiers: [.prolific: "a", .session: "b"]),
      ParticipantRecord(participant: "p2", slot: 2, status: .withdrawn),
    ]
    try folder.write(people)
    #expect(try folder.readParticipants() == people)
  }

  @Test("the participants and the study of earlier versions are read")
  func earlier() throws {
    let temporary = TemporaryFolder()
    let folder = StudyFolder(temporary.url)
    let table = """
      participant,slot,status,consented,finished,external
      p1,2,finished,t,u,PROLIFIC_PID=a STUDY_ID=b

      """
    try Data(table.utf8).write(to: folder.participants)
    #expect(
      try folder.readParticipants() == [
        ParticipantRecord(
          participant: "p1", slot: 2, status: .finished, consented: "t", finished: "u",
          identifiers: [.prolific: "a", .study: "b"])
      ])
    let old = """
      {"format": 1, "title": "Old", "classNames": ["0", "1"], "consent": "c", "instructions": "i",
      "questions": ["?"], "noneText": "none", "participants": 1, "slots": 1, "width": 8,
      "height": 8, "stimuli": ["s1"], "practiceLabels": {}, "sheets": []}
      """
    try Data(old.utf8).write(to: folder.study)
    let study = try folder.readStudy()
    #expect(study.exclusion == nil && !study.canUndo && study.language == nil)
    #expect(StudyTexts(study)["page.start"] == "Start")
  }

  @Test(
    "a file with a wrong row is refused with the number of the line",
    arguments: [
      ("p1,1,1,main,s1,1,3,response,,,", nil as String?),
      ("p1,1,1,main,s1,1,3,response,,", "answers.csv:2: expected 11 fields, found 10"),
      (
        "p1,1,0,main,s1,1,3,response,,,",
        "answers.csv:2: position: expected a whole number from 1 to 1000000, found '0'"
      ),
      (
        "p1,1,1,middle,s1,1,3,response,,,",
        "answers.csv:2: phase: expected one of practice, main, check, found 'middle'"
      ),
      (
        "p1,1,1,main,../x,1,3,response,,,",
        "answers.csv:2: stimulus: expected a picture's name, found '../x'"
      ),
      (
        "p1,1,1,main,s1,1,03,response,,,",
        "answers.csv:2: choice: expected a class's number or na, found '03'"
      ),
      (
        "p1,1,1,main,s1,1,,response,,,",
        "answers.csv:2: choice: expected a class's number or na, found ''"
      ),
      (
        "p1,1,1,main,s1,1,3,response,nan,,",
        "answers.csv:2: rt_ms: expected a number of at least 0, found 'nan'"
      ),
      ("\"p1,1,1,main,s1,1,3,response,,,", "answers.csv:2: a quoted field is not closed"),
      (
        "\"p1\"x,1,1,main,s1,1,3,response,,,",
        "answers.csv:2: expected a comma or the end of the line after a quoted field"
      ),
      (
        "p1,1,1,main,s1,1,3,response,,,\np1,1,1,main,s1,1,4,response,,,",
        "answers.csv:3: p1 has already answered question 1 of trial 1"
      ),
    ])
  func wrong(_ lines: String, _ message: String?) throws {
    let temporary = TemporaryFolder()
    let folder = StudyFolder(temporary.url)
    let header =
      "participant,session,position,phase,stimulus,question,choice,ended_on,rt_ms,server_ms,time"
    try (header + "\n" + lines + "\n").write(to: folder.answers, atomically: true, encoding: .utf8)
    do {
      _ = try folder.readAnswers()
      #expect(message == nil)
    } catch let failure as Failure {
      #expect(failure.kind == .badData && failure.message == message)
    }
  }

  @Test(
    "a list is refused if a position is missing or occurs twice, or if practice does not come first"
  )
  func wrongTrials() throws {
    let temporary = TemporaryFolder()
    let folder = StudyFolder(temporary.url)
    let good = Trial(slot: 1, position: 1, phase: .main, stimulus: "s1")
    for second in [
      Trial(slot: 1, position: 3, phase: .main, stimulus: "s1"),
      Trial(slot: 1, position: 1, phase: .main, stimulus: "s1"),
      Trial(slot: 2, position: 2, phase: .main, stimulus: "s1"),
      Trial(slot: 1, position: 2, phase: .practice, stimulus: "s1"),
    ] {
      try folder.write([good, second])
      #expect(throws: Failure.self) { try folder.readTrials() }
    }
  }

  @Test(
    "a byte order mark, other line ends, additional columns and another order of columns are read")
  func spreadsheets() throws {
    let temporary = TemporaryFolder()
    let folder = StudyFolder(temporary.url)
    let text =
      "\u{FEFF}stimulus,phase,note,participant,position\r\ns1,main,\"a, b\r\nc\",1,1\r\n\r\n"
      + "s2,main,,1,2\r\n"
    try Data(text.utf8).write(to: folder.trials)
    #expect(
      try folder.readTrials() == [
        Trial(slot: 1, position: 1, phase: .main, stimulus: "s1"),
        Trial(slot: 1, position: 2, phase: .main, stimulus: "s2"),
      ])
  }

  @Test("a study whose values do not fit together is refused")
  func contradictions() throws {
    let temporary = TemporaryFolder()
    let folder = StudyFolder(temporary.url)
    let changes: [(inout Study) -> Void] = [
      { $0.format = 2 }, { $0.stimuli = ["../../etc/passwd", "s1"] },
      { $0.practiceLabels = ["s1": 10] },
      { $0.questions = [] }, { $0.stimuli = ["s1", "s1"] }, { $0.sheets[0].name = "a/b" },
    ]
    for change in changes {
      var study = Self.study
      change(&study)
      try folder.write(study)
      #expect(throws: Failure.self) { try folder.readStudy() }
    }
    let missing = #expect(throws: Failure.self) {
      try StudyFolder(temporary.appending("none")).readStudy()
    }
    #expect(missing?.kind == .missing)
  }
}
