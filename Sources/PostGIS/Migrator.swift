import Glibc

/// What is wrong with the migrations, or with the database they meet. Codes are stable: `MIG1xx`.
public enum MigrationError: Error, Equatable, CustomStringConvertible {
    case noFolder(String)
    case misnumbered(file: String, expected: Int)
    case unreadable(file: String)
    /// A file that was applied has changed since.
    case edited(file: String)
    /// The database was migrated by a newer build.
    case ahead(found: Int, newest: Int)
    case failed(file: String, DatabaseError)
    /// A file ran, but did not note its version.
    case notRecorded(file: String)
    case database(DatabaseError)

    public var description: String {
        switch self {
        case .noFolder(let folder):
            "MIG101 there are no migrations in \(folder). Run from the checkout, or set --schemas or GANTRY_SCHEMAS to its folder schemas/sql."
        case .misnumbered(let file, let expected):
            "MIG102 \(file) should have the number \(expected): migrations count up from 0001 without gaps. Rename it."
        case .unreadable(let file): "MIG103 \(file) can't be read. Check its permissions."
        case .edited(let file):
            "MIG104 \(file) changed after it was applied to this database. Put it back as it was, and make the change a new migration."
        case .ahead(let found, let newest):
            "MIG105 the database is at version \(found), but these migrations end at \(newest). Use the build that migrated it, or a newer one."
        case .failed(let file, let error):
            "MIG106 \(file) was rolled back: \(error)"
        case .notRecorded(let file):
            "MIG107 \(file) does not insert its version into schema_version. Add the insert before its COMMIT."
        case .database(let error): "\(error)"
        }
    }
}

/// Brings a database's schema to the newest version: forward only, one transaction a file.
public struct Migrator: Sendable {
    /// The schema that this build reads and writes.
    public static let version = 14

    public struct Report: Equatable, Sendable {
        public var before, after: Int
        /// File names, in order.
        public var applied: [String]
        /// Whether the role `gantry_reader` may use the views of schema `city`: false where this role may not create roles.
        public var readerReady = true
    }

    private struct Migration {
        var number: Int
        var file, sql: String
    }

    private let migrations: [Migration]
    public var newest: Int { migrations.count }

    /// - Parameter folder: Holds `0001_subject.sql` and on, numbered without gaps; other files are ignored.
    public init(folder: String) throws(MigrationError) {
        var names: [String] = []
        if let entries = opendir(folder) {
            while let entry = readdir(entries) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name.hasSuffix(".sql") { names.append(name) }
            }
            closedir(entries)
        }
        guard !names.isEmpty else { throw .noFolder(folder) }
        var found: [Migration] = []
        for (index, name) in names.sorted().enumerated() {
            guard name.prefix(5).hasSuffix("_"), Int(name.prefix(4)) == index + 1 else {
                throw .misnumbered(file: name, expected: index + 1)
            }
            guard let sql = Self.contents("\(folder)/\(name)") else { throw .unreadable(file: name) }
            found.append(Migration(number: index + 1, file: name, sql: sql))
        }
        migrations = found
    }

    /// Finds `schemas/sql`: `GANTRY_SCHEMAS`, else from the working directory upward, else from the program's folder.
    public static func folder() -> String? {
        if let named = getenv("GANTRY_SCHEMAS") { return String(cString: named) }
        for start in ["/proc/self/cwd", "/proc/self/exe"] {
            guard let resolved = realpath(start, nil) else { continue }
            defer { free(resolved) }
            var at = String(cString: resolved)
            while !at.isEmpty {
                if access("\(at)/schemas/sql/0001_store.sql", R_OK) == 0 { return "\(at)/schemas/sql" }
                at = String(at.prefix(upTo: at.lastIndex(of: "/") ?? at.startIndex))
            }
        }
        return nil
    }

    /// Applies what is missing. Migrators that run at once take turns.
    @discardableResult
    public func migrate(_ database: String) throws(MigrationError) -> Report {
        do {
            let connection = try Connection(database, application: "gantry-migrate")
            try connection.query("SELECT pg_advisory_lock(hashtext('gantry.migrate'))")
            let before = try Self.version(connection)
            guard before <= newest else { throw MigrationError.ahead(found: before, newest: newest) }
            var applied: [String] = []
            for migration in migrations {
                let bytes = Literal.bytea(Array(migration.sql.utf8))
                let checksum = try connection.query("SELECT encode(sha256($1::bytea), 'hex')", [bytes]).values[0][0]!
                if migration.number <= before {
                    let stored = try connection.query(
                        "SELECT checksum FROM schema_version WHERE version = $1", [String(migration.number)])
                    if let known = stored.values.first?[0], known != checksum {
                        throw MigrationError.edited(file: migration.file)
                    }
                    continue
                }
                try apply(migration, checksum: checksum, connection)
                applied.append(migration.file)
            }
            let reader = try connection.query(
                "SELECT coalesce(has_schema_privilege(to_regrole('gantry_reader'), to_regnamespace('city'), 'USAGE'), false)"
            )
            return Report(before: before, after: newest, applied: applied, readerReady: reader.values[0][0] == "t")
        } catch let error as MigrationError {
            throw error
        } catch let error as DatabaseError {
            throw .database(error)
        } catch {
            throw .database(.unexpected("\(error)"))
        }
    }

    private func apply(_ migration: Migration, checksum: String, _ connection: borrowing Connection) throws {
        try connection.query(
            "SELECT set_config('gantry.migration_file', $1, false), set_config('gantry.migration_checksum', $2, false)",
            [migration.file, checksum])
        do throws(DatabaseError) {
            try connection.execute(migration.sql)
        } catch {
            throw MigrationError.failed(file: migration.file, error)
        }
        guard try Self.version(connection) == migration.number else {
            throw MigrationError.notRecorded(file: migration.file)
        }
    }

    /// Highest applied version; 0 for an empty database.
    static func version(_ connection: borrowing Connection) throws(DatabaseError) -> Int {
        let table = try connection.query("SELECT to_regclass('schema_version')").values[0][0]
        guard table != nil else { return 0 }
        return Int(try connection.query("SELECT coalesce(max(version), 0) FROM schema_version").values[0][0]!)!
    }

    private static func contents(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return ferror(file) == 0 ? String(decoding: bytes, as: UTF8.self) : nil
    }
}
