import Support

/// The names that one published implementation gives to the tensors of an architecture.
package struct NamingConvention: Sendable {
  /// The names of the tensors of one layer. A name may contain `*`, which stands for the tensor's
  /// own name, such as `weight`. Several names stand for tensors that are joined along their first
  /// dimension.
  struct Layer: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    let templates: [String]
    /// The published names of tensors by their own names, where they differ, such as `mu` for
    /// `mean`.
    var renamed: [String: String] = [:]

    init(stringLiteral template: String) { templates = [template] }
    init(joining templates: [String]) { self.templates = templates }

    /// A layer whose tensors have a prefix, or none if it is empty.
    init(prefix: String, renamed: [String: String]) {
      templates = [prefix.isEmpty ? "*" : "\(prefix).*"]
      self.renamed = renamed
    }

    func names(of tensor: Substring) -> [String] {
      let own = renamed[String(tensor)] ?? String(tensor)
      return templates.map { $0.replacing("*", with: own) }
    }
  }

  /// The names of the layers with parameters, in the order of the layers. Of a residual block, those
  /// of the body come before those of the shortcut.
  let layers: [Layer]
  /// The last parts of the names of tensors that follow from the architecture, such as indices. They
  /// are not read.
  package let derived: Set<String>
  /// The beginnings of the names of tensors that no output depends on. They are not read.
  package let ignored: [String]
  /// The layers of the implementation, where they are not those of the architecture; for example
  /// with another ε of the normalisations.
  let variant: (@Sendable (_ classes: Int) -> [String])?

  init(
    _ layers: [Layer], derived: Set<String> = [], ignored: [String] = [],
    variant: (@Sendable (_ classes: Int) -> [String])? = nil
  ) {
    self.layers = layers
    self.derived = derived
    self.ignored = ignored
    self.variant = variant
  }

  /// The published names of a network's tensors, by the names in `description`. Where there are
  /// several, the tensors are to be joined.
  package func names(for description: NetworkDescription) throws -> [String: [String]] {
    var left = layers[...]
    var layer = ""
    var theirs: Layer?
    return try description.parameters().reduce(into: [:]) { names, parameter in
      let parts = parameter.name.split(separator: ".")
      let own = parts.dropLast().joined(separator: ".")
      if own != layer { (layer, theirs) = (own, left.popFirst()) }
      names[parameter.name] = theirs?.names(of: parts.last ?? "") ?? [parameter.name]
    }
  }
}
