import Foundation
import ModelCore
import Support

/// Defensive distillation: a student network learns the probabilities of a teacher network at a
/// high temperature T.
///
/// First the teacher is trained with softmax(z / T). Then the student, with the same architecture
/// and its own random start, learns the teacher's softmax(z / T), also at temperature T. It is used
/// at T = 1. The student's loss is
///
///     −Σ_k t_k · log softmax(z / T)_k, with t = softmax(teacher's z / T), and without a factor T²
///
/// At T = 1, the student's logits are T times larger than in training. In float32 its probabilities
/// then round to 0 and 1, and the gradient of the loss is exactly zero, so that attacks along this
/// gradient change nothing. This masks the gradient and gives no robustness: adversarial examples
/// of other models and attacks on the logits still succeed. Use it to reproduce published results
/// and as an example of masked gradients. Source: N. Papernot et al. (2016).
public struct Distillation: Defense, Configurable {
  /// The role of the other network that is trained, which is stored beside the model.
  private static let teacher = "teacher"
  /// The roles of all networks that are stored beside a model.
  package static let companions = [teacher]
  public static let name = "distillation"
  public static let summary =
    "training on the soft labels of a teacher at a temperature (Papernot et al. 2016)"
  public var temperature: Double
  private var teacher: StoredNetwork?

  public init(temperature: Double = 50) {
    self.temperature = temperature
    teacher = nil
  }

  public static let settings: [Setting<Distillation>] = [
    .double("temperature", \.temperature, in: 1e-3...1e6, "temperature T of teacher and student"),
    Setting { root, settings in
      let meaning =
        "file of the teacher; if not given, one is trained first and kept beside the model"
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
  public var files: [URL] { teacher.map { [$0.file] } ?? [] }

  public func objective(_ preparation: Preparation) throws -> any Objective {
    if let teacher {
      return SoftLabels(of: try teacher.beside(preparation.network), temperature: temperature)
    }
    let trained = try preparation.trained(
      Self.teacher, DistillationTeacher(temperature: temperature))
    return SoftLabels(of: try trained.frozen(), temperature: temperature)
  }
}

/// The training of a teacher: the cross-entropy of the true labels with softmax(z / T).
public struct DistillationTeacher: Defense, Objective {
  public static let name = "distillation-teacher"
  public static let summary = "cross-entropy at a temperature, for the teacher of a distillation"
  public let temperature: Double

  public init(temperature: Double) { self.temperature = temperature }

  /// Reads the temperature as `Distillation` does.
  public init(_ settings: Settings) throws {
    self.init(temperature: try Distillation(settings).temperature)
  }

  public var parameters: [(name: String, value: String)] { [("temperature", "\(temperature)")] }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    [.crossEntropy(step.logits / temperature, step.labels)]
  }
}

/// The training of a student with the probabilities of a teacher:
///
///     loss = mean over n of −Σ_k t_nk · log softmax(z_n / T)_k, with t = softmax(teacher's z / T)
public struct SoftLabels: Objective {
  private let teacher: any Classifier
  private let temperature: Double

  /// - Parameter teacher: a model in evaluation behaviour. Training does not change it.
  public init(of teacher: any Classifier, temperature: Double) {
    self.teacher = teacher
    self.temperature = temperature
  }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    // soft [N, K]
    let soft = withoutGradients { (teacher.logits(step.images) / temperature).softmax() }
    let value = (step.logits / temperature).crossEntropy(probabilities: soft).mean()
    return [LossTerm("soft labels", value, logits: step.logits)]
  }
}
