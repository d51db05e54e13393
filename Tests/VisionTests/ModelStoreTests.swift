import Foundation
import Testing
import Traffic

@testable import Vision

private let digestOfHello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

private func manifest(sha256: String = digestOfHello) -> String {
    """
    preference:
      plates: [second, first]
      vehicles: [wagons]
    models:
      - name: first
        task: plates
        runs_on: [openvino, opencv]
        licence: MIT
        origin: here
        files:
          - file: first.onnx
            sha256: \(sha256)
            from: committed
      - name: second
        task: plates
        runs_on: [openvino]
        licence: MIT
        origin: here
        files:
          - file: second.onnx
            sha256: \(sha256)
            from: committed
      - name: wagons
        task: vehicles
        runs_on: [opencv]
        licence: MIT
        origin: here
        files:
          - file: wagons.weights
            sha256: \(sha256)
            from: committed
          - file: wagons.cfg
            sha256: \(sha256)
            from: committed
    """
}

private func descriptor(_ model: String) -> String {
    """
    task: plates
    model: \(model)
    decode: corner-map
    input: {width: 64, height: 32, colour: grey, fit: stretch}
    score: 0.5
    """
}

@Suite struct ModelStoreTests {
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        try folder.write(manifest(), "models.yaml")
        try folder.write(descriptor("first.onnx"), "descriptors/first.yaml")
        try folder.write(descriptor("second.onnx"), "descriptors/second.yaml")
    }

    @Test func `the most wanted model that is installed and runs is taken`() throws {
        try folder.write("hello", "first.onnx")
        let store = try ModelStore(folders: [folder.url])
        #expect(try store.network(for: .plates, on: .openvino).name == "first")
        try folder.write("hello", "second.onnx")
        #expect(try store.network(for: .plates, on: .openvino).name == "second")
        #expect(try store.network(for: .plates, on: .opencv).name == "first")
    }

    @Test func `a missing model is an error that names the command`() throws {
        let store = try ModelStore(folders: [folder.url])
        let one = #expect(throws: ModelStoreError.self) {
            try store.network(for: .plates, named: "first", on: .openvino)
        }
        #expect(one == .missing(name: "first", files: ["first.onnx"], folders: [folder.url.path]))
        #expect(one?.description.contains("make models") == true)
        let any = #expect(throws: ModelStoreError.self) { try store.network(for: .plates, on: .openvino) }
        #expect(any == .noneInstalled(task: .plates, backend: "openvino", tried: ["second", "first"]))
        #expect(any?.description.contains("make models") == true)
    }

    @Test func `each model's trouble can be told`() throws {
        try folder.write("hello", "first.onnx")
        try folder.write("other", "second.onnx")
        let store = try ModelStore(folders: [folder.url])
        let troubles = store.manifest.models.map(store.trouble)
        #expect(troubles[0] == nil)
        guard case .digest? = troubles[1] else {
            Issue.record("\(String(describing: troubles[1]))")
            return
        }
        #expect(
            troubles[2]
                == .missing(
                    name: "wagons", files: ["wagons.weights", "wagons.cfg"], folders: [folder.url.path]))
    }

    @Test func `another file under a model's name is refused`() throws {
        let file = try folder.write("tampered", "first.onnx")
        let store = try ModelStore(folders: [folder.url])
        let error = #expect(throws: ModelStoreError.self) {
            try store.network(for: .plates, named: "first", on: .openvino)
        }
        guard case .digest(file.path, _, digestOfHello)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `a file that changes after it was checked is checked again`() throws {
        try folder.write("hello", "first.onnx")
        let store = try ModelStore(folders: [folder.url])
        #expect(throws: Never.self) { try store.network(for: .plates, named: "first", on: .openvino) }
        try folder.write("hello, changed", "first.onnx")
        #expect(throws: ModelStoreError.self) { try store.network(for: .plates, named: "first", on: .openvino) }
    }

    @Test func `a model for another task or back end is refused by name`() throws {
        try folder.write("hello", "second.onnx")
        let store = try ModelStore(folders: [folder.url])
        #expect(throws: ModelStoreError.wrongTask(name: "second", is: .plates, wanted: .faces)) {
            try store.network(for: .faces, named: "second", on: .openvino)
        }
        #expect(throws: ModelStoreError.wrongBackend(name: "second", backend: "opencv", runsOn: ["openvino"])) {
            try store.network(for: .plates, named: "second", on: .opencv)
        }
    }

    @Test func `an operator's own model needs a descriptor and its file, no code`() throws {
        let own = try ScratchFolder()
        try own.write(descriptor("mine.onnx"), "mine.yaml")
        let store = try ModelStore(folders: [folder.url, own.url])
        #expect(throws: ModelStoreError.missing(name: "mine", files: ["mine.onnx"], folders: store.folders.map(\.path)))
        {
            try store.network(for: .plates, named: "mine", on: .openvino)
        }
        try own.write("anything", "mine.onnx")
        let model = try store.network(for: .plates, named: "mine", on: .openvino)
        #expect(model.weights.path == own.url.appending(path: "mine.onnx").path && model.descriptor.width == 64)
        let unknown = #expect(throws: ModelStoreError.self) {
            try store.network(for: .plates, named: "theirs", on: .openvino)
        }
        #expect(unknown == .unknown(name: "theirs", known: ["second", "first"]))
    }

    @Test func `without a manifest there is no store`() throws {
        let empty = try ScratchFolder()
        #expect(throws: ModelStoreError.noManifest(folders: [empty.url.path])) {
            try ModelStore(folders: [empty.url])
        }
    }

    @Test(arguments: [
        ("task: vehicles", "task: lorries", "must be one of"),
        ("plates: [second, first]", "plates: [second, third]", "'third' is no model for plates"),
        ("name: second", "name: first", "listed twice"),
        ("runs_on: [opencv]", "runs_on: [abacus]", "nothing called 'abacus'"),
        ("from: committed", "from: thin air", "must be one of"),
        ("licence: MIT", "license: MIT", "unknown key"),
        (digestOfHello, "2CF2", "64 lower-case hexadecimal"),
    ])
    func `what is wrong in a manifest is named with its line`(old: String, new: String, what: String) throws {
        let sound = manifest(), broken = sound.replacing(old, with: new)
        let line = try #require(
            zip(sound.split(separator: "\n"), broken.split(separator: "\n")).enumerated().first { $1.0 != $1.1 })
        let error = #expect(throws: ModelFileError.self) { try ModelManifest(yaml: broken, file: "models.yaml") }
        guard case .invalid(_, let problems)? = error else { return }
        #expect(problems.contains { $0.line == line.offset + 1 && $0.what.contains(what) }, "\(problems)")
    }
}

