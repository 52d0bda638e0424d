// swift-tools-version: 6.0
import PackageDescription

/// Every room of the house, from the ground up. Arrows point down only: a target may depend on
/// targets listed before it.
let package = Package(
  name: "crossfire",
  platforms: [.macOS(.v14)],
  products: [
    .executable(name: "crossfire", targets: ["crossfire"]),
    .library(
      name: "Crossfire",
      targets: [
        "ModelCore", "ForeignModels", "Datasets", "Attacks", "Certificates", "Explanations",
        "Defenses", "Evaluation",
        "ImageSets", "HumanStudy", "Reports",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    .systemLibrary(name: "Clibtorch", pkgConfig: "libtorch"),
    .systemLibrary(
      name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl"])]),
    .systemLibrary(
      name: "Clibjpeg", pkgConfig: "libjpeg",
      providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
    .target(name: "CTorch", dependencies: ["Clibtorch"]),
    .target(name: "CPixels"),
    .target(name: "CJPEG", dependencies: ["Clibjpeg", "CPixels"]),
    .target(name: "Support", dependencies: ["CCrypto"]),
    .target(name: "ModelCore", dependencies: ["CTorch", "CJPEG", "Support"]),
    .target(name: "ForeignModels", dependencies: ["ModelCore", "Support"]),
    .target(
      name: "Datasets",
      dependencies: ["ModelCore", "Support", "CJPEG", "CPixels", "CPNG", "CZlib"],
      resources: [.embedInCode("Generated/iris-cancer.csv")]),
    .target(
      name: "Attacks", dependencies: ["ForeignModels", "ModelCore", "Support"], path: "Attacks"),
    .target(
      name: "Certificates", dependencies: ["Attacks", "ModelCore", "Support"],
      path: "Certificates"),
    .target(
      name: "Explanations", dependencies: ["ModelCore", "Support"], path: "Explanations"),
    .target(
      name: "Defenses",
      dependencies: ["Attacks", "Explanations", "Datasets", "ModelCore", "Support"],
      path: "Defenses"),
    .target(
      name: "Evaluation",
      dependencies: [
        "Defenses", "Explanations", "Certificates", "Attacks", "Datasets", "ForeignModels",
        "ModelCore", "Support", .product(name: "Yams", package: "Yams"),
      ]),
    .target(
      name: "ImageSets",
      dependencies: [
        "Evaluation", "Explanations", "Attacks", "Datasets", "ModelCore", "Support",
      ]),
    .target(
      name: "HumanStudy",
      dependencies: ["ImageSets", "Evaluation", "Attacks", "Datasets", "ModelCore", "Support"],
      resources: [.embedInCode("Languages")]),
    .target(
      name: "Reports",
      dependencies: [
        "HumanStudy", "ImageSets", "Evaluation", "Explanations", "Certificates", "Defenses",
        "Attacks",
        "Datasets", "ModelCore", "Support",
      ],
      path: "Reports"),
    .target(name: "Cluster", dependencies: ["Evaluation", "Support"]),
    .target(
      name: "StudyServer",
      dependencies: [
        "HumanStudy", "Evaluation", "Support", .product(name: "FlyingSocks", package: "FlyingFox"),
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      resources: [.embedInCode("Page")]),
    .executableTarget(
      name: "crossfire",
      dependencies: [
        "Cluster", "StudyServer", "Reports", "HumanStudy", "ImageSets", "Evaluation", "Defenses",
        "Explanations", "Certificates", "Attacks", "Datasets", "ForeignModels", "ModelCore",
        "Support",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "crossfire-bench",
      dependencies: [
        "Evaluation", "Defenses", "Attacks", "Datasets", "ForeignModels", "ModelCore", "Support",
        "Clibjpeg", "CPNG",
      ],
      path: "Benchmarks",
      exclude: [
        "attacks.md", "gradient_attacks.py", "minimal_norms.py", "peers.py", "query_attacks.py",
        "results.md", "scaling.py", "streaming_pictures.py", "study_load.py", "vnncomp.py",
      ]),
    .target(
      name: "TestSupport", dependencies: ["ModelCore", "Datasets", "Support", "CZlib"],
      path: "Tests/TestSupport"),
    .executableTarget(
      name: "crossfire-fuzz",
      dependencies: ["Evaluation", "Datasets", "Support", "TestSupport", "CZlib"],
      path: "Tests/Fuzz"),
    // Test targets name every module that they import, so that a change to one of them compiles
    // them again.
    .testTarget(name: "SupportTests", dependencies: ["Support"]),
    .testTarget(name: "ModelCoreTests", dependencies: ["ModelCore", "Support", "TestSupport"]),
    .testTarget(
      name: "ForeignModelsTests",
      dependencies: ["ForeignModels", "Datasets", "ModelCore", "Support", "TestSupport"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "DatasetsTests", dependencies: ["Datasets", "ModelCore", "Support", "TestSupport"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "AttacksTests",
      dependencies: ["Attacks", "ForeignModels", "ModelCore", "Support", "TestSupport"]),
    .testTarget(
      name: "CertificatesTests",
      dependencies: [
        "Certificates", "Attacks", "ForeignModels", "Datasets", "ModelCore", "Support",
        "TestSupport",
      ],
      exclude: [
        "fixed.onnx", "graphs.py", "mixed.onnx", "reference.py", "reference.safetensors",
        "view.onnx",
      ]),
    .testTarget(
      name: "ExplanationsTests",
      dependencies: ["Explanations", "Datasets", "ModelCore", "Support", "TestSupport"],
      exclude: ["reference.py", "reference.safetensors"]),
    .testTarget(
      name: "DefensesTests",
      dependencies: [
        "Defenses", "Explanations", "Attacks", "Datasets", "ModelCore", "Support", "TestSupport",
      ]),
    .testTarget(
      name: "EvaluationTests",
      dependencies: [
        "Evaluation", "Defenses", "Explanations", "Certificates", "Attacks", "Datasets",
        "ForeignModels", "ModelCore", "Support", "TestSupport",
      ]),
    .testTarget(
      name: "ImageSetsTests",
      dependencies: [
        "ImageSets", "Evaluation", "Explanations", "Attacks", "Datasets", "ModelCore", "Support",
        "TestSupport",
      ]),
    .testTarget(
      name: "StudyServerTests",
      dependencies: [
        "StudyServer", "HumanStudy", "Evaluation", "Datasets", "ModelCore", "Support", "crossfire",
        "TestSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    .testTarget(
      name: "HumanStudyTests",
      dependencies: ["HumanStudy", "Evaluation", "Datasets", "ModelCore", "Support", "TestSupport"]),
    .testTarget(
      name: "ReportsTests",
      dependencies: [
        "HumanStudy", "Reports", "Evaluation", "Explanations", "Defenses", "Datasets", "ModelCore",
        "Support",
        "TestSupport",
      ]),
    .testTarget(
      name: "ClusterTests", dependencies: ["Cluster", "Evaluation", "Support", "TestSupport"]),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "crossfire", "crossfire-fuzz", "Cluster", "StudyServer", "HumanStudy", "Evaluation",
        "Defenses", "Explanations", "Certificates", "Attacks", "Datasets", "ForeignModels",
        "ModelCore", "Support", "TestSupport",
      ]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)
