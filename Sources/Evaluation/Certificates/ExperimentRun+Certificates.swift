import Certificates
import Datasets
import Foundation
import ModelCore
import Support

extension ExperimentRun {
  /// Certifies each model by each certificate of the experiment, unless the folder has the result.
  /// - Returns: the results, without those that are left open.
  func certificates(_ models: [Contestant], _ attacked: LabelledImages) throws -> [CertifiedModel] {
    try experiment.certificates.flatMap { plan in
      try models.compactMap { model in
        let step = ExperimentStep.certificate(plan.name, model: model.name)
        guard isWanted(step) else { return nil }
        let place = folder.certificates(plan.name, model.name)
        let request = request(plan, model, attacked)
        return try self.step(step) {
          CertificateFile.read(place, request: request)
        } _: {
          let found = try certify(model, plan, attacked, request: request, at: place)
          try CertificateFile.write(found, request: request, to: place)
          CertificateFile.removeBeginning(place)
          return found
        }
      }
    }
  }

  /// Checks that the certificates fit the models and the data.
  /// - Throws: `Failure` that names the certificate and the model.
  func checkCertificates(of models: [Contestant], _ attacked: LabelledImages) throws {
    for plan in experiment.certificates {
      try plan.checkMasks(of: plan.count.map { try attacked.first($0) } ?? attacked)
      for model in models {
        do { try plan.check(model.classifier) } catch let failure as Failure {
          throw Failure(
            failure.kind, "certify \(plan.name) of \(model.name): \(failure.message)",
            hint: failure.hint)
        }
      }
    }
  }

  /// Certifies a model. What is certified so far is stored every few seconds.
  private func certify(
    _ model: Contestant, _ plan: CertificatePlan, _ attacked: LabelledImages, request: String,
    at place: URL
  ) throws -> CertifiedModel {
    let count = min(plan.count ?? attacked.count, attacked.count)
    progress.begin("\(plan.name) of \(model.name)", total: count, unit: "images")
    defer { progress.end(nil) }
    var stored = ContinuousClock.now
    return try CertifiedModel(
      of: model, by: plan, on: attacked, seed: certificateSeed, evaluator: evaluator,
      from: CertificateFile.readBeginning(place, request: request),
      keeping: { images in
        progress.update(images.count)
        guard (ContinuousClock.now - stored).seconds > 5, images.count < count else { return }
        stored = .now
        try CertificateFile.write(beginning: images, request: request, to: place)
      },
      watching: { done in
        try Interruption.stopIfRequested()
        progress.update(done)
      })
  }

  private var certificateSeed: Seed { experiment.seed.derive("certify") }

  /// The digest of everything that the certificates of a model depend on.
  func request(_ plan: CertificatePlan, _ model: Contestant, _ data: LabelledImages) -> String {
    let parts = [
      "certificate 1", device.kind, plan.name, plan.text, model.name, model.fingerprint,
      data.fingerprint, "\(certificateSeed.value)",
    ]
    return Digest.hex(of: parts.joined(separator: "\n"))
  }
}

extension StepEstimates {
  /// Estimates the step of a certificate from those of one image.
  mutating func estimate(
    certificate name: String, of model: Contestant, _ step: ExperimentStep
  ) throws -> StepEstimate {
    guard let plan = run.experiment.certificates.first(where: { $0.name == name }) else {
      preconditionFailure("no \(step.name)")
    }
    let count = min(plan.count ?? attacked.count, attacked.count)
    let work = "certify \(count) image\(count == 1 ? "" : "s") by \(plan.text)"
    let stored = CertificateFile.read(
      run.folder.certificates(name, model.name), request: run.request(plan, model, attacked))
    guard !allTrained || stored == nil else {
      return StepEstimate(step: step.name, work: work, isDone: true, seconds: nil)
    }
    // A few images at most, and no longer than some seconds: the estimate is then too small.
    let started = ContinuousClock.now
    var finished = 0
    struct Enough: Error {}
    do {
      let tried = CertificatePlan(
        name: plan.name, plan.method, epsilons: plan.epsilons, mask: plan.mask,
        count: min(3, attacked.count))
      _ = try CertifiedModel(
        of: model, by: tried, on: attacked, seed: Seed(0), keeping: { finished = $0.count },
        watching: { _ in
          try Interruption.stopIfRequested()
          if (ContinuousClock.now - started).seconds > 5 { throw Enough() }
        })
    } catch is Enough {}
    let seconds =
      (ContinuousClock.now - started).seconds / Double(max(1, finished)) * Double(count)
    return StepEstimate(step: step.name, work: work, isDone: false, seconds: seconds)
  }
}
