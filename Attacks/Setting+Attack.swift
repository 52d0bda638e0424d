import Support

extension Setting {
  /// A setting whose value is the name of another attack. The settings of that attack are given
  /// beside the name.
  /// - Parameter isAdmissible: whether an attack may be named here.
  package static func attack(
    _ name: String, _ path: WritableKeyPath<Root, any Attack> & Sendable,
    among isAdmissible: @escaping @Sendable (any Attack.Type) -> Bool, _ meaning: String
  ) -> Setting {
    Setting { root, settings in
      let known = AttackRegistry.all.filter(isAdmissible).map { $0.name }
      let usual = type(of: root[keyPath: path]).name
      let chosen = try settings.choice(name, of: known, default: usual, meaning)
      root[keyPath: path] = try AttackRegistry.type(named: chosen).init(settings)
    } values: { root in
      let attack = root[keyPath: path]
      let own = attack.parameters.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
      return [(name, type(of: attack).name)] + own
    }
  }
}
