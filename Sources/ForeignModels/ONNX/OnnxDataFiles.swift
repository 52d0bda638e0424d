import Foundation
import Support

/// The files beside an ONNX file in which it keeps numbers (its "external data").
///
/// Only plain files in the folder of the model are read, and only bytes that they have.
final class OnnxDataFiles {
  private let folder: ModelFolder
  private var opened: [String: (place: URL, bytes: Data)] = [:]
  /// How many bytes may still be read. Tensors may share numbers; the limit keeps a small file from
  /// filling the memory.
  private var room = 0

  init(of model: URL) { folder = ModelFolder(of: model) }

  /// The files that were read, in the order of their names.
  var places: [URL] { opened.sorted { $0.key < $1.key }.map(\.value.place) }

  /// The numbers of a tensor.
  /// - Parameters:
  ///   - entry: where they are: the `location` of the file, the `offset` and the `length` in bytes.
  ///   - count: the number of bytes that the tensor needs.
  ///   - label: the tensor in error messages.
  /// - Throws: `Failure.missing` if there is no such file; `Failure.badData` if it is in another
  ///   folder, not a plain file, or too short.
  func bytes(_ entry: [String: String], count: Int, _ label: String) throws -> Data {
    let location = entry["location"] ?? ""
    let file = try open(location, label)
    func number(_ name: String, _ other: Int) throws -> Int {
      guard let text = entry[name] else { return other }
      guard let number = Int(text), number >= 0 else {
        throw Failure.badData("\(label) has the impossible \(name) '\(text.prefix(40))'")
      }
      return number
    }
    let offset = try number("offset", 0)
    let length = try number("length", count)
    guard length == count else {
      throw Failure.badData("\(label) has \(length) bytes in '\(location)', expected \(count)")
    }
    guard offset <= file.count, count <= file.count - offset else {
      throw Failure.badData(
        "\(label) needs the bytes \(offset) to \(offset) + \(count) of '\(location)', which has "
          + "\(file.count)", hint: "the file may be truncated: get it again")
    }
    room -= count
    guard room >= 0 else {
      throw Failure.badData("its tensors share the numbers in '\(location)' too often")
    }
    let start = file.startIndex + offset
    return file[start..<start + count]
  }

  private func open(_ location: String, _ label: String) throws -> Data {
    if let known = opened[location] { return known.bytes }
    let shown = location.prefix(80)
    let real: URL
    do { real = try folder.place(location) } catch {
      throw switch error {
      case .isNoName:
        Failure.badData(
          "\(label) has its numbers in '\(shown)', expected the name of a file in the folder of the "
            + "model", hint: "export the model again, with external_data=False to make one file")
      case .isMissing:
        Failure.missing(
          "\(label) has its numbers in '\(shown)', and there is no such file beside the model",
          hint: "put that file into the folder of the model, under this name")
      case .liesElsewhere:
        Failure.badData(
          "\(label) has its numbers in '\(shown)', which is a link to another folder, or not a file",
          hint: "put the file itself into the folder of the model")
      }
    }
    guard let bytes = try? Data(contentsOf: real, options: .alwaysMapped) else {
      throw Failure.unreadable(real)
    }
    opened[location] = (real, bytes)
    room += 4 * bytes.count
    return bytes
  }
}
