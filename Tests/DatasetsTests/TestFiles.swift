import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

extension TemporaryFolder {
  /// Writes a file below the folder and returns its place.
  @discardableResult
  func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> URL {
    let place = url.appending(path: name)
    try createFolder(place.deletingLastPathComponent())
    try Data(bytes).write(to: place)
    return place
  }
}

/// The failure that a piece of code throws.
func failure(_ body: () throws -> Any) throws -> Failure {
  try #require(throws: Failure.self) { _ = try body() }
}

/// One gzip member.
func gzip(_ bytes: [UInt8]) -> [UInt8] { deflated(bytes) }

func bigEndian(_ values: UInt32...) -> [UInt8] {
  values.flatMap { value in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
}

/// An IDX file of `count` images of 2 x 3 pixels whose values are 0, 1, 2, …
func idxImages(count: Int) -> [UInt8] {
  bigEndian(0x803, UInt32(count), 2, 3) + (0..<count * 6).map { UInt8(truncatingIfNeeded: $0) }
}

func idxLabels(_ labels: [UInt8]) -> [UInt8] {
  bigEndian(0x801, UInt32(labels.count)) + labels
}

/// Random numbers that depend only on the seed.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state ^ (state >> 31)) &* 0x9e37_79b9_7f4a_7c15
  }
}

/// Damages a sound file at random in `rounds` ways and reads each of the results. The reader may
/// succeed or throw a `Failure`; anything else is an error.
func fuzz(_ file: [UInt8], rounds: Int = 400, _ read: (Data) throws -> Any) {
  for round in 0..<rounds {
    var generator = SeededGenerator(state: UInt64(round))
    var bytes = file
    for _ in 0...Int.random(in: 0..<4, using: &generator) where !bytes.isEmpty {
      let place = Int.random(
        in: 0..<min(bytes.count, round % 2 == 0 ? 64 : .max), using: &generator)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: bytes[place] = .random(in: 0...255, using: &generator)
      case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2: bytes.removeSubrange(place...)
      default: bytes.insert(contentsOf: [UInt8](repeating: 255, count: 1 + place % 9), at: place)
      }
    }
    do {
      _ = try read(Data(bytes))
    } catch {
      #expect(error is Failure, "mutation \(round) throws \(error)")
    }
  }
}

/// A format of arrays in which tests write data sets.
enum WrittenFormat: String, CaseIterable, Sendable {
  case npz, npy, safetensors

  /// Writes arrays to a file, or to a folder of .npy files, and returns its path.
  func write(_ arrays: [(name: String, tensor: Tensor)], to folder: TemporaryFolder) throws
    -> String
  {
    let place = folder.url.appending(path: self == .npy ? "arrays" : "x.\(rawValue)")
    switch self {
    case .npz: try NPZWriter.write(arrays, to: place)
    case .safetensors: try SafetensorsFile.write(arrays, metadata: [:], to: place)
    case .npy:
      let archive = folder.url.appending(path: "arrays.npz")
      try NPZWriter.write(arrays, to: archive)
      let zip = try ZipArchive(Data(contentsOf: archive), what: "arrays")
      for name in zip.names { try folder.write(zip.content(name), to: "arrays/\(name)") }
    }
    return place.path
  }
}
