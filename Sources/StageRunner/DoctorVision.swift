internal import Foundation

extension VisionReport {
    /// Asks the sibling executable `gantry-local`.
    ///
    /// - Parameters:
    ///   - folder: Where it lies; nil for the folder of this executable.
    ///   - timeout: After which it is stopped, in seconds.
    /// - Returns: The report, or a line that says why there is none.
    public static func ask(in folder: String? = nil, timeout: Double = 60) -> Result<VisionReport, NoVision> {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let sibling = (folder ?? URL(fileURLWithPath: own).deletingLastPathComponent().path) + "/gantry-local"
        guard FileManager.default.isExecutableFile(atPath: sibling) else {
            return .failure(
                NoVision(
                    line: DoctorLine("vision", .note, "not asked: there is no \(sibling)", remedy: "run `make build`")))
        }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: sibling)
        process.arguments = ["doctor-vision", "--json"]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            return .failure(NoVision(line: failed("\(sibling) can't be started: \(error)")))
        }
        let stop = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + timeout, execute: stop)
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        stop.cancel()
        guard let report = try? JSONDecoder().decode(VisionReport.self, from: bytes) else {
            return .failure(
                NoVision(
                    line: failed("`gantry-local doctor-vision` ended with \(process.terminationStatus) and no report")))
        }
        return .success(report)
    }

    private static func failed(_ found: String) -> DoctorLine {
        DoctorLine("vision", .failed, found, remedy: "run `make setup` and `make build`")
    }
}

/// Why there is no ``VisionReport``.
public struct NoVision: Error, Hashable, Sendable {
    public var line: DoctorLine
}
