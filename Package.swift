// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors, imports are explicit and internal by default, existentials are spelled `any`.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

// The six modules by name: pkg-config's `opencv4` would load 382 shared objects at every start.
let opencv = ["dnn", "objdetect", "videoio", "imgcodecs", "imgproc", "core"]

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let http = Target.Dependency.product(name: "FlyingFox", package: "FlyingFox")
let sockets = Target.Dependency.product(name: "FlyingSocks", package: "FlyingFox")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func executable(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: [arguments, logging] + dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: ["Fixtures"] + dependencies, exclude: exclude, swiftSettings: strict)
}

let package = Package(
    name: "gantry",
    // For projects that test stages and pipelines of their own; everything else is used through the executables.
    products: [.library(name: "GantryTesting", targets: ["GantryTesting"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    ],
    targets: [
        // C libraries: module maps only, and one real shim.
        .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CTesseract", pkgConfig: "tesseract", providers: [.apt(["libtesseract-dev"])]),
        .systemLibrary(name: "CFreeType", pkgConfig: "freetype2", providers: [.apt(["libfreetype-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "CVision", dependencies: ["CFreeType"],
            cxxSettings: [.unsafeFlags(["-isystem", "/usr/include/opencv4"]), .treatAllWarnings(as: .error)],
            linkerSettings: opencv.map { .linkedLibrary("opencv_\($0)") }
                + ["avformat", "avcodec", "avutil", "swscale", "dl"].map { .linkedLibrary($0) }),

        // Values and pure stages.
        library("Traffic"),
        library("Stages", ["Traffic", crypto]),
        library("Grammars", ["Stages", yams]),

        // Records and messages.
        library("Topics", ["CZstd", "CZlib"]),
        library("Wire", ["Traffic", "Topics", protobuf]),
        library(
            "StageRunner",
            ["Traffic", "Stages", "Topics", logging, metrics, coreMetrics, lifecycle, yams, http, sockets]),

        library("Replay", ["Traffic", "Stages", "Topics", "Wire", "StageRunner", crypto]),
        library("SimulatedCity", ["Traffic", "Stages", "Topics", "Wire"]),
        library("GantryTesting", ["Traffic", "Topics", "Wire", protobuf]),

        // Edges.
        library("KafkaTopics", ["Topics", "CRdKafka", logging]),
        library("Vision", ["Traffic", "Stages", "Grammars", "CVision", "CTesseract", crypto, yams, logging]),
        library("Custody", ["Traffic", crypto]),
        library("PostGIS", ["Traffic", "CLibPQ", logging]),

        // What operators must write down, from what a system says of itself.
        library("Papers", ["Traffic"]),

        // What executables share: edges joined as a pipeline file says.
        library(
            "Assembly",
            [
                "Traffic", "Stages", "Grammars", "Topics", "Wire", "Replay", "StageRunner", "KafkaTopics", "Custody",
                "PostGIS", arguments, logging, lifecycle,
            ]),
        library(
            "VisionAssembly",
            ["Traffic", "Stages", "Topics", "Wire", "StageRunner", "Vision", "Assembly", logging, lifecycle]),

        // Executables.
        executable(
            "gantry",
            [
                "Traffic", "Stages", "Grammars", "Topics", "Wire", "Replay", "StageRunner", "KafkaTopics", "Custody",
                "PostGIS", "Papers", "Assembly", lifecycle, crypto, yams,
            ]),
        executable(
            "gantry-local",
            [
                "Traffic", "Stages", "Topics", "Wire", "Replay", "StageRunner", "KafkaTopics", "Vision", "Assembly",
                "VisionAssembly", "SimulatedCity", "PostGIS", "Custody", metrics, lifecycle,
            ]),
        executable("gantry-decode", ["StageRunner", "Assembly", "VisionAssembly"]),
        executable("gantry-detect", ["StageRunner", "Assembly", "VisionAssembly"]),
        executable("gantry-read", ["StageRunner", "Assembly", "VisionAssembly"]),
        executable("gantry-track", ["StageRunner", "Assembly"]),
        executable("gantry-sink", ["StageRunner", "Assembly"]),

        // Tests.
        .target(name: "Fixtures", dependencies: ["Traffic"], path: "Tests/Fixtures", swiftSettings: strict),
        tests("TrafficTests", ["Traffic"]),
        tests("StagesTests", ["Traffic", "Stages", "GantryTesting"]),
        tests("TopicsTests", ["Traffic", "Topics", "Wire", "GantryTesting", protobuf], exclude: ["recordings.py"]),
        tests("WireTests", ["Traffic", "Topics", "Wire", "GantryTesting", protobuf]),
        tests(
            "StageRunnerTests",
            ["Traffic", "Stages", "Topics", "StageRunner", "GantryTesting", metrics, coreMetrics, logging]),
        tests(
            "KafkaTopicsTests",
            ["Traffic", "Stages", "Topics", "Wire", "StageRunner", "KafkaTopics", "GantryTesting", logging]),
        tests(
            "VisionTests", ["Traffic", "Stages", "Grammars", "Vision", logging, crypto], exclude: ["Plates", "Faces"]),
        tests("CustodyTests", ["Traffic", "Custody", "GantryTesting", crypto]),
        tests("PapersTests", ["Traffic", "Papers"]),
        tests(
            "PostGISTests",
            ["Traffic", "StageRunner", "PostGIS", "Custody", "Assembly", "GantryTesting", crypto, logging]),
        tests(
            "GantryTestingTests",
            ["Traffic", "Stages", "Topics", "Wire", "StageRunner", "GantryTesting", logging, metrics, coreMetrics]),
        tests(
            "ReplayTests",
            ["Traffic", "Stages", "Grammars", "Topics", "Wire", "StageRunner", "Replay", "GantryTesting"],
            exclude: ["Fixtures"]),
        tests(
            "SimulatedCityTests",
            [
                "Traffic", "Topics", "Wire", "StageRunner", "KafkaTopics", "Custody", "PostGIS", "SimulatedCity",
                "GantryTesting",
            ]),
        tests(
            "PipelineTests",
            [
                "Traffic", "Stages", "Topics", "Wire", "StageRunner", "KafkaTopics", "PostGIS", "Assembly",
                "GantryTesting", logging,
            ]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
