internal import Crypto
public import Foundation
internal import Synchronization

/// A model whose files are here and are what the manifest says.
public struct InstalledModel: Hashable, Sendable {
    public var name: String
    public var descriptor: ModelDescriptor
    public var weights: URL
    /// Darknet's cfg.
    public var configuration: URL?
}

/// A model that can't be had. Codes `MDL2xx` are stable.
public enum ModelStoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// OpenVINO was asked for and is not there.
    case noOpenVINO(String)
    /// No manifest in any of the folders.
    case noManifest(folders: [String])
    /// A name that neither the manifest nor a descriptor in a model folder knows.
    case unknown(name: String, known: [String])
    /// Known, and not installed.
    case missing(name: String, files: [String], folders: [String])
    /// Known, and for something else.
    case wrongTask(name: String, is: ModelTask, wanted: ModelTask)
    /// Known, and the back end can't run it.
    case wrongBackend(name: String, backend: String, runsOn: [String])
    /// Nothing for a task.
    case noneInstalled(task: ModelTask, backend: String, tried: [String])
    /// Another file under a model's name.
    case digest(file: String, found: String, expected: String)
    /// A descriptor or the manifest is wrong.
    case file(ModelFileError)
    case unreadable(file: String, reason: String)

    public var description: String {
        switch self {
        case .noOpenVINO(let what):
            "MDL201 the pipeline asks for OpenVINO, but \(what). Run `make setup`, or set detect.backend to auto."
        case .noManifest(let folders):
            "MDL202 there is no models.yaml in \(folders.joined(separator: ", ")). Run in a checkout, or set GANTRY_MODELS to a folder that has one."
        case .unknown(let name, let known):
            "MDL203 no model is called '\(name)'. Known: \(known.joined(separator: ", ")). Your own needs \(name).yaml and its weights in a folder of GANTRY_MODELS."
        case .missing(let name, let files, let folders):
            "MDL204 the model \(name) is not installed: \(files.joined(separator: ", ")) not found in \(folders.joined(separator: ", ")). Run `make models`."
        case .wrongTask(let name, let task, let wanted):
            "MDL205 the model \(name) is for \(task.rawValue), not for \(wanted.rawValue). Name another, or none to take the best installed."
        case .wrongBackend(let name, let backend, let runsOn):
            "MDL206 the model \(name) runs on \(runsOn.joined(separator: ", ")), not on \(backend). Change detect.backend, or name another model."
        case .noneInstalled(let task, let backend, let tried):
            "MDL207 no model for \(task.rawValue) is installed that runs on \(backend); looked for \(tried.joined(separator: ", ")). Run `make models` (and `make setup` for OpenVINO)."
        case .digest(let file, let found, let expected):
            "MDL208 \(file) has SHA-256 \(found), but the manifest says \(expected). Remove the file and run `make models`."
        case .file(let error): error.description
        case .unreadable(let file, let reason): "MDL209 can't read \(file): \(reason)"
        }
    }
}

/// Finds models in folders, by name or the best for a task, and checks what it finds.
public struct ModelStore: Sendable {
    public let manifest: ModelManifest
    /// Searched in this order.
    public let folders: [URL]
    /// Where the manifest and its `descriptors` folder lie.
    private let manifestFolder: URL

    /// - Throws: ``ModelStoreError`` when there is no manifest, or a wrong one.
    public init(folders: [URL]) throws(ModelStoreError) {
        self.folders = folders
        let manifests = folders.filter {
            FileManager.default.isReadableFile(atPath: $0.appending(path: "models.yaml").path)
        }
        guard let folder = manifests.first else { throw .noManifest(folders: folders.map(\.path)) }
        manifestFolder = folder
        let file = folder.appending(path: "models.yaml")
        do throws(ModelFileError) {
            manifest = try ModelManifest(yaml: try Self.text(file), file: file.path)
        } catch { throw .file(error) }
    }

    /// `<home>/models`, the checkout's `models`, the folders of `GANTRY_MODELS` (default `../shared/models` beside
    /// the checkout).
    ///
    /// - Parameter home: The folder `.gantry`.
    public static func standard(
        home: URL, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ModelStoreError) -> ModelStore {
        let checkout = home.deletingLastPathComponent()
        let named = (environment["GANTRY_MODELS"] ?? "").split(separator: ":").map { URL(filePath: String($0)) }
        let others = named.isEmpty ? [checkout.appending(path: "../shared/models").standardizedFileURL] : named
        return try ModelStore(folders: [home.appending(path: "models"), checkout.appending(path: "models")] + others)
    }

    /// What keeps a model of the manifest from being used; nil when its files are here and right.
    public func trouble(with model: ModelManifest.Model) -> ModelStoreError? {
        do throws(ModelStoreError) {
            let found = model.task == .reader ? try files(of: model) != nil : try installed(model) != nil
            return found ? nil : missing(model)
        } catch { return error }
    }

    /// The file of a model that is no network, for example the reader's.
    ///
    /// - Parameter name: Nil for the most wanted that is installed.
    public func file(for task: ModelTask, named name: String? = nil) throws(ModelStoreError) -> URL {
        let candidates: [ModelManifest.Model]
        if let name {
            guard let model = manifest.model(named: name) else { throw .unknown(name: name, known: known(task)) }
            guard model.task == task else { throw .wrongTask(name: name, is: model.task, wanted: task) }
            candidates = [model]
        } else {
            candidates = manifest.models(for: task)
        }
        for model in candidates {
            if let found = try files(of: model), let first = found.first { return first }
        }
        if let name { throw missing(manifest.model(named: name)!) }  // found above
        throw .noneInstalled(task: task, backend: "this machine", tried: candidates.map(\.name))
    }

