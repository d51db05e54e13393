public import Foundation
import Glibc

/// What a database knows of keys. Calls block.
public struct KeyRecord: ~Copyable {
    private let connection: Connection

    /// - Parameter database: A libpq address.
    public init(database: String) throws(DatabaseError) {
        connection = try Connection(database, application: "gantry-keys")
    }

    /// Puts the destruction of a key into the audit log, once however often it is called.
    ///
    /// - Parameters:
    ///   - id: The destruction's own.
    ///   - at: RFC 3339.
    ///   - user: The operating system's.
    /// - Returns: The entry; nil when it is there already.
    public func destruction(
        _ id: UUID, of key: String, at: String, by user: String, reason: String
    ) throws(DatabaseError) -> Int64? {
        let rows = try connection.query(
            "SELECT record_destruction($1, $2, $3, $4, $5)", [id.uuidString, at, user, key, reason])
        return rows.values[0][0].flatMap { Int64($0) }
    }

    /// Keys that were destroyed, as the audit log has them: `day-2026-03-02`, `epoch-2930`.
    public func destroyed() throws(DatabaseError) -> Set<String> {
        Set(try connection.query("SELECT key FROM destroyed_keys()").values.compactMap { $0[0] })
    }

    /// UTC days that hold sealed texts, such as `2026-03-02`.
    public func daysWithText() throws(DatabaseError) -> Set<String> {
        Set(try connection.query("SELECT d FROM days_with_text() AS d").values.compactMap { $0[0] })
    }

    /// Whether a folder of this machine lies on the file system of the database's data; nil where that can't be seen.
    public func sharesFileSystem(with folder: String) -> Bool? {
        // A server elsewhere may have a folder of the same name as one that is here.
        let sql =
            "SELECT current_setting('data_directory') WHERE coalesce(inet_server_addr(), '127.0.0.1') <<= '127.0.0.0/8'"
        guard let rows = try? connection.query(sql), let data = rows.values.first?[0] else { return nil }
        var (keys, database) = (stat(), stat())
        guard stat(folder, &keys) == 0, stat(data, &database) == 0 else { return nil }
        return keys.st_dev == database.st_dev
    }
}
