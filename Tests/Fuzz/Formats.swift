import CZlib
import Datasets
import Evaluation
import Foundation
import TestSupport

/// A format to be fuzzed: sound files of the format, and how such a file is read.
struct FuzzedFormat {
  let name: String
  /// The path of the damaged file in the folder of the run.
  let path: String
  /// The sound files that are damaged.
  let seeds: () throws -> [[UInt8]]
  /// Changes a damaged file so that it passes the first check of the reader: corrects its checksums
  /// or compresses it.
  var wrap: ([UInt8]) -> [UInt8] = { $0 }
  /// The path of what is read in the folder of the run; empty to read the folder itself.
  var target = ""
  /// Options after the path of what is read.
  var options = ""
  /// Sound files that are read together with the damaged one, by their paths.
  var others: [String: [UInt8]] = [:]
  /// Reads the file or folder at a path.
  var read: (String) throws -> Void = {
    _ = try DataReference($0).load(defaultSplit: .test).batch(0..<1)
  }

  private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func fixtures(_ folder: String, _ ending: String) throws -> [[UInt8]] {
    let place = tests.appending(path: "DatasetsTests/Fixtures/\(folder)")
    let names = try FileManager.default.contentsOfDirectory(atPath: place.path).filter {
      $0.hasSuffix(ending)
    }.sorted()
    return try names.map { [UInt8](try Data(contentsOf: place.appending(path: $0))) }
  }