/// The manifest and descriptors that come with Gantry.
@Suite struct ShippedModelTests {
    private let installed: Installed
    init() throws { installed = try Installed() }

    @Test func `every listed network has a descriptor for its task and its files`() throws {
        let folder = try #require(
            installed.store.folders.first { FileManager.default.fileExists(atPath: $0.path + "/models.yaml") })
        for model in installed.store.manifest.models where model.task != .reader {
            let file = folder.appending(path: "descriptors/\(model.name).yaml")
            let descriptor = try ModelDescriptor(yaml: String(contentsOf: file, encoding: .utf8), file: file.path)
            #expect(descriptor.task == model.task)
            let files = [descriptor.model] + (descriptor.configuration.map { [$0] } ?? [])
            #expect(Set(files) == Set(model.files.map(\.name)))
            #expect(!model.licence.isEmpty && !model.origin.isEmpty)
        }
    }

    @Test func `scripts/models reads the same manifest`() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "scripts/models", "--list"]
        process.currentDirectoryURL = installed.store.folders[1].deletingLastPathComponent()
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try #require(try pipe.fileHandleForReading.readToEnd())
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        struct Listed: Decodable {
            struct Model: Decodable {
                struct File: Decodable { var file, sha256, from: String }
                var name, task, licence, origin: String
                var runs_on: [String]
                var files: [File]
            }
            var preference: [String: [String]]
            var models: [Model]
        }
        let listed = try JSONDecoder().decode(Listed.self, from: data)
        let manifest = installed.store.manifest
        #expect(listed.models.map(\.name) == manifest.models.map(\.name))
        #expect(listed.models.map(\.licence) == manifest.models.map(\.licence))
        #expect(listed.models.map(\.runs_on) == manifest.models.map { $0.runsOn.map(\.rawValue) })
        #expect(
            listed.models.map { $0.files.map { [$0.file, $0.sha256, $0.from] } }
                == manifest.models.map { $0.files.map { [$0.name, $0.sha256, $0.origin.rawValue] } })
        #expect(listed.preference == Dictionary(uniqueKeysWithValues: manifest.preference.map { ($0.rawValue, $1) }))
    }
}
