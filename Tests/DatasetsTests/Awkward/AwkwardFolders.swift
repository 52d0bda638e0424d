import Foundation
import Support
import TestSupport

/// A folder of pictures as a user may have laid it out. Every picture has one grey value, and no two
/// pictures share it, so the value of a picture that was read tells in which folder it lies.
struct AwkwardFolders {
  /// What is unusual about the names of the class folders.
  enum Names: CaseIterable {
    case words, numbers, paddedNumbers, cases, spaces, unicode, percents, dots
  }

  /// What lies beside the pictures.
  enum Extras: CaseIterable {
    case nothing, systemFiles, textFiles, subfolder, hiddenFolder, emptyClass, brokenPicture
    case linkOutside, linkInside
  }

  /// What classes.txt says; `none`: there is no such file.
  enum Order: CaseIterable {
    case none, reversed, byteOrderMark, carriageReturns, wrongCase, numbered, oneMissing, renamed
    case repeated, emptyLines
  }

  let form: AwkwardPNG.Form
  let names: Names
  let extras: Extras
  let order: Order
  let ending: String
  /// The folder of each class, in the order of their bytes.
  let folders: [String]
  /// The value of each picture of each class.
  let values: [String: [UInt8]]

  /// One of the awkward folders. The same number gives the same folder.
  init(_ number: Int) {
    var random = SeededGenerator(state: UInt64(number) &* 104_729 &+ 3)
    // Most folders have one unusual thing, some have two.
    func rare<Kind: CaseIterable>(_ kind: Kind.Type, _ turn: Int) -> Kind {
      let all = Array(kind.allCases)
      return number % 3 == turn || number % 7 == turn ? all.randomElement(using: &random)! : all[0]
    }
    names = rare(Names.self, 0)
    extras = rare(Extras.self, 1)
    order = rare(Order.self, 2)
    ending = ["png", "PNG", "png"].randomElement(using: &random)!
    let wanted = AwkwardPNG.Form.allCases[number % AwkwardPNG.Form.allCases.count]
    // A form with fewer than six values cannot tell six pictures apart.
    form = wanted.values.count < 6 ? .bits4 : wanted
    folders =
      switch names {
      case .words: ["bird", "cat", "dog"]
      case .numbers: ["0", "10", "2"]
      case .paddedNumbers: ["00", "02", "10"]
      case .cases: ["Bird", "CAT", "dog"]
      case .spaces: ["a bird", "a cat", "a dog "].map { $0.trimmingCharacters(in: .whitespaces) }
      case .unicode: ["Hund", "Kätzchen", "鳥"]
      case .percents: ["100%25", "50%", "a%2Fb"]
      case .dots: ["v1.0", "v1.1", "v2.0"]
      }
    var left = form.values.shuffled(using: &random)
    values = Dictionary(
      uniqueKeysWithValues: folders.map { folder in
        let own = Array(left.prefix(2))
        left.removeFirst(2)
        return (folder, own)
      })
  }

  /// The class names in the order that classes.txt asks for; nil if it asks for nothing sensible.
  var wantedOrder: [String]? {
    switch order {
    case .none, .oneMissing, .wrongCase, .repeated, .renamed: nil
    case .reversed, .byteOrderMark, .carriageReturns, .emptyLines, .numbered: folders.reversed()
    }
  }

  /// Whether something in the folder cannot be read, or contradicts something else.
  var mayBeRefused: Bool {
    [.wrongCase, .oneMissing, .repeated].contains(order)
      || [.emptyClass, .brokenPicture, .linkOutside].contains(extras)
      || (extras == .linkInside && order != .none)
  }

  /// Does what a hint says about classes.txt, if it says something.
  /// - Returns: whether the file was changed, and nothing else is wrong with the folder.
  func follow(_ hint: String, in folder: URL) throws -> Bool {
    let file = folder.appending(path: "classes.txt")
    guard var text = try? String(contentsOf: file, encoding: .utf8) else { return false }
    if let line = hint.firstMatch(of: /'([^']+)': did you mean '([^']+)'\?/) {
      text = text.replacing(line.output.1, with: line.output.2)
    } else if let line = hint.firstMatch(of: /add the line '([^']+)'/) {
      text += "\n" + line.output.1
    } else {
      return false
    }
    try Data(text.utf8).write(to: file)
    return ![.emptyClass, .brokenPicture, .linkOutside].contains(extras)
  }

  /// Lays the folder out.
  func write(to folder: URL) throws {
    let picture = AwkwardPNG(form: form, side: 5)
    for (name, values) in values {
      for value in values {
        try put(picture.flat(value), folder.appending(path: name), "\(value).\(ending)")
      }
    }
    let first = folder.appending(path: folders[0])
    switch extras {
    case .nothing: break
    case .systemFiles:
      try put([1, 2], folder, ".DS_Store")
      try put([1, 2], first, "Thumbs.db")
      try put([1, 2], first, "._\(values[folders[0]]![0]).png")
    case .textFiles: try put(Array("licence".utf8), first, "README.txt")
    case .subfolder:
      // The pictures of the first class lie one level deeper.
      let deeper = folder.appending(path: "moving")
      try FileManager.default.moveItem(at: first, to: deeper)
      try createFolder(first)
      try FileManager.default.moveItem(at: deeper, to: first.appending(path: "part 1"))
    case .hiddenFolder: try put(picture.flat(0), folder.appending(path: ".cache"), "x.png")
    case .emptyClass: try createFolder(folder.appending(path: "empty"))
    case .brokenPicture: try put(Array(picture.flat(0).prefix(40)), first, "broken.png")
    case .linkOutside:
      try FileManager.default.createSymbolicLink(
        at: first.appending(path: "link.png"), withDestinationURL: URL(filePath: "/etc/hostname"))
    case .linkInside:
      try FileManager.default.createSymbolicLink(
        at: folder.appending(path: "second"), withDestinationURL: first)
    }
    if let text = orderFile { try put(Array(text.utf8), folder, "classes.txt") }
  }

  private var orderFile: String? {
    let reversed = Array(folders.reversed())
    return switch order {
    case .none: nil
    case .reversed: reversed.joined(separator: "\n")
    case .byteOrderMark: "\u{FEFF}" + reversed.joined(separator: "\r\n")
    case .carriageReturns: reversed.joined(separator: "\r")
    case .emptyLines: reversed.joined(separator: "\n\n") + "\n\n"
    case .wrongCase:
      reversed.enumerated().map { $0 == 0 ? swappingCase($1) : $1 }.joined(separator: "\n")
    case .numbered: reversed.enumerated().map { "\($0) \($1)" }.joined(separator: "\n")
    case .oneMissing: reversed.dropLast().joined(separator: "\n")
    case .renamed: ["one", "two", "three"].joined(separator: "\n")
    case .repeated: (reversed + [reversed[0]]).joined(separator: "\n")
    }
  }

  private func swappingCase(_ name: String) -> String {
    name == name.uppercased() ? name.lowercased() + "x" : name.uppercased()
  }

  private func put(_ bytes: [UInt8], _ folder: URL, _ name: String) throws {
    try createFolder(folder)
    try Data(bytes).write(to: folder.appending(path: name))
  }
}
