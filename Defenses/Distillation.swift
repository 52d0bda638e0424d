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
public struct Distillation: Defense, Configurable {
  public static let name = "distillation"
  public static let summary =
    "trained on a teacher's soft labels at a temperature (Papernot et al. 2016)"
  public var temperature: Double
  private var teacher: StoredNetwork?

  public init(temperature: Double = 50) {
    self.temperature = temperature
    teacher = nil
  }

  public static let settings: [Setting<Distillation>] = [
    .double("temperature", \.temperature, in: 1e-3...1e6, "T, of teacher and student"),
    Setting { root, settings in
      let meaning =
        "a model file to use as the teacher; else one is trained first and kept beside the model"
      if settings.value("teacher", meaning) != nil {
        root.teacher = try StoredNetwork(settings.file("teacher", meaning))
      }
    } values: { root in
      root.teacher.map { [("teacher", $0.file.path)] } ?? []
    },
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
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

  /// Reads the temperature as a distillation does.
  public init(_ settings: Settings) throws {
    self.init(temperature: try Distillation(settings).temperature)
  }

  public var parameters: [(name: String, value: String)] { [("temperature", "\(temperature)")] }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    [.crossEntropy(step.logits / temperature, step.labels)]
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
    let value = (step.logits / temperature).crossEntropy(probabilities: soft).mean()
    return [LossTerm("soft labels", value, logits: step.logits)]
  }
}
