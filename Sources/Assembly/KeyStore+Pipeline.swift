public import Custody
import PostGIS
public import StageRunner

extension KeyStore {
    /// Opens the keys that a pipeline file names.
    ///
    /// - Parameter home: The folder `.gantry`.
    public convenience init(_ custody: PipelineCustody, home: String, create: Bool) throws(CustodyError) {
        try self.init(
            folder: custody.keys ?? "\(home)/keys", create: create, domain: custody.domain,
            epochDays: create ? custody.tokenEpochDays : nil,
            wrappedBy: custody.wrappingKey.flatMap { WrappingKeySource($0) } ?? .folder)
    }

    /// Puts the destructions that the folder has noted down into a database's audit log, where they are not yet.
    ///
    /// - Returns: The entries that were made.
    @discardableResult
    public func carryDestructions(into database: String) throws -> [Int64] {
        let noted = try destructions()
        guard !noted.isEmpty else { return [] }
        let record = try KeyRecord(database: database)
        return try noted.compactMap { one in
            try record.destruction(one.id, of: one.key, at: one.at, by: one.by, reason: one.reason)
        }
    }
}
