import Foundation
import StageRunner
import Traffic
import Wire

/// Passages as lines of JSON, in the order in which they were stored.
///
/// The file has its name when the run is over, however it ends: a reader never takes half a run for a whole one.
final class PassageFile: @unchecked Sendable {
    // Used by the sink's thread alone, then by the command once the sink has returned.
    private let file: WholeFile

    /// Plates in clear: as readable as recordings are.
    init(_ path: String) throws { file = try WholeFile(path, permissions: 0o640) }

    func append(_ passages: [Passage]) throws {
        var lines = Data()
        for passage in passages {
            lines += try PassageLine(passage).json()
            lines.append(UInt8(ascii: "\n"))
        }
        try file.handle.write(contentsOf: lines)
    }

    func finish() throws { try file.finish() }

    /// Leaves nothing of what was written.
    func discard() { file.discard() }
}

/// The best crops of rendered vehicles, one JPEG a passage. Crops of real ones are only ever stored sealed.
struct CropFolder: Sendable {
    let path: String

    init(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        self.path = path
    }

    func write(_ passages: [Passage]) throws {
        for passage in passages {
            guard let crop = passage.best.crop else { continue }
            let name = "\(passage.camera)-\(passage.best.frame)-\(passage.id.description.prefix(8)).jpg"
            try Data(crop.jpeg).write(to: URL(filePath: path).appending(path: name), options: .atomic)
        }
    }
}

/// What stops a run before it starts. Codes `LOC1xx`.
enum RunError: Error, Equatable, CustomStringConvertible {
    case notRendered(String)
    case recordsTopics

    var description: String {
        switch self {
        case .notRendered(let media):
            "LOC102 \(media) does not say `\"rendered\": true`: crops of real vehicles are only stored sealed. "
                + "Leave out --crops."
        case .recordsTopics:
            "LOC103 --record is for all stages in one process. With --stages the topics are on Kafka: gantry record."
        }
    }
}
