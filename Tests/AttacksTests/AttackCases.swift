import Attacks
import Support

/// An attack as a user would ask for it, on one line: its name, and settings as `name=value`.
struct AttackCase: CustomStringConvertible, Sendable {
  let text: String
  var description: String { text }

  /// The attack's name.
  var name: String { words[0] }
  private var words: [String] { text.split(separator: " ").map(String.init) }

  func plan() throws -> AttackPlan {
    let entries = words.dropFirst().map { word in
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      return Settings.Entry(name: parts[0], value: .scalar(parts[1]), place: "run.yaml:1")
    }
    return try AttackPlan(name: name, Settings(entries, place: "run.yaml:1"))
  }

  /// The attacks that make thousands of queries by default, with fewer of them; nil for all others.
  /// NES needs 50 queries for each of its steps.
  static func ofFewQueries(_ name: String) throws -> (any Attack)? {
    let asking = ["hopskipjump", "boundary", "surfree", "nes", "bandits"]
    guard asking.contains(name) else { return nil }
    let queries = name == "nes" ? 5000 : 500
    return try AttackCase(text: "\(name) queries=\(queries) epsilon=0").plan().attack
  }

  /// Every registered attack that needs neither a file nor training images, with few steps. An
  /// attack without a line below takes part with its default settings.
  static let all: [AttackCase] = {
    let cases = drawing + others
    let known = Set(cases.map(\.name) + [SurrogateTransfer.name, UniversalPerturbation.name])
    let missing = AttackRegistry.names.filter { !known.contains($0) }
    return cases + missing.map { AttackCase(text: "\($0) epsilon=0.2") }
  }()

  /// The attacks that use random numbers, in each of their forms.
  static let drawing: [AttackCase] = [
    "uniform-noise norm=linf epsilon=0.3",
    "uniform-noise norm=l2 epsilon=2",
    "sign-noise epsilon=0.2",
    "salt-and-pepper epsilon=0.2",
    "pgd restarts=2 steps=3 epsilon=0.1",
    "pgd norm=l2 restarts=2 steps=3 epsilon=1",
    "pgd norm=l1 steps=3 epsilon=4",
    "pgd views=vmi+ti+si+di steps=2 epsilon=0.2",
    "mifgsm views=vmi+di steps=2 epsilon=0.2",
    "pgd views=vmi+di eot=3 restarts=2 steps=2 epsilon=0.2",
    "mifgsm views=pgn+ssa steps=1 epsilon=0.2",
    "bim views=sia steps=2 epsilon=0.2",
    "bim views=ghost steps=2 epsilon=0.2",
    "rfgsm epsilon=0.2",
    "rfgsm share=0.3 views=di eot=2 target=next epsilon=0.2",
    "tpgd steps=3 epsilon=0.1",
    "ila of=pgd steps=2 levelSteps=2 epsilon=0.2",
    "jitter steps=3 epsilon=0.1",
    "nifgsm target=random steps=3 epsilon=0.2",
    "tgsm target=random views=di epsilon=0.2",
    "itgsm target=all steps=2 epsilon=0.1",
    "apgd norm=linf steps=8 epsilon=0.05",
    "apgd norm=l2 steps=8 epsilon=0.5",
    "apgd eot=2 steps=4 epsilon=0.05",
    "square norm=linf queries=25 epsilon=0.05",
    "square eot=2 queries=10 epsilon=0.05",
    "square norm=l2 queries=25 epsilon=0.5",
    "spsa steps=2 samples=4 epsilon=0.1",
    "nes queries=60 samples=5 epsilon=0.1",
    "bandits queries=60 tiles=4 epsilon=0.1",
    "onepixel population=10 generations=4 base=random epsilon=0.1",
    "pixle restarts=3 iterations=4 epsilon=0.2",
    "hopskipjump queries=150 samples=10 epsilon=3",
    "hopskipjump norm=linf queries=150 samples=10 epsilon=0.5",
    "boundary queries=100 epsilon=3",
    "surfree queries=100 directions=5 epsilon=3",
    "spatial search=random k=5 factors=1",
    "patch places=2 rotation=30 steps=4 epsilon=0.2",
    "corruption kind=gaussian-noise severities=3",
    "corruption kind=elastic severities=3",
    "corruption kind=snow severities=3",
    "corruption kind=frost severities=3",
    "autoattack norm=linf steps=3 queries=15 epsilon=0.15",
    "autoattack norm=l2 steps=3 queries=15 epsilon=1.5",
    "autoattack eot=2 steps=2 queries=5 epsilon=0.15",
    "bisection of=pgd steps=3 halvings=3 epsilon=1",
  ].map(AttackCase.init(text:))

  /// The attacks that use no random numbers.
  private static let others: [AttackCase] = [
    "fgsm loss=margin source=probabilities labels=predicted epsilon=0.2",
    "ifgsm steps=2 epsilon=0.1",
    "bim steps=3 alpha=0.02 epsilon=0.1",
    "bim views=bsr steps=2 epsilon=0.2",
    "tpgd target=next eot=2 steps=2 epsilon=0.1",
    "pifgsm++ steps=3 epsilon=0.1",
    "pifgsm++ steps=2 window=5 views=ti target=next epsilon=0.2",
    "fab norm=l2 steps=3 classes=2 epsilon=2",
    "fab eot=2 steps=3 classes=2 epsilon=0.2",
    "jsma form=single theta=-0.5 gamma=0.1",
    "patch place=centre steps=4 alpha=0.1 epsilon=0.2",
    "spatial rotations=5 translations=3 eot=2 factors=0.8",
    "corruption kind=jpeg severities=5",
    "deepfool steps=3 overshoot=0.1 classes=3 epsilon=2",
    "cw steps=6 searches=2 rate=0.1 confidence=0.5 epsilon=3",
    "ddn steps=12 gamma=0.2 epsilon=3",
    "ddn steps=8 gamma=0.3 levels=256 target=next epsilon=5",
    "fmn norm=linf steps=10 epsilon=0.3",
    "fmn norm=l2 steps=10 gamma=0.1 epsilon=3",
    "fmn norm=l1 steps=10 alpha=2 epsilon=20",
    "fmn norm=l0 steps=20 target=next epsilon=0.5",
    "alma norm=l2 steps=30 alpha=0.5 rate=0.2 epsilon=3",
    "alma norm=l1 steps=30 alpha=0.5 start=0.3 target=next epsilon=30",
    "ead steps=8 searches=5 rule=en confidence=0.5 epsilon=20",
    "superdeepfool projections=2 halvings=3 steps=4 epsilon=3",
    "sigma-zero steps=20 epsilon=0.5",
    "sparsefool steps=2 lambda=2 epsilon=0.5",
  ].map(AttackCase.init(text:))
}
