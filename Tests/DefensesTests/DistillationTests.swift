import Defenses
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Distillation")
struct DistillationTests {
  @Test(
    "the student's loss is the cross-entropy of both softmax(z / T), without a factor T²",
    arguments: [1, 50])
  func softLabels(_ temperature: Double) {
    let (student, teacher) = (TinyTraining.network(), TinyTraining.network(seed: 77))
    let step = TinyTraining.step(student, pass: .evaluation)
    let found = SoftLabels(of: teacher, temperature: temperature).terms(step).total.scalar
    let soft = (teacher.logits(step.images) / temperature).softmax().detached
    let logarithms = (student.logits(step.images) / temperature).logSoftmax().detached
    let expected = -(soft * logarithms).sum([1]).mean().scalar
    #expect(abs(found - expected) < 1e-6 * expected)
  }

  @Test("the teacher computes in evaluation behaviour and does not change")
  func teacherStays() {
    let teacher = TinyTraining.network(seed: 77)
    let before = teacher.fingerprint
    let network = TinyTraining.network()
    let loss = SoftLabels(of: teacher, temperature: 50).terms(TinyTraining.step(network)).total
    for slope in loss.gradients(of: teacher.learned) { #expect(slope.absolute.max().scalar == 0) }
    #expect(teacher.fingerprint == before)
  }

  @Test("one teacher is trained, at the student's temperature")
  func teacherIsMade() throws {
    final class Record: @unchecked Sendable { var asked: [String] = [] }
    let record = Record()
    let preparation = Preparation(TinyTraining.network(), data: TinyTraining.data) {
      role, defense in
      record.asked.append("\(role): \(defense.text)")
      return TinyTraining.network(seed: 78)
    }
    _ = try Distillation(temperature: 20).objective(preparation)
    #expect(record.asked == ["teacher: distillation-teacher(temperature=20.0)"])
  }

  @Test("the teacher's loss is the cross-entropy of the true labels at its temperature")
  func teacher() {
    let step = TinyTraining.step(TinyTraining.network(), pass: .evaluation)
    let found = DistillationTeacher(temperature: 50).terms(step).total.scalar
    #expect(found == (step.logits / 50).crossEntropy(step.labels).mean().scalar)
  }

  @Test(
    "a teacher from a file is used, its weights are a dependency, and it must fit"
  )
  func fromFile() throws {
    let folder = TemporaryFolder()
    let teacher = TinyTraining.network(seed: 77)
    try ModelFile.write(teacher, training: nil, to: folder.appending("t.safetensors"))
    let entries = [
      Settings.Entry(name: "teacher", value: .scalar("t.safetensors"), place: "run.yaml:1")
    ]
    let defense = try Distillation(Settings(entries, place: "run.yaml", folder: folder.url))
    #expect(defense.dependencies == ["teacher": teacher.fingerprint])
    let student = TinyTraining.network()
    let objective = try defense.objective(
      Preparation(student, data: TinyTraining.data) { _, _ in
        throw Failure.usage("no teacher is trained")
      })
    let step = TinyTraining.step(student, pass: .evaluation)
    let expected = SoftLabels(of: teacher, temperature: 50).terms(step).total.scalar
    #expect(abs(objective.terms(step).total.scalar - expected) < 1e-6)

    let other = try Architecture.named("mlp").network(
      input: InputShape(channels: 1, height: 28, width: 28),
      classNames: student.description.classNames, seed: Seed(1))
    let failure = #expect(throws: Failure.self) {
      try defense.objective(TinyTraining.preparation(other))
    }
    #expect(failure?.message.contains("found 1x14x14") == true)
  }

  @Test("at T = 1 the gradient of a student that is certain is exactly zero")
  func maskedGradient() {
    let network = TinyTraining.network()
    let sure = network.state().map { name, tensor in
      (name, name == "5.weight" ? tensor * 1e5 : tensor)
    }
    let model = try! Network(network.description, tensors: Dictionary(uniqueKeysWithValues: sure))
    let images = TinyTraining.data.batch(0..<20).images
    let labels = model.predictions(images)
    let gradient = model.inputGradient(at: images) { $0.crossEntropy(labels).sum() }
    #expect(gradient.absolute.max().scalar == 0)
  }
}