    /// A network for a task, checked.
    ///
    /// - Parameter name: In the manifest, or of a descriptor `NAME.yaml` in one of the folders; nil for the most
    ///   wanted that is installed and runs on the back end.
    public func network(
        for task: ModelTask, named name: String? = nil, on runtime: ModelManifest.Runtime
    ) throws(ModelStoreError) -> InstalledModel {
        if let name { return try named(name, task, runtime) }
        let candidates = manifest.models(for: task).filter { $0.runsOn.contains(runtime) }
        for model in candidates {
            if let found = try installed(model) { return found }
        }
        throw .noneInstalled(task: task, backend: runtime.rawValue, tried: candidates.map(\.name))
    }

    private func named(
        _ name: String, _ task: ModelTask, _ runtime: ModelManifest.Runtime
    ) throws(ModelStoreError) -> InstalledModel {
        guard let model = manifest.model(named: name) else { return try operators(name, task) }
        guard model.task == task else { throw .wrongTask(name: name, is: model.task, wanted: task) }
        guard model.runsOn.contains(runtime) else {
            throw .wrongBackend(name: name, backend: runtime.rawValue, runsOn: model.runsOn.map(\.rawValue))
        }
        guard let found = try installed(model) else { throw missing(model) }
        return found
    }

    /// A model of the operator's own: descriptor and weights in a model folder, without an entry in the manifest.
    private func operators(_ name: String, _ task: ModelTask) throws(ModelStoreError) -> InstalledModel {
        guard !name.contains("/"), let descriptorFile = find("\(name).yaml") else {
            throw .unknown(name: name, known: known(task))
        }
        let descriptor = try Self.descriptor(descriptorFile)
        guard descriptor.task == task else { throw .wrongTask(name: name, is: descriptor.task, wanted: task) }
        let wanted = [descriptor.model] + (descriptor.configuration.map { [$0] } ?? [])
        let found = wanted.map(find)
        guard let weights = found[0], !found.contains(nil) else {
            throw .missing(
                name: name, files: zip(wanted, found).filter { $1 == nil }.map(\.0), folders: folders.map(\.path))
        }
        return InstalledModel(
            name: name, descriptor: descriptor, weights: weights, configuration: found.count > 1 ? found[1] : nil)
    }

    private func installed(_ model: ModelManifest.Model) throws(ModelStoreError) -> InstalledModel? {
        guard let found = try files(of: model) else { return nil }
        let descriptor = try Self.descriptor(manifestFolder.appending(path: "descriptors/\(model.name).yaml"))
        func location(_ name: String) -> URL? { found.first { $0.lastPathComponent == name } }
        guard let weights = location(descriptor.model) else { return nil }
        return InstalledModel(
            name: model.name, descriptor: descriptor, weights: weights,
            configuration: descriptor.configuration.flatMap(location))
    }

    /// All files of a model with their digests checked; nil when one is not there.
    private func files(of model: ModelManifest.Model) throws(ModelStoreError) -> [URL]? {
        var found: [URL] = []
        for file in model.files {
            guard let url = find(file.name) else { return nil }
            let digest = try Digests.shared.digest(of: url)
            guard digest == file.sha256 else {
                throw .digest(file: url.path, found: digest, expected: file.sha256)
            }
            found.append(url)
        }
        return found
    }

    private func missing(_ model: ModelManifest.Model) -> ModelStoreError {
        .missing(
            name: model.name, files: model.files.map(\.name).filter { find($0) == nil }, folders: folders.map(\.path))
    }

    private func known(_ task: ModelTask) -> [String] { manifest.models(for: task).map(\.name) }

    private func find(_ file: String) -> URL? {
        folders.map { $0.appending(path: file) }.first { FileManager.default.isReadableFile(atPath: $0.path) }
    }

    private static func descriptor(_ file: URL) throws(ModelStoreError) -> ModelDescriptor {
        do throws(ModelFileError) {
            return try ModelDescriptor(yaml: try text(file), file: file.path)
        } catch { throw .file(error) }
    }

    private static func text(_ file: URL) throws(ModelFileError) -> String {
        do { return try String(contentsOf: file, encoding: .utf8) } catch {
            throw .invalid(file: file.path, problems: [.init(line: 1, what: "can't be read: \(error)")])
        }
    }
}

/// Digests of files already seen, by path, size and time of change: 35 MB take a tenth of a second.
private final class Digests: Sendable {
    static let shared = Digests()

    private struct Key: Hashable {
        var path: String
        var size: Int
        var changed: Date
    }
    private let known = Mutex<[Key: String]>([:])

    func digest(of file: URL) throws(ModelStoreError) -> String {
        do {
            let facts = try FileManager.default.attributesOfItem(atPath: file.path)
            let key = Key(
                path: file.path, size: facts[.size] as? Int ?? -1,
                changed: facts[.modificationDate] as? Date ?? .distantPast)
            if let digest = known.withLock({ $0[key] }) { return digest }
            let digest = SHA256.hash(data: try Data(contentsOf: file)).map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined()
            known.withLock { $0[key] = digest }
            return digest
        } catch {
            throw .unreadable(file: file.path, reason: "\(error)")
        }
    }
}
