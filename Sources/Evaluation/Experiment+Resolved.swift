import Attacks
import Certificates
import Defenses
import ForeignModels
import Foundation
import ModelCore
import Support
import Yams

extension Experiment {
  /// The parts of the resolved experiment, each as YAML with every default written out.
  struct ResolvedTexts {
    let data: String
    /// The models by name; those that `another` looks for have no text of their own.
    let models: [String: String]
    let attacks: [String: String]
    /// `another` and `autoencoder`.
    let another: String
    let reliance: String
    let explain: String
    /// The certificates by name.
    let certificates: [String: String]
  }

  /// The parts of the resolved experiment, from which the keys of steps are made.
  func resolvedTexts() throws -> ResolvedTexts {
    func text(_ values: [(name: String, value: String)]?) throws -> String {
      try Yams.serialize(node: mapping(nodes(values ?? [])))
    }
    let models = try self.models.compactMap { plan in
      try plan.node.map { (plan.name, try Yams.serialize(node: $0)) }
    }
    let attacks = try self.attacks.map { ($0.name, try Yams.serialize(node: $0.node)) }
    let certificates = try self.certificates.map { ($0.name, try Yams.serialize(node: $0.node)) }
    return ResolvedTexts(
      data: try Yams.serialize(node: data.node),
      models: Dictionary(uniqueKeysWithValues: models),
      attacks: Dictionary(uniqueKeysWithValues: attacks),
      another: try text(another?.settingValues) + text(autoencoder?.settingValues),
      reliance: try text(reliance?.settingValues), explain: try text(explain?.settingValues),
      certificates: Dictionary(uniqueKeysWithValues: certificates))
  }

  /// The experiment as YAML with every default written out, as a run folder stores it.
  public func resolved() throws -> String {
    var root: [(String, Node)] = [
      ("name", Node(name)), ("seed", Node("\(seed.value)")),
      ("data", data.node),
      ("models", mapping(models.compactMap { plan in plan.node.map { (plan.name, $0) } })),
      (
        "attacks",
        mapping(attacks.map { ($0.name, $0.node) })
      ),
    ]
    if let count { root.append(("count", Node("\(count)"))) }
    if let sample { root.append(("sample", Node("\(sample)"))) }
    if judgements > 1 { root.append(("judgements", Node("\(judgements)"))) }
    if let images {
      let names = Node(images.attacks.map { Node($0) }, .implicit, .flow)
      let qualities = Node(images.jpegQualities.map { Node("\($0)") }, .implicit, .flow)
      root.append(
        (
          "images",
          mapping(
            [("attacks", names), ("count", Node("\(images.count)"))]
              + (images.jpegQualities.isEmpty ? [] : [("jpeg", qualities)]))
        ))
    }
    if let reliance { root.append(("reliance", mapping(nodes(reliance.settingValues)))) }
    if let autoencoder { root.append(("autoencoder", mapping(nodes(autoencoder.settingValues)))) }
    if let another { root.append(("another", mapping(nodes(another.settingValues)))) }
    if let explain { root.append(("explain", mapping(nodes(explain.settingValues)))) }
    if !certificates.isEmpty {
      root.append(("certify", mapping(certificates.map { ($0.name, $0.node) })))
    }
    if repeats > 1 { root.append(("repeats", Node("\(repeats)"))) }
    if let study { root.append(("study", study.node)) }
    return try Yams.serialize(node: mapping(root))
  }
}

extension StudyDesign {
  /// The design as YAML with every default written out.
  public func resolved() throws -> String { try Yams.serialize(node: node) }

  fileprivate var node: Node { mapping(nodes(settingValues)) }
}

private func mapping(_ pairs: [(String, Node)]) -> Node {
  Node(pairs.map { (Node($0.0), $0.1) })
}

