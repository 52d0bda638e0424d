import Datasets
import Support

/// The accuracy on the validation images by which epochs are compared.
public enum ValidationCriterion: String, Sendable, CaseIterable {
  /// The share of all validation images.
  case accuracy
  /// The lowest share in a group of the validation images. Among epochs that are equal in it, the
  /// accuracy on all images decides.
  case worstGroup = "worst-group"

  /// Checks that the validation images say something about every group of the training images.
  /// - Throws: `Failure.badData` if the criterion needs groups that the images lack.
  public func check(_ validation: LabelledImages, against training: LabelledImages) throws {
    guard self == .worstGroup else { return }
    guard let known = training.annotations.groups?.int64s(),
      let watched = validation.annotations.groups?.int64s()
    else {
      let lacking = training.annotations.groups == nil ? training : validation
      throw Failure.badData(
        "\(lacking.name) has no groups, and the worst group of the validation images is asked for",
        hint: "add an array 'groups' to the data, or go by accuracy")
    }
    let missing = Set(known).subtracting(watched).sorted()
    guard missing.isEmpty else {
      let names = missing.map { training.groupName(Int($0)) }.joined(separator: ", ")
      throw Failure.badData(
        "the \(validation.count) validation images of \(validation.name) lack "
          + "\(missing.count == 1 ? "the group" : "the groups") \(names) of the training images, so "
          + "their worst group says nothing about \(missing.count == 1 ? "it" : "them")",
        hint: "hold out more images (validation), use the data's own validation images "
          + "(validation: data), or go by accuracy")
    }
  }
}

extension LabelledImages {
  /// The name of a group; its number if the data do not name it.
  public func groupName(_ group: Int) -> String {
    groupNames.flatMap { $0.indices ~= group ? $0[group] : nil } ?? "\(group)"
  }
}
