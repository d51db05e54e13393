internal import Foundation
internal import Synchronization
internal import Traffic

/// A folder of simulated clips with its `cameras.json` and `truth.jsonl`.
///
/// `cameras.json` is written last and names the settings, so a folder is complete exactly when it is there.
public struct SimulatedClips: Sendable {
    public enum Outcome: Sendable, Equatable {
        case rendered
        /// The folder already held just these clips.
        case reused
    }

    public let scenario: Scenario
    /// Where the files go.
    public let folder: String

    public init(_ scenario: Scenario, folder: String) {
        self.scenario = scenario
        self.folder = folder
    }

    public var totalFrames: Int { scenario.sites.count * scenario.framesPerClip }

    private func path(_ name: String) -> String { URL(fileURLWithPath: folder).appendingPathComponent(name).path }
    private func clip(_ site: Int) -> String { path("\(scenario.sites[site].camera.id).mp4") }
    private func unfinished(_ site: Int) -> String { path(".\(scenario.sites[site].camera.id).unfinished.mp4") }

    /// Renders what is missing, some cameras at a time, and blocks until all is written.
    ///
    /// - Parameters:
    ///   - force: Render even if the folder already holds these clips.
    ///   - progress: Called after each frame with the number of frames done, from several threads.
    /// - Throws: ``RenderError/foreignFolder(_:)`` when the folder holds clips that were not rendered.
    public func write(force: Bool, progress: @escaping @Sendable (Int) -> Void) throws -> Outcome {
        let files = FileManager.default
        let marker = path("cameras.json")
        if let found = try? String(contentsOfFile: marker, encoding: .utf8) {
            guard found.contains("\"rendered\": true") else { throw RenderError.foreignFolder(folder) }
            let whole = scenario.sites.indices.allSatisfy { files.fileExists(atPath: clip($0)) }
            if !force && whole && found == scenario.camerasJSON() && files.fileExists(atPath: path("truth.jsonl")) {
                return .reused
            }
            // From here until the end the folder is incomplete, and says so by lacking this file.
            try files.removeItem(atPath: marker)
        }
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // What an interrupted run left.
        for name in try files.contentsOfDirectory(atPath: folder) where name.hasSuffix(".unfinished.mp4") {
            try files.removeItem(atPath: path(name))
        }
        try renderAll(progress: progress)
        let truth = scenario.truth().map { $0.json + "\n" }.joined()
        try truth.write(toFile: path("truth.jsonl"), atomically: true, encoding: .utf8)
        try scenario.camerasJSON().write(toFile: marker, atomically: true, encoding: .utf8)
        return .rendered
    }

    private func renderAll(progress: @escaping @Sendable (Int) -> Void) throws {
        let done = Atomic(0)
        let failure = Mutex<(any Error)?>(nil)
        // One thread inside OpenCV: the cameras are the parallel part.
        OpenCV.setThreads(1)
        DispatchQueue.concurrentPerform(iterations: scenario.sites.count) { site in
            do {
                try render(site) {
                    progress(done.add(1, ordering: .relaxed).newValue)
                    return failure.withLock { $0 == nil }
                }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// - Parameter goOn: Called after each frame; false ends the rendering early.
    private func render(_ site: Int, goOn: () -> Bool) throws {
        let settings = scenario.settings
        let renderer = try ClipRenderer(scenario, site: site)
        var writer = try ClipWriter(
            path: unfinished(site), framesPerSecond: Double(settings.framesPerSecond), width: settings.width,
            height: settings.height)
        for frame in 0..<scenario.framesPerClip {
            try writer.append(renderer.frame(frame))
            guard goOn() else { return }
        }
        writer.finish()
        _ = rename(unfinished(site), clip(site))
        guard FileManager.default.fileExists(atPath: clip(site)) else {
            throw RenderError.unwritable(clip(site))
        }
    }
}
