extension NamingConvention {
  /// The names and the layers of a network that is built with its published names. The names do not
  /// depend on the number of classes.
  /// - Parameters:
  ///   - renamed: names of tensors by the names that the layers give them, such as `mu` for `mean`.
  ///   - ignored: the beginnings of the names of tensors that no output depends on.
  init(
    _ build: @escaping @Sendable (_ classes: Int) -> NamedLayers, renamed: [String: String] = [:],
    ignored: [String] = []
  ) {
    self.init(
      build(2).names.map { Layer(prefix: $0, renamed: renamed) }, ignored: ignored,
      variant: { build($0).texts })
  }
}

extension Architecture {
  /// An architecture whose layers are those of its first convention.
  init(
    name: String, summary: String, initialization: Initialization = .kaimingNormal,
    _ build: @escaping @Sendable (_ classes: Int) -> NamedLayers, ignored: [String] = [],
    others: [NamingConvention] = []
  ) {
    self.init(
      name: name, summary: summary, initialization: initialization,
      conventions: [NamingConvention(build, ignored: ignored)] + others
    ) { classes, _ in build(classes).texts }
  }
}

/// Layers as texts, and the published names of those among them that have parameters.
struct NamedLayers: Sendable {
  var texts: [String] = []
  var names: [String] = []

  init(_ texts: [String] = [], names: [String] = []) {
    self.texts = texts
    self.names = names
  }

  /// One layer with parameters.
  init(_ text: String, _ name: String) { self.init([text], names: [name]) }

  static func + (a: NamedLayers, b: NamedLayers) -> NamedLayers {
    NamedLayers(a.texts + b.texts, names: a.names + b.names)
  }

  static func + (a: NamedLayers, b: [String]) -> NamedLayers { a + NamedLayers(b) }

  static func joined(_ parts: [NamedLayers]) -> NamedLayers { parts.reduce(NamedLayers(), +) }

  /// A layer that contains these layers, such as `gate`.
  func inside(_ keyword: String) -> NamedLayers {
    NamedLayers(["\(keyword) [\(texts.joined(separator: "; "))]"], names: names)
  }

  /// A residual block with these layers as its body.
  func residual(shortcut: NamedLayers = NamedLayers()) -> NamedLayers {
    let bypass =
      shortcut.texts.isEmpty ? "" : " shortcut [\(shortcut.texts.joined(separator: "; "))]"
    let block = inside("residual")
    return NamedLayers([block.texts[0] + bypass], names: names + shortcut.names)
  }

  /// A convolution without a bias, padded so that a stride of 1 keeps the size, and a batch
  /// normalisation.
  /// - Parameter names: those of the convolution and of the normalisation.
  static func normalized(
    _ outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1, norm: String = "batchnorm",
    _ names: [String]
  ) -> NamedLayers {
    NamedLayers([convolution(outputs, kernel, stride: stride, groups: groups), norm], names: names)
  }

  /// The text of a convolution without a bias, padded so that a stride of 1 keeps the size.
  static func convolution(_ outputs: Int, _ kernel: Int, stride: Int = 1, groups: Int = 1) -> String
  {
    "conv \(outputs) kernel \(kernel)" + (stride == 1 ? "" : " stride \(stride)")
      + (kernel == 1 ? "" : " padding \(kernel / 2)") + (groups == 1 ? "" : " groups \(groups)")
      + " bias off"
  }

  /// The mean of each channel and a linear layer.
  static func head(_ classes: Int, _ name: String, dropout: Double = 0) -> NamedLayers {
    NamedLayers(
      ["globalavgpool", "flatten"] + (dropout > 0 ? ["dropout \(dropout)"] : [])
        + ["linear \(classes)"], names: [name])
  }
}
