import Foundation
public import Topics
import Wire

/// Writes a recording that is there whole or not at all: half a copy must not pass for one.
public enum WholeRecording {
    /// - Parameters:
    ///   - target: A file that is there is not replaced.
    ///   - records: Appends them.
    /// - Returns: What was written.
    public static func write(
        _ target: String, _ records: (inout RecordingWriter) throws -> Void
    ) throws -> RecordingSummary {
        guard !FileManager.default.fileExists(atPath: target) else { throw RecordingError.exists(path: target) }
        let partial = target + ".partial"
        var options = RecordingOptions()
        options.overwrites = true
        do {
            var writer = try RecordingWriter(to: partial, schemas: Schema.recordings, options: options)
            try records(&writer)
            let summary = try writer.finish()
            guard rename(partial, target) == 0 else { throw ShareError.unwritable(target) }
            return summary
        } catch {
            unlink(partial)
            throw error
        }
    }
}
