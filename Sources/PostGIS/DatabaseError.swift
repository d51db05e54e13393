/// What the database, or the way to it, answered. Codes are stable: `PGS1xx`.
public enum DatabaseError: Error, Hashable, CustomStringConvertible {
    /// No connection could be made.
    case unreachable(reason: String)
    /// The connection broke; whether the last statement took effect is not known.
    case lost(reason: String)
    /// The server refused a statement.
    case failed(sqlState: String, message: String, detail: String?, hint: String?)
    /// The server answered with something that this build does not expect.
    case unexpected(String)

    public var description: String {
        switch self {
        case .unreachable(let reason):
            "PGS101 the database can't be reached: \(reason). Start it (`scripts/postgres start`), or check --database and GANTRY_DATABASE."
        case .lost(let reason): "PGS102 the connection to the database broke: \(reason)."
        case .failed(let state, let message, let detail, let hint):
            "PGS103 the database refused (SQLSTATE \(state)): \(message)." + (detail.map { " \($0)" } ?? "")
                + (hint.map { " \($0)" } ?? "")
        case .unexpected(let what): "PGS104 the database answered with \(what). Is it a database of Gantry's?"
        }
    }

    /// Five characters, nil when the server did not get to say.
    public var sqlState: String? {
        if case .failed(let state, _, _, _) = self { state } else { nil }
    }

    /// Whether the same work may succeed later, on a new connection if need be.
    var isTransient: Bool {
        switch self {
        case .unreachable, .lost: true
        case .unexpected: false
        case .failed(let state, _, _, _):
            // Connection trouble, serialization and deadlock, resources, shutdown and start-up, a lock not had in
            // time, and a server that is read-only while another takes over.
            ["08", "40", "53", "57"].contains(state.prefix(2)) || ["25006", "55P03", "58030"].contains(state)
        }
    }

    var isDiskFull: Bool { sqlState == "53100" }
    /// Whether the rows themselves are at fault: class 22, data exception, and 23, integrity violation.
    var isAboutData: Bool { sqlState.map { ["22", "23"].contains($0.prefix(2)) } ?? false }
}
