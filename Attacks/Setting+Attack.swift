import Support

extension Setting {
  /// Another attack, by its name; its own settings stand beside the name.
  /// - Parameter isAdmissible: which attacks may be named.
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
