import Attacks
import ModelCore
import Support
import TestSupport
import Testing

@Suite(
  "The saliency map attack agrees with the paper's loop over full Jacobians",
  .enabled(if: Reference.isPresent, Comment(rawValue: Reference.skipMessage)))
struct JacobianSaliencyMapParityTests {
  @Test(
    "success and the number of changed features agree for at least 10 of 12 images",
    arguments: ["fastat", "smallbn"],
    JacobianSaliencyMap.Form.allCases)
  func agrees(_ model: String, _ form: JacobianSaliencyMap.Form) throws {
    let answers = try SafetensorsFile(Reference.file("\(model).attacks.safetensors"))
    let images = try answers.tensor("images").narrow(0, 0, 12)
    let labels = try answers.tensor("labels").narrow(0, 0, 12)
    let targets = try answers.tensor("targets").narrow(0, 0, 12)
    let expected = try answers.tensor("jsma.\(form.rawValue).theta1.gamma0.25")
    let changed = try answers.tensor("jsma.\(form.rawValue).changed").int64s()
    let success = try answers.tensor("jsma.\(form.rawValue).success").int64s()
    for classifier in [try Reference.network(model), try Reference.network(model).frozen()] {
      let attack = JacobianSaliencyMap(form)
      let goal = Goal.towards(targets, from: labels)
      let found = attack.sweep(
        images, goal, epsilons: [0.25], against: classifier, draws: .of(images, 0))[0]
      try Perturbation.check(
        found, of: images, within: attack.threat(0.25, against: classifier), attack: "jsma")
      let sizes = Norm.l0.size(found - images).int64s()
      let hits = classifier.predictions(found).equals(targets).int64s()
      let same = (0..<12).filter { sizes[$0] == changed[$0] && hits[$0] == success[$0] }
      #expect(same.count >= 10, "changed \(sizes) not \(changed), success \(hits) not \(success)")
      #expect(agreement(found, expected) >= 0.98)
    }
  }
}
