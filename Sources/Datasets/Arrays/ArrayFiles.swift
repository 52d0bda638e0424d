import Foundation
import ModelCore
import Support

/// A format of a file or a folder that holds named arrays.
///
/// To add a format, write a type that says which arrays a file holds and how one of them is read,
/// and add it to `DataFormats.all`. The arrays mean the same in all formats: see `LabelledArrays`.
protocol ArrayFormat: DataFormat {
  var arrays: LabelledArrays { get }
}

extension ArrayFormat {
  var parts: Set<Split> { arrays.parts }

  func load(_ part: Split?, name: String, progress: @escaping DataReference.Progress) throws
    -> LabelledImages
  {
    try arrays.load(part, name: name)
  }
}

/// A NumPy archive (`.npz`), as `numpy.savez` and `numpy.savez_compressed` write it.
struct NPZFile: ArrayFormat {
  static let summary = "an .npz file with arrays of images and labels"

  let arrays: LabelledArrays

  init?(_ url: URL, _ settings: Settings) throws {
    guard url.pathExtension.lowercased() == "npz", !isFolder(url) else { return nil }
    let archive = try ZipArchive(readFile(url, limit: 2 * SizeLimits.array), what: url.path)
    let names = archive.names.filter { $0.hasSuffix(".npy") }.map { String($0.dropLast(4)) }
    arrays = LabelledArrays(file: url.path, names: names, settings: try ArraySettings(settings)) {
      try NPY.tensor(archive.content($0 + ".npy"), named: "\(url.path), \($0)")
    }
  }
}

/// A folder of NumPy arrays, such as `images.npy` and `labels.npy`, or the path of one of them.
struct NPYFolder: ArrayFormat {
  static let summary = "a folder with an .npy file of images and one of labels"

  let arrays: LabelledArrays

  init?(_ url: URL, _ settings: Settings) throws {
    let isArray = url.pathExtension.lowercased() == "npy"
    let folder = isArray ? url.deletingLastPathComponent() : url
    guard isFolder(folder), let entries = try? FolderEntry.all(in: folder) else { return nil }
    let names = entries.map(\.name).filter { $0.hasSuffix(".npy") }.map { String($0.dropLast(4)) }
    // Options are read only if this is the format: another format must not accept them.
    guard isArray || !names.isEmpty else { return nil }
    arrays = LabelledArrays(file: folder.path, names: names, settings: try ArraySettings(settings))
    {
      let file = folder.appending(path: $0 + ".npy")
      return try NPY.tensor(
        [UInt8](readFile(file, limit: SizeLimits.array + 1 << 17)), named: file.path)
    }
  }
}

/// A safetensors file. Its metadata may name the classes in `classNames`, a JSON list of strings.
struct SafetensorsImages: ArrayFormat {
  static let summary = "a .safetensors file with tensors of images and labels"

  let arrays: LabelledArrays

  init?(_ url: URL, _ settings: Settings) throws {
    guard url.pathExtension.lowercased() == "safetensors", !isFolder(url) else { return nil }
    let file = try SafetensorsFile(url)
    let size = file.names.reduce(0) { $0 + (file.shape($1)?.reduce(1, *) ?? 0) }
    guard size <= SizeLimits.array else {
      throw Failure.badData(
        "\(url.path): expected at most \(SizeLimits.array) numbers in all tensors, found \(size)")
    }
    var arrays = LabelledArrays(
      file: url.path, names: file.names, settings: try ArraySettings(settings)
    ) {
      try file.tensor($0)
    }
    if let text = file.metadata["classNames"] {
      guard let names = try? JSONDecoder().decode([String].self, from: Data(text.utf8)),
        !names.isEmpty
      else {
        throw Failure.badData(
          "\(url.path): expected the metadata classNames to be a JSON list of strings, "
            + "found '\(text.prefix(40))'")
      }
      arrays.classNames = names
    }
    self.arrays = arrays
  }
}