/// Settings as `Configurable.settingValues` lists them: a name that occurs more than once is a
/// list.
private func nodes(_ values: [(name: String, value: String)]) -> [(String, Node)] {
  let all = Dictionary(grouping: values, by: \.name).mapValues { $0.map { Node($0.value) } }
  var seen: Set<String> = []
  return values.map(\.name).filter { seen.insert($0).inserted }.map { name in
    let nodes = all[name] ?? []
    return (name, nodes.count == 1 ? nodes[0] : Node(nodes, .implicit, .flow))
  }
}

extension DataPlan {
  fileprivate var node: Node {
    var pairs = [("name", Node(reference.absolute))]
    if let train { pairs.append(("train", Node("\(train)"))) }
    if let test { pairs.append(("test", Node("\(test)"))) }
    return mapping(pairs)
  }
}

extension AttackPlan {
  fileprivate var node: Node {
    let parameters = settings.sorted { $0.key < $1.key }
    let budgets = Node(epsilons.map { Node($0.plainDecimal) }, .implicit, .flow)
    return mapping(parameters.map { ($0.key, Node($0.value)) } + [("epsilons", budgets)])
  }
}

extension CertificatePlan {
  fileprivate var node: Node {
    let sizes = Node(epsilons.map { Node($0.plainDecimal) }, .implicit, .flow)
    let settings = settings.sorted { $0.key < $1.key }.map { ($0.key, Node($0.value)) }
    return mapping(settings + [("epsilons", sizes)])
  }
}

extension ModelPlan {
  /// nil for a model that `another` looks for, since that entry stands for it.
  fileprivate var node: Node? {
    let before =
      transform.texts.isEmpty
      ? [] : [("transform", Node(transform.texts.map { Node($0) }, .implicit, .flow))]
    switch origin {
    case .file(let url, let notes):
      return mapping([("file", Node(url.path))] + notes.nodes + before)
    case .model(let name): return mapping([("model", Node(name))] + before)
    case .ensemble(let names):
      return mapping([("ensemble", Node(names.map { Node($0) }, .implicit, .flow))])
    case .another: return nil
    case .training(let plan):
      let watch = plan.settings.robustValidation.map { mapping(nodes($0.settingValues)) }
      return mapping(
        nodes(plan.settingValues) + (watch.map { [("robustValidation", $0)] } ?? [])
          + [("defense", plan.defense.node)] + before)
    }
  }
}

extension ModelNotes {
  fileprivate var nodes: [(String, Node)] {
    func list(_ words: [String]) -> Node { Node(words.map { Node($0) }, .implicit, .flow) }
    let normalize = normalization.map { normalization in
      mapping([
        ("mean", list(normalization.mean.map { "\($0)" })),
        ("std", list(normalization.deviation.map { "\($0)" })),
      ])
    }
    let all: [(String, Node?)] = [
      ("architecture", architecture.map { Node($0) }), ("layers", layers.map { list($0.texts) }),
      ("input", input.map { Node($0.description) }), ("classes", classNames.map(list)),
      ("normalize", normalize),
      ("channels", channels.map { Node($0.rawValue) }),
      ("range", range.map { list(["\($0.lowerBound)", "\($0.upperBound)"]) }),
      ("layout", layout.map { Node($0.rawValue) }), ("entry", entry.map { Node($0) }),
      ("output", output.map { Node($0) }), ("binary", binary.map { Node("\($0)") }),
    ]
    return all.compactMap { name, node in node.map { (name, $0) } }
  }
}

extension DefenseSum {
  fileprivate var node: Node {
    if members.count == 1, let only = members.first, only.weight == 1 { return only.node }
    return Node(members.map(\.node))
  }
}

extension DefenseSum.Member {
  fileprivate var node: Node {
    let name = type(of: defense).name
    var options = nodes(defense.parameters)
    if weight != 1 { options.append(("weight", Node("\(weight)"))) }
    return options.isEmpty ? Node(name) : mapping([(name, mapping(options))])
  }
}
