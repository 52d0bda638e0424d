import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Data that people have are read rightly, or refused with advice that works")
struct AwkwardDataTests {
  private let folder: TemporaryFolder
  init() { folder = TemporaryFolder() }

  @Test("500 data sets of arrays", arguments: 0..<500)
  func arrays(_ number: Int) throws {
    var awkward = AwkwardArrays(number)
    // A set may have two faults, one in its images and one in its labels, so advice is followed
    // twice.
    for attempt in 0...2 {
      let place = folder.appending("\(attempt)")
      try createFolder(place)
      do {
        let data = try DataReference(awkward.write(to: place)).load(defaultSplit: .test)
        try expectRight(data, awkward)
        return
      } catch let failure as Failure {
        #expect(failure.kind == .badData, "\(failure)")
        guard let hint = failure.hint, awkward.follow(hint) else {
          #expect(awkward.isBeyondRepair, "\(awkward): \(failure)")
          return
        }
      }
    }
    Issue.record("\(awkward) is refused although all advice was followed")
  }

  private func expectRight(_ data: LabelledImages, _ awkward: AwkwardArrays) throws {
    let found = data.batch(0..<AwkwardArrays.count)
    let range = data.valueRange
    let width = range.upperBound - range.lowerBound
    let fractions = found.images.floats().map { (Double($0) - range.lowerBound) / width }
    let furthest = zip(fractions, awkward.fractions).map { abs($0 - $1) }.max()!
    // Half precision has 11 bits.
    #expect(furthest < (awkward.imageType == "f2" ? 6e-4 : 1e-6), "\(awkward)")
    #expect(found.labels.int64s() == awkward.rightLabels, "\(awkward)")
    #expect(awkward.labelKind != .fromOne || !data.notes.isEmpty, "\(awkward) without a word")
    #expect(!awkward.isBeyondRepair, "\(awkward) was read")
  }

  @Test("500 folders of pictures", arguments: 0..<500)
  func folders(_ number: Int) throws {
    let awkward = AwkwardFolders(number)
    try awkward.write(to: folder.url)
    do {
      let data = try DataReference(folder.url.path).load(defaultSplit: .test)
      try expectRight(data, awkward)
    } catch let failure as Failure {
      #expect(failure.kind == .badData, "\(failure)")
      #expect(awkward.mayBeRefused, "\(awkward): \(failure)")
      try follow(failure, awkward)
    }
  }

  /// Does what the hints about classes.txt say, one after the other, until the folder can be read.
  private func follow(_ failure: Failure, _ awkward: AwkwardFolders) throws {
    var failure = failure
    for _ in 0..<4 {
      let hint = try #require(failure.hint, "no advice: \(failure)")
      guard try awkward.follow(hint, in: folder.url) else { return }
      do {
        return try expectRight(DataReference(folder.url.path).load(defaultSplit: .test), awkward)
      } catch let next as Failure {
        failure = next
      }
    }
    Issue.record("\(awkward) is refused although all advice was followed: \(failure)")
  }

  /// Every picture has the class of its folder. If pictures are missing or classes have other names
  /// than their folders, a note says so.
  private func expectRight(_ data: LabelledImages, _ awkward: AwkwardFolders) throws {
    let pixels = data.batch(0..<data.count).images
    let values = pixels.narrow(3, 0, 1).narrow(2, 0, 1).narrow(1, 0, 1) * 255 + 0.5
    var found: [String: Set<UInt8>] = [:]
    for (value, label) in zip(values.int64s(), data.labels.int64s()) {
      found[data.classNames[Int(label)], default: []].insert(UInt8(value))
    }
    if let order = awkward.wantedOrder {
      // A link to a class folder is one more class, which advice puts last.
      #expect(Array(data.classNames.prefix(order.count)) == order, "\(awkward)")
    }
    let right = awkward.values.mapValues(Set.init)
    let isRight = right.allSatisfy { found[$0.key] == $0.value }
    #expect(isRight || !data.notes.isEmpty, "\(awkward) gives \(found) without a word")
  }
}
