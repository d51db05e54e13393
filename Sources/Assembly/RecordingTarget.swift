public import ArgumentParser
import Foundation
import Grammars
public import Replay
public import StageRunner
import Stages
public import Topics
import Wire

/// What goes into a recording, as commands that make one are told.
public struct RecordingArguments: ParsableArguments, Sendable {
    @Flag(help: "Also record whole frames: faces and plates in clear.")
    public var includeFrames = false
    @Flag(help: "Leave pictures out.")
    public var stripImages = false
    @Flag(help: "Put stable invented plates of the same grammar in place of the real ones; leaves pictures out too.")
    public var pseudonymise = false
    @Option(
        help: ArgumentHelp(
            "Key of the invented plates, a file of at least 16 bytes; without it they differ from recording to recording.",
            valueName: "file"))
    public var pseudonymKey: String?

    public init() {}

    public func validate() throws {
        if includeFrames && (stripImages || pseudonymise) {
            throw ValidationError("--include-frames can't go with --strip-images or --pseudonymise")
        }
        if pseudonymKey != nil && !pseudonymise { throw ValidationError("--pseudonym-key needs --pseudonymise") }
    }

    /// Where to record for a recording at `path`: pseudonyms need to know which plate was where, so they come when all
    /// is recorded.
    public func workPath(for path: String) -> String { pseudonymise ? path + ".real" : path }

    /// What is taken out of records as they are recorded.
    public var sharing: Sharing? { stripImages || pseudonymise ? Sharing() : nil }

    /// Turns what was recorded at ``workPath(for:)`` into the recording at `path`.
    public func complete(_ path: String, home: GantryHome) throws {
        guard pseudonymise else { return }
        let grammars = try GrammarFile.standard(home: home.directory)
        _ = try ShareRecording.copy(workPath(for: path), to: path, pseudonymise: grammars, key: try key())
        try FileManager.default.removeItem(atPath: workPath(for: path))
    }

    /// The key of the pseudonyms: the file's, or a new one that nobody keeps.
    public func key() throws -> [UInt8] {
        guard let pseudonymKey else { return (0..<32).map { _ in UInt8.random(in: 0...255) } }
        guard let data = FileManager.default.contents(atPath: pseudonymKey), data.count >= 16 else {
            throw RecordingArgumentsError.badKey(pseudonymKey)
        }
        return Array(data)
    }
}

public enum RecordingArgumentsError: Error, Equatable, CustomStringConvertible {
    case badKey(String)

    public var description: String {
        switch self {
        case .badKey(let path):
            "ASM201 \(path) is no key: it must be a file of at least 16 bytes. Make one: head -c 32 /dev/urandom > FILE"
        }
    }
}

/// A recording in the making, with what the arguments leave out.
public final class RecordingTarget: Sendable {
    public let path: String
    private let arguments: RecordingArguments
    private let home: GantryHome
    private let recorder: Recorder

    /// - Throws: ``RecordingError`` when the file can't be made or exists already.
    public init(_ path: String, _ arguments: RecordingArguments, home: GantryHome) throws {
        self.path = path
        self.arguments = arguments
        self.home = home
        if FileManager.default.fileExists(atPath: path) { throw RecordingError.exists(path: path) }
        recorder = try Recorder(
            to: arguments.workPath(for: path), schemas: Schema.recordings, sharing: arguments.sharing)
    }

    public func append(_ records: [Record], to topic: String) throws { try recorder.append(records, to: topic) }

    /// What was recorded is whole and under its name after this. Calls after the first do nothing.
    public func finish() throws {
        if try recorder.finish() != nil { try arguments.complete(path, home: home) }
    }
}
