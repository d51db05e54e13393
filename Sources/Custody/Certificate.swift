public import Foundation

/// A signed statement of what was done at a person's own request.
public struct Certificate: Codable, Hashable, Sendable {
    public static let kind = "gantry-certificate/1"
    /// `subject-export` or `subject-erase`.
    public var action: String
    /// What was searched for: the text, in the token epochs that there are keys of.
    public var plate: String
    public var tokenEpochs: [Int32]
    /// The first and last day that sightings are kept of, RFC 3339 in UTC; nil when there are none.
    public var from, to: String?
    /// Passages exported or erased, and pictures that are stored of them or were erased.
    public var passages, pictures: Int
    /// SHA-256 of the exported file, hexadecimal; nil for an erasure.
    public var document: String?
    public var caseNumber: String
    /// The entry of the audit log, and the log's database and cluster.
    public var auditEntry: Int64
    public var database, system: String
    /// RFC 3339 in UTC, by the clock of whoever signed.
    public var at: String

    public init(
        action: String, plate: String, tokenEpochs: [Int32], from: String?, to: String?, passages: Int, pictures: Int,
        document: String?, caseNumber: String, auditEntry: Int64, database: String, system: String, at: String
    ) {
        self.action = action
        self.plate = plate
        self.tokenEpochs = tokenEpochs
        self.from = from
        self.to = to
        self.passages = passages
        self.pictures = pictures
        self.document = document
        self.caseNumber = caseNumber
        self.auditEntry = auditEntry
        self.database = database
        self.system = system
        self.at = at
    }

    /// Writes it as a file of one line, signed.
    public func write(to path: String, key: SigningKey) throws(SignatureError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts and integers always encode.
        let fields = String(decoding: try! encoder.encode(self), as: UTF8.self)
        try SignedFile.write("{\"format\":\"\(Self.kind)\",\(fields.dropFirst())", to: path, key: key)
    }

    /// Reads a file's bytes and checks its signature.
    public init(_ data: Data, file: String, verifier: SignatureVerifier) throws(SignatureError) {
        let statement = try SignedFile.statement(of: data, kind: Self.kind, file: file, verifier: verifier)
        guard let read = try? JSONDecoder().decode(Certificate.self, from: Data(statement.utf8)) else {
            throw .altered(file: file)
        }
        self = read
    }
}
