import Attacks
import Support
import Testing

@Suite("An attack's settings can be written down and read again")
struct SettingsRoundTripTests {
  /// Reads what a record says of an attack.
  private func read(_ name: String, _ parameters: [String: String]) throws -> any Attack {
    let entries = parameters.sorted { $0.key < $1.key }.map {
      Settings.Entry(name: $0.key, value: .scalar($0.value), place: "record")
    }
    let settings = try Settings(entries, place: "record")
    let attack = try AttackRegistry.type(named: name).init(settings)
    try settings.finish(name)
    return attack
  }

  /// The attacks whose settings have defaults; a surrogate needs a file.
  static let names = AttackRegistry.names.filter { $0 != SurrogateTransfer.name }

  @Test("default settings, written and read, are the default settings", arguments: names)
  func defaults(_ name: String) throws {
    let first = try AttackRegistry.type(named: name).init(.none())
    let second = try read(name, first.parameters)
    #expect(second.parameters == first.parameters)
    #expect(second.norm == first.norm)
  }

  @Test("chosen settings, written and read, are the chosen ones", arguments: AttackCase.all)
  func chosen(_ attack: AttackCase) throws {
    let first = try attack.plan()
    let second = try read(attack.name, first.attack.parameters)
    #expect(second.parameters == first.attack.parameters)
    #expect(second.norm == first.attack.norm)
  }

  @Test(
    "every setting that has a default is listed with that default and a meaning", arguments: names)
  func listed(_ name: String) throws {
    let settings = Settings.none()
    let attack = try AttackRegistry.type(named: name).init(settings)
    for question in settings.questions {
      #expect(!question.meaning.isEmpty && !question.meaning.contains("\n"))
      // Settings that may be left out have no default, and no value either.
      let value = attack.parameters[question.name]
      #expect(value == nil || value == question.fallback, "\(question.name)")
    }
    let listed = Set(settings.questions.map(\.name))
    #expect(Set(attack.parameters.keys).subtracting(listed) == [])
  }
}
