internal import CLibPQ

/// One connection to PostgreSQL. Moves, never copies; calls block, so keep them off the cooperative pool.
public struct Connection: ~Copyable {
    private let handle: OpaquePointer

    /// - Parameters:
    ///   - address: A libpq address: `postgresql://...` or `host=... dbname=...`.
    ///   - application: Shown in the server's activity view and, as a hint, in the audit log.
    public init(_ address: String, application: String) throws(DatabaseError) {
        let keywords = ["dbname", "fallback_application_name", "client_encoding", "connect_timeout"]
        let values = [address, application, "UTF8", "10"]
        let made = Self.withCStrings(keywords) { keywords in
            Self.withCStrings(values) { values in PQconnectdbParams(keywords, values, 1) }
        }
        guard let made else { throw .unreachable(reason: "out of memory") }
        guard PQstatus(made) == CONNECTION_OK else {
            let reason = Self.message(of: made)
            PQfinish(made)
            throw .unreachable(reason: reason)
        }
        // Without this libpq writes notices to standard error.
        PQsetNoticeProcessor(made, { _, _ in }, nil)
        let settings = PQexec(made, "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET client_min_messages = 'warning'")
        let accepted = PQresultStatus(settings) == PGRES_COMMAND_OK
        PQclear(settings)
        guard accepted else {
            let reason = Self.message(of: made)
            PQfinish(made)
            throw .unreachable(reason: reason)
        }
        handle = made
    }

    deinit { PQfinish(handle) }

    /// The server's process for this connection.
    public var processID: Int32 { PQbackendPID(handle) }

    /// Where it leads, for programs that are not given a libpq address.
    struct Server: Sendable {
        /// A name, an address, or the folder of a unix socket.
        var host: String
        var port, user, database: String
        /// Empty when none was needed.
        var password: String
    }

    borrowing func server() -> Server {
        func text(_ value: UnsafeMutablePointer<CChar>?) -> String { value.map { String(cString: $0) } ?? "" }
        return Server(
            host: text(PQhost(handle)), port: text(PQport(handle)), user: text(PQuser(handle)),
            database: text(PQdb(handle)), password: text(PQpass(handle)))
    }

    /// Runs statements that take no parameters; several, separated by semicolons, are one transaction.
    ///
    /// - Returns: Rows that the last one changed.
    @discardableResult
    public borrowing func execute(_ sql: String) throws(DatabaseError) -> Int {
        let result = PQexec(handle, sql)
        defer { PQclear(result) }
        try check(result, PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY)
        return Int(String(cString: PQcmdTuples(result))) ?? 0
    }

    /// Runs one statement; `$1` and on take the parameters in order, as text, nil for null.
    @discardableResult
    public borrowing func query(_ sql: String, _ parameters: [String?] = []) throws(DatabaseError) -> Rows {
        let result = Self.withCStrings(parameters) { values in
            PQexecParams(handle, sql, Int32(parameters.count), nil, values, nil, nil, 0)
        }
        defer { PQclear(result) }
        try check(result, PGRES_TUPLES_OK, PGRES_COMMAND_OK)
        let columns = (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) }
        let values = (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in
                PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
            }
        }
        return Rows(columns: columns, values: values, changed: Int(String(cString: PQcmdTuples(result))) ?? 0)
    }

    /// Sends the pieces of one `COPY ... FROM STDIN`, in order.
    ///
    /// - Parameter next: Called until it returns nil.
    borrowing func copy(_ sql: String, _ next: () throws(DatabaseError) -> [UInt8]?) throws(DatabaseError) {
        let start = PQexec(handle, sql)
        defer { PQclear(start) }
        try check(start, PGRES_COPY_IN)
        while let piece = try next() {
            let sent = piece.withUnsafeBytes {
                PQputCopyData(handle, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count))
            }
            guard sent == 1 else { throw .lost(reason: Self.message(of: handle)) }
        }
        guard PQputCopyEnd(handle, nil) == 1 else { throw .lost(reason: Self.message(of: handle)) }
        var failure: DatabaseError?
        while let result = PQgetResult(handle) {
            do { try check(result, PGRES_COMMAND_OK) } catch { failure = failure ?? error }
            PQclear(result)
        }
        if let failure { throw failure }
    }

    private borrowing func check(_ result: OpaquePointer?, _ expected: ExecStatusType...) throws(DatabaseError) {
        guard let result else { throw .lost(reason: Self.message(of: handle)) }
        let status = PQresultStatus(result)
        if expected.contains(status) { return }
        guard let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))) else {
            // libpq makes errors of its own without a state; nearly all mean that the connection is gone.
            if PQstatus(handle) != CONNECTION_OK || status == PGRES_FATAL_ERROR {
                throw .lost(reason: Self.message(of: handle))
            }
            throw .unexpected("a result of kind \(String(cString: PQresStatus(status)))")
        }
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue!)).map { String(cString: $0) }
        }
        throw .failed(
            sqlState: String(cString: state), message: field("M") ?? "", detail: field("D"), hint: field("H"))
    }

    private static func message(of handle: OpaquePointer) -> String {
        let text = String(cString: PQerrorMessage(handle))
        return text.split(separator: "\n").map { line in
            String(line).trimmingBlanks
        }.joined(separator: "; ")
    }

    /// Calls with a null-terminated array of C strings; nil stays null.
    private static func withCStrings<Result>(
        _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        let copies = strings.map { $0.map { Array($0.utf8CString) } }
        func nest(_ index: Int, _ pointers: [UnsafePointer<CChar>?]) -> Result {
            guard index < copies.count else {
                return (pointers + [nil]).withUnsafeBufferPointer { body($0.baseAddress) }
            }
            guard let copy = copies[index] else { return nest(index + 1, pointers + [nil]) }
            return copy.withUnsafeBufferPointer { nest(index + 1, pointers + [$0.baseAddress]) }
        }
        return nest(0, [])
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        String(self.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}

/// What a query returned, as text.
public struct Rows: Sendable {
    public var columns: [String]
    /// Row by row, in the order of the columns; nil for null.
    public var values: [[String?]]
    /// Rows that the statement changed or returned.
    public var changed: Int
}

/// Text forms of values, as PostgreSQL reads and writes them.
enum Literal {
    /// `\x` and hexadecimal digits.
    static func bytea(_ bytes: [UInt8]) -> String { "\\x" + hexadecimal(bytes) }

    /// An array of `bytea`.
    static func array(_ list: [[UInt8]]) -> String {
        "{" + list.map { "\"\\\\x\(hexadecimal($0))\"" }.joined(separator: ",") + "}"
    }

    /// An array of `text`.
    static func array(texts: [String]) -> String {
        let quoted = texts.map { "\"" + $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"" }
        return "{" + quoted.joined(separator: ",") + "}"
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Reads `\x` and hexadecimal digits.
    static func bytes(_ text: String) throws(DatabaseError) -> [UInt8] {
        let digits = Array(text.utf8)
        guard text.hasPrefix("\\x"), digits.count % 2 == 0 else { throw .unexpected("a bytea that is not hexadecimal") }
        func value(_ digit: UInt8) -> UInt8 { digit >= 97 ? digit - 87 : digit - 48 }
        return stride(from: 2, to: digits.count, by: 2).map { value(digits[$0]) << 4 | value(digits[$0 + 1]) }
    }
}
