internal import Custody
public import Foundation

/// What a run of retention took away, signed, so that it can be shown to others.
///
/// The signature is Ed25519 over the JSON of ``statement`` with sorted keys and no blanks.
public struct DeletionCertificate: Codable, Hashable, Sendable {
    public struct Slot: Codable, Hashable, Sendable {
        /// As in key names: `2026-03-02`, `2026-03-02T0730Z-1m`.
        public var period: String
        /// By table, as counted when it was closed; empty where nobody counted.
        public var rows: [String: Int]
        public var droppedAt: String
        /// Of the audit log; null for a day that was dropped by hand.
        public var auditEntry: Int64?
        /// Why the key can't be used any more.
        public var key: String

        enum CodingKeys: String, CodingKey {
            case period, rows, key
            case droppedAt = "dropped_at"
            case auditEntry = "audit_entry"
        }
    }

    public struct Recording: Codable, Hashable, Sendable {
        public var file: String
        public var lastRecord: String
        public var bytes: Int
        public var auditEntry: Int64

        enum CodingKeys: String, CodingKey {
            case file, bytes
            case lastRecord = "last_record"
            case auditEntry = "audit_entry"
        }
    }

    public struct Statement: Codable, Hashable, Sendable {
        public var format = "gantry-deletion/1"
        public var pipeline: String
        /// RFC 3339, UTC.
        public var at: String
        /// By class, as in the pipeline file.
        public var limits: [String: String]
        public var slots: [Slot] = []
        /// Slots that lost their pictures alone, whose key their passages need still.
        public var crops: [String] = []
        public var tokenEpochs: [String] = []
        public var recordings: [Recording] = []
        /// What no deletion reaches.
        public var rest =
            "Write-ahead logs and backups may hold sealed texts and pictures of these slots: without the keys nobody can open them. Of slots under crops, backups can be opened until the slot's key goes."

        enum CodingKeys: String, CodingKey {
            case format, pipeline, at, limits, slots, crops, recordings, rest
            case tokenEpochs = "token_epochs"
        }

        var isEmpty: Bool { slots.isEmpty && crops.isEmpty && tokenEpochs.isEmpty && recordings.isEmpty }
    }

    public var statement: Statement
    /// Hexadecimal: 32 bytes, and 64.
    public var publicKey: String
    public var signature: String

    enum CodingKeys: String, CodingKey {
        case statement, signature
        case publicKey = "public_key"
    }

    init(_ statement: Statement, key: SigningKey) throws {
        self.statement = statement
        publicKey = hexadecimal(key.publicKey)
        signature = hexadecimal(key.signature(of: try Self.bytes(statement)))
    }

    /// The file as it is written.
    public func file() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// Reads a certificate and checks it.
    ///
    /// - Parameter publicKey: Hexadecimal, from a place that the signer can't write.
    /// - Throws: ``RetentionError/badCertificate(path:reason:)`` for any doubt.
    public init(file path: String, signedBy publicKey: String) throws(RetentionError) {
        func bad(_ reason: String) -> RetentionError { .badCertificate(path: path, reason: reason) }
        guard let data = FileManager.default.contents(atPath: path) else { throw bad("it can't be read") }
        let wanted = publicKey.trimmingCharacters(in: .whitespacesAndNewlines).lowercased()
        do {
            self = try JSONDecoder().decode(Self.self, from: data)
        } catch {
            throw bad("it is no certificate of deletion")
        }
        guard self.publicKey == wanted else { throw bad("it was signed with the key \(self.publicKey)") }
        // Whatever this form does not know was added by somebody.
        guard let again = try? file(), again == data, let bytes = try? Self.bytes(statement),
            let key = Self.bytes(hexadecimal: wanted), let signature = Self.bytes(hexadecimal: signature),
            SignatureVerifier(publicKey: key)?.accepts(signature, of: bytes) == true
        else { throw bad("its text is not what was signed") }
    }

    private static func bytes(_ statement: Statement) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(statement))
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
        return bytes.count * 2 == digits.count ? bytes : nil
    }
}

/// What keeps retention from its work. Codes are stable: `RET1xx`.
public enum RetentionError: Error, Equatable, Sendable, CustomStringConvertible {
    case nothingConfigured
    case alreadyRunning
    /// A part that was not done; everything else was.
    case slotHeld(String)
    case recordingKept(file: String, reason: String)
    case topicKept(topic: String, reason: String)
    case notCertified(reason: String)
    case badCertificate(path: String, reason: String)
    case fromTheFuture(String)

    public var description: String {
        switch self {
        case .nothingConfigured:
            "RET101 the pipeline file says of no class of data how long it is kept. Add `retention: {sightings: 90d}`."
        case .alreadyRunning:
            "RET102 another run of retention is at work on this database. Nothing was done; it goes on."
        case .slotHeld(let slot):
            "RET110 \(slot) was not dropped: a question held its tables. Its keys are destroyed; the next run tries again. pg_stat_activity says who asks."
        case .recordingKept(let file, let reason):
            "RET111 \(file) was not deleted: \(reason). Delete it by hand, or give this user the right to."
        case .topicKept(let topic, let reason):
            "RET112 the retention of \(topic) was not set: \(reason). Set retention.ms and segment.ms on the broker by hand."
        case .notCertified(let reason):
            "RET113 what was deleted is not certified: \(reason). It is gone all the same; the next run that can will certify it."
        case .badCertificate(let path, let reason): "RET120 \(path) proves nothing: \(reason)."
        case .fromTheFuture(let slot):
            "RET114 \(slot) lies over a day ahead and grows older than it may. Correct the camera's clock; it is dropped when its time has come."
        }
    }
}
