import ModelCore
import Support

/// Defensive distillation: a teacher is trained with softmax(z / T), then a student, with the same
/// architecture and a start of its own, on the teacher's softmax(z / T), also at temperature T.
/// Evaluated at T = 1. Papernot et al., 2016.
///
/// The student's loss is −Σ_k t_k log softmax(z / T)_k without a factor T². At T = 1 its logits are
/// T times further apart than they were trained to be, so that in float32 probabilities round to 0
/// and 1 and the loss's gradient is exactly zero: attacks that follow it change nothing. That is a
/// masked gradient and no robustness; examples of other models and attacks on the logits show it.
public struct Distillation: Defense {
  public static let name = "distillation"
  public static let summary =
    "trained on a teacher's soft labels at a temperature (Papernot et al. 2016)"
  public let temperature: Double
  private let teacher: StoredNetwork?

  public init(temperature: Double = 50) {
    self.temperature = temperature
    teacher = nil
  }

  public init(_ settings: Settings) throws {
    temperature = try settings.double(
      "temperature", default: 50, in: 1e-3...1e6, "T, of teacher and student")
    let meaning =
      "a model file to use as the teacher; else one is trained first and kept beside the model"
    teacher =
      settings.value("teacher", meaning) == nil
      ? nil : try StoredNetwork(settings.file("teacher", meaning))
  }

  public var parameters: [(name: String, value: String)] {
    [("temperature", "\(temperature)")] + (teacher.map { [("teacher", $0.file.path)] } ?? [])
  }

  public var dependencies: [String: String] { teacher.map { ["teacher": $0.fingerprint] } ?? [:] }

  public func objective(_ preparation: Preparation) throws -> any Objective {
    if let teacher {
      return SoftLabels(of: try teacher.beside(preparation.network), temperature: temperature)
    }
    let trained = try preparation.trained("teacher", DistillationTeacher(temperature: temperature))
    return SoftLabels(of: try trained.frozen(), temperature: temperature)
  }
}

/// How a teacher is trained: cross-entropy of the true labels with softmax(z / T).
public struct DistillationTeacher: Defense, Objective {
  public static let name = "distillationTeacher"
  public static let summary = "cross-entropy at a temperature, for a teacher"
  public let temperature: Double

  public init(temperature: Double) { self.temperature = temperature }

  public init(_ settings: Settings) throws {
    temperature = try settings.double("temperature", default: 50, in: 1e-3...1e6, "T")
  }

  public var parameters: [(name: String, value: String)] { [("temperature", "\(temperature)")] }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    [LossTerm("cross-entropy", (step.logits / temperature).crossEntropy(step.labels).mean())]
  }
}

/// How a student is trained: mean_n −Σ_k t_nk log softmax(z_n / T)_k with t = softmax of the
/// teacher's logits / T.
public struct SoftLabels: Objective {
  private let teacher: any Classifier
  private let temperature: Double

  /// - Parameter teacher: in evaluation behaviour; nothing of it changes.
  public init(of teacher: any Classifier, temperature: Double) {
    self.teacher = teacher
    self.temperature = temperature
  }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    let soft = withoutGradients { (teacher.logits(step.images) / temperature).softmax() }
    return [
      LossTerm("soft labels", (step.logits / temperature).crossEntropy(probabilities: soft).mean())
    ]
  }
}
