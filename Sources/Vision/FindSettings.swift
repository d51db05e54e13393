public import Foundation

/// Which models ``ObjectFinder`` runs, on what.
public struct FinderSettings: Hashable, Sendable {
    /// Names of models; nil takes the most wanted that is installed.
    public var vehicles, plates, faces: String?
    public var backend = InferenceBackend.Preference.auto
    /// Threads inside one inference.
    public var threads = 1
    /// In place of the descriptors' thresholds, 0...1.
    public var vehicleScore, plateScore, faceScore: Double?

    public init() {}
}

/// The chosen back end and models, found and checked once; each worker makes its own finder from it.
public struct FinderRecipe: Sendable {
    public let backend: InferenceBackend
    public let vehicles, plates, faces: InstalledModel
    /// What the finders made from this recipe have run so far.
    public let calls = NetworkCalls()
    private let settings: FinderSettings

    /// - Parameter home: The folder `.gantry`.
    /// - Throws: ``ModelStoreError`` for what is missing, with the command that installs it.
    public init(_ settings: FinderSettings, store: ModelStore, home: URL) throws(ModelStoreError) {
        self.settings = settings
        backend = try .choose(home: home, preference: settings.backend)
        vehicles = try store.network(for: .vehicles, named: settings.vehicles, on: backend.runtime)
        plates = try store.network(for: .plates, named: settings.plates, on: backend.runtime)
        faces = try store.network(for: .faces, named: settings.faces, on: backend.runtime)
    }

    /// Loads the three networks; 0.2 to 0.6 s.
    public func makeFinder() throws(VisionError) -> ObjectFinder {
        try ObjectFinder(
            vehicles: detector(vehicles, settings.vehicleScore),
            // Whatever is read, what looks a little like a plate is found too, for it may have to be hidden.
            plates: detector(plates, min(plates.descriptor.hide, settings.plateScore ?? 1)),
            faces: detector(faces, settings.faceScore), plateScore: settings.plateScore)
    }

    private func detector(_ model: InstalledModel, _ score: Double?) throws(VisionError) -> Detector {
        try Detector(
            model.descriptor, network: try backend.load(model, threads: settings.threads), score: score,
            calls: calls)
    }
}
