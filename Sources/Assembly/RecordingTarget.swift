public import ArgumentParser
import Foundation
import Grammars
import Replay
public import StageRunner
import Stages
public import Topics
import Wire

/// What is left out of a recording, as commands that make or copy one are told.
public struct SharingArguments: ParsableArguments, Sendable {
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
        if pseudonymKey != nil && !pseudonymise { throw ValidationError("--pseudonym-key needs --pseudonymise") }
    }

    /// Refuses frames together with what leaves pictures out.
    public func check(includeFrames: Bool) throws {
        if includeFrames, stripImages || pseudonymise {
            throw ValidationError("--include-frames can't go with --strip-images or --pseudonymise")
        }
    }

    /// The key of the pseudonyms: the file's, or a new one that nobody keeps.
    public func key() throws -> [UInt8] {
        guard let pseudonymKey else { return (0..<32).map { _ in UInt8.random(in: 0...255) } }
        guard let data = FileManager.default.contents(atPath: pseudonymKey), data.count >= 16 else {
            throw SharingArgumentsError.badKey(pseudonymKey)
        }
        return Array(data)
    }
}

public enum SharingArgumentsError: Error, Equatable, CustomStringConvertible {
    case badKey(String)
    case notPseudonymised(real: String, path: String, why: String)

    public var description: String {
        switch self {
        case .notPseudonymised(let real, let path, let why):
            "ASM202 the recording is whole in \(real), with real plates, but the copy with invented ones failed: \(why) "
                + "Then: gantry recording share \(real) --out \(path) --pseudonymise, and remove \(real)."
        case .badKey(let path):
            "ASM201 \(path) is no key: it must be a file of at least 16 bytes. Make one: head -c 32 /dev/urandom > FILE"
        }
    }
}

/// A recording in the making, with what the arguments leave out.
///
/// Pseudonyms need to know which plate was where, so they come when all is recorded; until then the recording is
/// `PATH.real`, without pictures.
public final class RecordingTarget: Sendable {
    public let path: String
    private let sharing: SharingArguments
    private let home: GantryHome
    private let recorder: Recorder

    /// - Throws: ``RecordingError`` when the file can't be made or exists already.
    public init(_ path: String, _ sharing: SharingArguments, home: GantryHome) throws {
        self.path = path
        self.sharing = sharing
        self.home = home
        if FileManager.default.fileExists(atPath: path) { throw RecordingError.exists(path: path) }
        recorder = try Recorder(
            to: sharing.pseudonymise ? path + ".real" : path, schemas: Schema.recordings,
            sharing: sharing.stripImages || sharing.pseudonymise ? Sharing() : nil)
    }

    public func append(_ records: [Record], to topic: String) throws { try recorder.append(records, to: topic) }

    /// Makes what was written safe from a power cut, when that is due. Call it now and then where records may fail to
    /// come.
    public func flushIfDue() throws { try recorder.flushIfDue() }

    /// Records and bytes so far.
    public var written: (records: Int, bytes: Int) { recorder.written }

    /// What was recorded is whole and under its name after this.
    ///
    /// - Returns: What is in it; nil for calls after the first, which do nothing.
    @discardableResult
    public func finish() throws -> RecordingSummary? {
        let summary = try recorder.finish()
        guard summary != nil, sharing.pseudonymise else { return summary }
        do {
            let grammars = try GrammarFile.standard(home: home.directory)
            _ = try ShareRecording.copy(recorder.path, to: path, pseudonymise: grammars, key: try sharing.key())
        } catch {
            throw SharingArgumentsError.notPseudonymised(real: recorder.path, path: path, why: "\(error)")
        }
        try FileManager.default.removeItem(atPath: recorder.path)
        return try RecordingReader(path: path).summary
    }
}
