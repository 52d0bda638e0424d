import ModelCore

/// A network, and the tensors of a file under the names by which they are read as its parameters.
///
/// A file may use Crossfire's names or those of a published implementation, and a wrapper may have
/// put any word before all names. Of all these readings, the one counts in which the most tensors are
/// found (`best`); what is missing then or left over is reported elsewhere.
struct Reading {
  let description: NetworkDescription
  /// The parameters that the network needs.
  let needed: [ParameterDescription]
  /// The published names by Crossfire's names; none where the file uses Crossfire's own. The tensors
  /// of several names are joined.
  private let published: [String: [String]]
  /// The last parts of the names of tensors in the file that are not needed.
  private let derived: Set<String>
  /// The beginnings of the names of tensors in the file that are not needed.
  private let ignored: [String]
  /// The tensors of the file, without the words before all names.
  private(set) var tensors: [String: Tensor] = [:]
  /// Whether a number above 0 was removed from the beginning of all names: the network is not the
  /// first part of a sequence.
  private(set) var isPartOfSequence = false

  /// - Parameter convention: the names of a published implementation; nil for Crossfire's own.
  init(_ description: NetworkDescription, _ convention: NamingConvention? = nil) throws {
    self.description = description
    needed = try description.parameters()
    published = try convention?.names(for: description) ?? [:]
    derived = convention?.derived ?? []
    ignored = convention?.ignored ?? []
  }

  private var isPublished: Bool { !published.isEmpty }

  /// The names of the tensors in the file that make up a parameter.
  func names(of parameter: ParameterDescription) -> [String] {
    published[parameter.name] ?? [parameter.name]
  }

  /// The names of all tensors that are read.
  var wanted: Set<String> { Set(needed.flatMap(names)) }

  /// The names of tensors in the file that belong to no layer.
  var unknown: [String] {
    let wanted = wanted
    return tensors.keys.filter { name in
      !wanted.contains(name)
        && !derived.contains(name.split(separator: ".").last.map(String.init) ?? "")
        && !ignored.contains { name.hasPrefix($0) }
    }.sorted()
  }

  /// Whether the file has every parameter in the right shape. Nothing depends on counters.
  var isComplete: Bool {
    needed.allSatisfy { parameter in
      if case .counter = parameter.role { return true }
      return tensor(for: parameter) != nil
    }
  }

  /// The reading with the most tensors of a file, with and without words before all names. Of equal
  /// ones, the first counts.
  static func best(of readings: [Reading], for tensors: [String: Tensor]) -> Reading? {
    var best: (found: Int, reading: Reading)?
    var (left, isPart) = (tensors, false)
    for _ in 0..<8 {
      for reading in readings {
        let found = reading.wanted.count { left[$0] != nil }
        guard found > best?.found ?? -1 else { continue }
        var copy = reading
        (copy.tensors, copy.isPartOfSequence) = (left, isPart)
        best = (found, copy)
      }
      guard let part = left.commonPart else { break }
      isPart = isPart || (Int(part.dropLast()) ?? 0) > 0
      left = left.withoutPrefix(part)
    }
    return best?.reading
  }

  /// The tensor of this file for a parameter, in the parameter's shape; nil if it is missing or of
  /// another shape.
  ///
  /// Where the names are published ones, dimensions of size 1 may differ. A linear layer of pixels
  /// `[O, I]` is a convolution `[O, I, 1, 1]`.
  func tensor(for parameter: ParameterDescription) -> Tensor? {
    let names = names(of: parameter)
    let parts = names.compactMap { tensors[$0] }
    guard parts.count == names.count, let first = parts.first else { return nil }
    if parts.count > 1 {
      let rest = first.shape.dropFirst()
      let fits = parts.allSatisfy {
        $0.rank > 0 && $0.type == first.type && $0.shape.dropFirst() == rest
      }
      guard fits else { return nil }
    }
    let whole = parts.count == 1 ? first : Tensor.concatenate(parts)
    if whole.shape == parameter.shape { return whole }
    func reduced(_ shape: [Int]) -> [Int] { shape.filter { $0 != 1 } }
    guard isPublished, reduced(whole.shape) == reduced(parameter.shape) else {
      return nil
    }
    return whole.reshaped(parameter.shape)
  }

  /// The tensors of a network for two classes, from those of one that gives one number z. The weights
  /// and the bias of the class 0 are zeros, so that its logit is 0.
  func withZeroClass() -> Reading {
    var copy = self
    for parameter in needed {
      guard let name = names(of: parameter).first, let tensor = tensors[name],
        parameter.shape.first == 2, tensor.shape == [1] + parameter.shape.dropFirst()
      else { continue }
      copy.tensors[name] = Tensor.concatenate([tensor * 0, tensor])
    }
    return copy
  }
}

extension Wrappers.StoredNormalization {
  /// What was done with the normalisation.
  func notice(insteadOf given: ModelNotes.Normalization?) -> String {
    let found =
      "the weights are stored with a normalisation (\(names.joined(separator: ", ")): mean "
      + "\(Self.list(value.mean)), std \(Self.list(value.deviation)))"
    return given == nil
      ? "\(found), which is used" : "\(found), which is replaced by the given one"
  }

  private static func list(_ numbers: [Double]) -> String {
    (numbers.prefix(4).map { "\(Float($0))" } + (numbers.count > 4 ? ["…"] : []))
      .joined(separator: " ")
  }
}
