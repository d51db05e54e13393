public import Foundation

/// A line of JSON whose last field is the signature of all before it.
///
/// The signature is over the object as it would read without that field, to the byte, so no way of writing JSON matters.
public enum SignedFile {
    private static let mark = ",\"signature\":\""

    /// - Parameter statement: A JSON object in one line, whose first field is `format`.
    public static func data(_ statement: String, key: SigningKey) -> Data {
        let signature = hexadecimal(key.signature(of: Array(statement.utf8)))
        return Data("\(statement.dropLast())\(mark)\(signature)\"}\n".utf8)
    }

    /// Writes a new file; one that is there stays as it is.
    public static func write(_ statement: String, to path: String, key: SigningKey) throws(SignatureError) {
        do { try data(statement, key: key).write(to: URL(filePath: path), options: .withoutOverwriting) } catch {
            throw .unwritable(path: path, reason: error.localizedDescription)
        }
    }

    /// What was signed.
    ///
    /// - Parameters:
    ///   - kind: What `format` must say: a signature of one kind of file is none of another.
    ///   - file: Its name, for errors.
    /// - Throws: ``SignatureError/altered(file:)`` for what is no such file, ``SignatureError/notSigned(file:)`` for another
    ///   key or changed bytes.
    public static func statement(
        of data: Data, kind: String, file: String, verifier: SignatureVerifier
    ) throws(SignatureError) -> String {
        // 64 bytes in hexadecimal, a quote, a brace and the end of the line.
        let tail = 64 * 2 + 3
        guard let text = String(validating: data, as: UTF8.self), text.hasSuffix("\"}\n"),
            text.hasPrefix("{\"format\":\"\(kind)\","), text.utf8.count > tail + mark.utf8.count
        else { throw .altered(file: file) }
        let signature = bytes(text.suffix(tail).dropLast(3)), rest = text.dropLast(tail)
        guard let signature, signature.count == 64, rest.hasSuffix(mark) else { throw .altered(file: file) }
        let statement = rest.dropLast(mark.count) + "}"
        guard verifier.accepts(signature, of: Array(statement.utf8)) else { throw .notSigned(file: file) }
        return String(statement)
    }
}