  static var all: [FuzzedFormat] {
    [
      FuzzedFormat(name: "png", path: "a/x.png", seeds: { try fixtures("pictures", ".png") }),
      FuzzedFormat(
        name: "png-mended", path: "a/x.png", seeds: { try fixtures("pictures", ".png") },
        wrap: withChecksums),
      FuzzedFormat(name: "jpeg", path: "a/x.jpg", seeds: { try fixtures("pictures", ".jpg") }),
      FuzzedFormat(
        name: "idx", path: "t10k-images-idx3-ubyte", seeds: { [idxImages] },
        others: ["t10k-labels-idx1-ubyte": idxLabels]),
      FuzzedFormat(
        name: "idx-labels", path: "t10k-labels-idx1-ubyte", seeds: { [idxLabels] },
        others: ["t10k-images-idx3-ubyte": idxImages]),
      FuzzedFormat(
        name: "gzip", path: "t10k-images-idx3-ubyte.gz", seeds: { [deflated(idxImages)] },
        others: ["t10k-labels-idx1-ubyte": idxLabels]),
      FuzzedFormat(
        name: "gzip-inside", path: "t10k-images-idx3-ubyte.gz", seeds: { [idxImages] },
        wrap: { deflated($0) },
        others: ["t10k-labels-idx1-ubyte": idxLabels]),
      FuzzedFormat(
        name: "cifar", path: "test_batch.bin",
        seeds: { [cifar] }),
      FuzzedFormat(
        name: "mat", path: "x.mat", seeds: { try fixtures("arrays", ".mat") }, target: "x.mat"),
      FuzzedFormat(
        name: "npz", path: "x.npz", seeds: { try fixtures("arrays", ".npz") }, target: "x.npz"),
      FuzzedFormat(
        name: "npz-range", path: "x.npz", seeds: { try fixtures("arrays", ".npz") },
        target: "x.npz", options: ":range=-1..1"),
      FuzzedFormat(name: "npy", path: "images.npy", seeds: { try fixtures("arrays/npy", ".npy") }),
      FuzzedFormat(
        name: "safetensors", path: "x.safetensors",
        seeds: { try fixtures("arrays", ".safetensors") },
        target: "x.safetensors"),
      FuzzedFormat(
        name: "npy-masks", path: "masks.npy", seeds: { [npyMasks] }, others: npyArrays),
      FuzzedFormat(
        name: "npy-groups", path: "groups.npy", seeds: { [npyArrays["groups.npy"]!] },
        others: npyArrays),
      FuzzedFormat(
        name: "csv", path: "x.csv", seeds: { [table] }, target: "x.csv",
        options: ":label=species,group=place,mask=width"),
      FuzzedFormat(
        name: "csv-list", path: "labels.csv", seeds: { [pictureList] },
        options: ":threshold=0,group=place",
        others: ["images/1.png": grey, "images/2.png": grey, "masks/1.png": grey]),
      FuzzedFormat(
        name: "mask-png", path: "masks/a/1.png", seeds: { [grey] }, options: ":threshold=0",
        others: ["images/a/1.png": grey]),
      FuzzedFormat(
        name: "texts", path: "train/a/1.txt", seeds: { [Array("two words, ¼ für 日本".utf8)] },
        others: ["train/b/1.txt": Array("words".utf8), "test/a/1.txt": Array("two".utf8)]),
      FuzzedFormat(
        name: "tar", path: "x.tar.gz", seeds: { [tar] }, wrap: { deflated($0) },
        target: "x.tar.gz"),
      FuzzedFormat(
        name: "yaml", path: "x.yaml",
        seeds: {
          let folder = tests.deletingLastPathComponent().appending(path: "Experiments")
          let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            $0.hasSuffix(".yaml")
          }
          return try names.sorted().map {
            [UInt8](try Data(contentsOf: folder.appending(path: $0)))
          }
        }, target: "x.yaml", read: { _ = try Experiment(URL(filePath: $0)) }),
    ]
  }

  private static let table = Array(
    "length,width,species,place\n5.1,3.5,setosa,a\n7e0,-3.2,\"virginica, x\",b\n".utf8)
  private static let pictureList = Array(
    "file,label,place,mask\n1.png,x,a,1.png\n2.png,\"y, z\",b,\n".utf8)
  /// A grey picture, which is also a mask.
  private static let grey: [UInt8] = {
    let picture = Picture(
      shape: .init(channels: 1, height: 6, width: 5), pixels: (0..<30).map { 8 * $0 })
    return [UInt8](try! PNG.encode(picture))
  }()

  private static let cifar: [UInt8] =
    [3] + [UInt8](repeating: 40, count: 3072) + [9] + [UInt8](repeating: 90, count: 3072)
  private static let idxImages: [UInt8] =
    [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5] + (0..<60)
  private static let idxLabels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 3, 0, 2, 1]

  /// An .npy file of bytes.
  private static func npy(_ type: String, _ shape: String, _ bytes: [UInt8]) -> [UInt8] {
    let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]
      + Array(header.utf8) + bytes
  }

  private static let npyMasks = npy("|b1", "3, 2, 2", (0..<12).map { $0 % 2 })
  /// The sound files beside masks.npy: three images with labels and groups.
  private static let npyArrays = [
    "images.npy": npy("|u1", "3, 2, 2", [UInt8](0..<12)),
    "labels.npy": npy("|u1", "3,", [0, 1, 0]), "groups.npy": npy("|u1", "3,", [2, 0, 2]),
  ]

  /// A tar archive with a folder, a long name and CIFAR's test file, not compressed.
  private static let tar: [UInt8] = {
    func member(_ path: String, _ kind: Character, _ content: [UInt8]) -> [UInt8] {
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ text: String, _ place: Int) {
        header.replaceSubrange(place..<place + text.utf8.count, with: Array(text.utf8))
      }
      put(path, 0)
      let size = String(content.count, radix: 8)
      put(String(repeating: "0", count: 11 - size.count) + size, 124)
      put(String(kind), 156)
      put("ustar", 257)
      put("        ", 148)
      put("0" + String(header.reduce(0) { $0 + Int($1) }, radix: 8), 148)
      return header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }
    let record = (0..<3073).map { UInt8($0 % 7) }
    return member("x/", "5", []) + member("long", "L", Array("x/a-long-name".utf8))
      + member("short", "0", [1, 2])
      + member("x/test_batch.bin", "0", record) + [UInt8](repeating: 0, count: 1024)
  }()

  /// A PNG file with correct checksums in all of its chunks.
  private static func withChecksums(_ file: [UInt8]) -> [UInt8] {
    var file = file
    var start = 8
    while start + 12 <= file.count {
      let length = file[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      guard start + 12 + length <= file.count else { break }
      let checksum = file[(start + 4)..<(start + 8 + length)].withUnsafeBufferPointer {
        UInt32(crc32(0, $0.baseAddress, UInt32($0.count)))
      }
      for byte in 0..<4 {
        file[start + 8 + length + byte] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * byte))
      }
      start += 12 + length
    }
    return file
  }
}
