public import Foundation
import Traffic

/// A signed note of how far a log went at some moment, kept where the log's operator can't reach it.
///
/// It proves that the log held that entry then, and with it all before. It proves nothing about entries after it.
public struct Checkpoint: Hashable, Sendable {
    /// The database's name, and the identifier of its server's cluster.
    public var database, system: String
    /// The last entry, 0 in an empty log.
    public var entry: Int64
    public var digest: [UInt8]
    /// RFC 3339 in UTC, by the clock of whoever signed.
    public var at: String

    public init(database: String, system: String, entry: Int64, digest: [UInt8], at: String) {
        self.database = database
        self.system = system
        self.entry = entry
        self.digest = digest
        self.at = at
    }

    /// What is signed.
    private var statement: String {
        """
        {"format":"gantry-checkpoint/1","database":\(AuditEntry.quoted(database)),"system":\(AuditEntry.quoted(system)),\
        "entry":\(entry),"digest":"\(hexadecimal(digest))","at":\(AuditEntry.quoted(at))}
        """
    }

    /// Reads a file's bytes and checks its signature.
    public init(_ data: Data, file: String, verifier: SignatureVerifier) throws(SignatureError) {
        struct Written: Decodable {
            var database, system: String
            var entry: Int64
            var digest, at: String
        }
        let statement = try SignedFile.statement(of: data, kind: "gantry-checkpoint/1", file: file, verifier: verifier)
        guard let read = try? JSONDecoder().decode(Written.self, from: Data(statement.utf8)),
            let digest = bytes(read.digest)
        else { throw .altered(file: file) }
        self.init(database: read.database, system: read.system, entry: read.entry, digest: digest, at: read.at)
    }

    /// Signs and writes it, with the public key beside it as `audit.pub`; the file's path.
    public func write(to folder: String, key: SigningKey) throws(SignatureError) -> String {
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw .unwritable(path: folder, reason: error.localizedDescription)
        }
        try key.verifier.write(to: "\(folder)/audit.pub")
        let time = at.filter { $0.isNumber || $0 == "T" || $0 == "Z" }
        let path = "\(folder)/checkpoint-\(time)-\(entry).json"
        try SignedFile.write(statement, to: path, key: key)
        return path
    }

    /// All of a folder, oldest first.
    ///
    /// - Throws: The first that is altered, forged, or at odds with an earlier one.
    public static func all(in folder: String, verifier: SignatureVerifier) throws(SignatureError) -> [Checkpoint] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
            $0.hasPrefix("checkpoint-") && $0.hasSuffix(".json")
        }
        var read: [(path: String, time: EventTime, checkpoint: Checkpoint)] = []
        for name in names.sorted() {
            let path = "\(folder)/\(name)"
            guard let data = FileManager.default.contents(atPath: path) else { throw .altered(file: path) }
            let checkpoint = try Checkpoint(data, file: path, verifier: verifier)
            guard let time = EventTime(rfc3339: checkpoint.at) else { throw .altered(file: path) }
            read.append((path, time, checkpoint))
        }
        read.sort { ($0.time, $0.checkpoint.entry) < ($1.time, $1.checkpoint.entry) }
        for (earlier, later) in zip(read, read.dropFirst()) {
            let (a, b) = (earlier.checkpoint, later.checkpoint)
            guard a.database == b.database, a.system == b.system,
                a.entry < b.entry || a.entry == b.entry && a.digest == b.digest
            else { throw .contradiction(file: later.path, other: earlier.path) }
        }
        return read.map(\.checkpoint)
    }

    /// Digests by entry, for ``AuditChain``.
    public static func digests(_ checkpoints: [Checkpoint]) -> [Int64: [UInt8]] {
        Dictionary(checkpoints.filter { $0.entry > 0 }.map { ($0.entry, $0.digest) }) { first, _ in first }
    }
}
