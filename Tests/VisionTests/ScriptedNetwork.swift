import Foundation
import Traffic

@testable import Vision

/// A network whose outputs are given; what was prepared and run is counted.
final class ScriptedNetwork: Inference {
    struct Output {
        var shape: [Int]
        var values: [Float]

        /// Zeros, to be filled in at a few places.
        init(_ shape: Int..., at places: [(Int, Float)] = []) {
            self.shape = shape
            values = Array(repeating: 0, count: shape.reduce(1, *))
            for (index, value) in places { values[index] = value }
        }
    }

    let inputSize: (width: Int, height: Int)
    private var outputs: [(shape: [Int], values: UnsafeMutableBufferPointer<Float>)] = []
    private(set) var runs = 0
    private(set) var regions: [Box] = []
    var failure: VisionError?

    init(width: Int, height: Int, _ outputs: [Output]) {
        inputSize = (width, height)
        for output in outputs {
            let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: output.values.count)
            _ = memory.initialize(from: output.values)
            self.outputs.append((output.shape, memory))
        }
    }
    deinit { for output in outputs { output.values.deallocate() } }

    func prepare(_ pyramid: Pyramid, region: Box, _ preparation: Preparation) throws(VisionError) -> Placement {
        regions.append(region)
        let scale = min(Double(inputSize.width) / region.width, Double(inputSize.height) / region.height)
        return Placement(left: region.x, top: region.y, scaleX: scale, scaleY: scale)
    }
    func run() throws(VisionError) {
        if let failure { throw failure }
        runs += 1
    }
    var outputCount: Int { outputs.count }
    func output(_ index: Int) -> Tensor {
        Tensor(values: UnsafeBufferPointer(outputs[index].values), shape: outputs[index].shape)
    }
}

extension ModelDescriptor {
    /// A descriptor with what a decoder needs and nothing more.
    static func plain(
        _ task: ModelTask, _ decode: DecodeKind, _ width: Int, _ height: Int, score: Double = 0.5,
        classes: [Int: VehicleClass] = [:]
    ) -> ModelDescriptor {
        ModelDescriptor(
            task: task, model: "none", decode: decode, width: width, height: height, classes: classes, score: score,
            overlap: 0.4)
    }
}

/// What `make setup` and `make models` installed. A test that needs it fails without it, and says so.
struct Installed {
    struct Absent: Error, CustomStringConvertible {
        let description = "no folder .gantry found from GANTRY_HOME or the working directory: run `make setup`"
    }
    let home: URL
    let store: ModelStore

    init() throws {
        var candidates: [URL] = []
        if let named = ProcessInfo.processInfo.environment["GANTRY_HOME"] { candidates.append(URL(filePath: named)) }
        var folder = URL(filePath: FileManager.default.currentDirectoryPath)
        while folder.path != "/" {
            candidates.append(folder.appending(path: ".gantry"))
            folder.deleteLastPathComponent()
        }
        guard let home = candidates.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
            throw Absent()
        }
        self.home = home
        store = try ModelStore.standard(home: home)
    }

    func backend(_ preference: InferenceBackend.Preference) throws -> InferenceBackend {
        try InferenceBackend.choose(home: home, preference: preference)
    }
}

/// A folder of a test's own, removed with it.
final class ScratchFolder {
    let url: URL
    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "gantry-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(at: url) }

    @discardableResult func write(_ text: String, _ name: String) throws -> URL {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file
    }
}
