import Attacks
import Datasets
import ModelCore
import Support

extension ExperimentRun {
  /// What the grid was computed from. It names the set-up that computed the most stored
  /// results, so it is the same whichever process writes it.
  func provenance(
    _ data: LabelledImages, _ models: [ModelRecord], _ computations: [ComputedResults]
  ) -> Provenance {
    let main = computations.main ?? .current(device: device)
    return Provenance(
      experiment: experiment.name, data: data.name, dataFingerprint: data.fingerprint,
      examples: data.count, seed: experiment.seed.value, device: main.device,
      threads: main.threads, crossfire: main.crossfire, libtorch: main.libtorch, models: models,
      attacks: experiment.attacks.map {
        AttackRecord(
          name: $0.name, title: type(of: $0.attack).title,
          budgetSymbol: type(of: $0.attack).budgetSymbol, parameters: $0.parameters)
      }, valueRange: data.valueRange, computations: computations)
  }

  /// Which set-up computed which results, as the results record it.
  func computations(
    _ entrants: [Entrant], _ results: [TransferResult], _ probes: [ModelProbe],
    _ explained: [ExplainedModel], _ certified: [CertifiedModel]
  ) -> [ComputedResults] {
    let trained = entrants.compactMap { entrant in
      entrant.computed.map { (ExperimentStep.model(entrant.contestant.name), $0) }
    }
    let attacked = results.flatMap { result in
      result.computed.map { (ExperimentStep.attack(result.attack, source: result.source), $0) }
    }
    let probed = probes.compactMap { probe in
      probe.computed.map { (ExperimentStep.probe(probe.model), $0) }
    }
    let answers = explained.map { (ExperimentStep.explanation($0.model), $0.computed) }
    let proofs = certified.map {
      (ExperimentStep.certificate($0.certificate, model: $0.model), $0.computed)
    }
    return (trained + attacked + probed + proofs + answers).reduce(into: []) { all, entry in
      let (step, record) = entry
      let place = all.firstIndex { $0.by == record } ?? all.endIndex
      if place == all.endIndex { all.append(ComputedResults(by: record, results: [])) }
      all[place].results.append(step.name)
    }
  }
}
