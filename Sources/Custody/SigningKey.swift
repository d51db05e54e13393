import Crypto
import Foundation

/// What is wrong with a signing key, a checkpoint or a certificate. Codes are stable: `AUD2xx`. None is reused.
public enum SignatureError: Error, Equatable, CustomStringConvertible {
    case noKey(path: String)
    case keyExists(path: String)
    case badKey(path: String)
    /// Others than the owner can read or write the private key.
    case keyTooOpen(path: String, mode: String)
    case unwritable(path: String, reason: String)
    /// The file is not as it was written.
    case altered(file: String)
    /// The file was signed with another key, or not at all.
    case notSigned(file: String)
    /// Two files that can't both be true.
    case contradiction(file: String, other: String)
    /// A folder holds the public key of somebody else.
    case otherKey(path: String)
    /// Nothing to compare with where there should be.
    case noCheckpoints(folder: String)

    /// For example `AUD203`.
    public var code: String { String(description.prefix(6)) }

    public var description: String {
        switch self {
        case .noKey(let path): "AUD201 there is no key at \(path). Make one with `gantry audit key --out FILE`."
        case .keyExists(let path):
            "AUD202 \(path) is there already, and a key is never overwritten. Choose another name."
        case .badKey(let path): "AUD203 \(path) is not a key of `gantry audit key`. Restore it, or make a new one."
        case .keyTooOpen(let path, let mode):
            "AUD204 \(path) has mode \(mode), so others can sign with it. Check who had access, then make a new key, or `chmod go= \(path)`."
        case .unwritable(let path, let reason): "AUD205 \(path) can't be written: \(reason)."
        case .altered(let file):
            "AUD206 \(file) is not as it was written. Keep it, and ask who signed it for another copy."
        case .notSigned(let file):
            "AUD207 \(file) was not signed with this key: it is forged, altered, or the public key is another one's. Compare the key with the one you were handed."
        case .contradiction(let file, let other):
            "AUD208 \(file) and \(other) can't both be true of one log: it was cut or made anew between them, or is another database's. Keep both."
        case .otherKey(let path):
            "AUD209 \(path) holds another key. Write to a new folder when the key has changed."
        case .noCheckpoints(let folder):
            "AUD210 there is no checkpoint in \(folder). Name the folder that they are written to."
        }
    }
}

/// An Ed25519 key (RFC 8032) that checkpoints and certificates are signed with. Kept by whoever vouches for the log, not on
/// the database's host.
public struct SigningKey: Sendable {
    private static let header = "gantry-audit-key/1 "
    private let key: Curve25519.Signing.PrivateKey

    /// Makes a key: the private one at a path that only its owner can read, the public one beside it, as `PATH.pub`.
    public static func make(at path: String) throws(SignatureError) -> SigningKey {
        let fresh = SigningKey(key: Curve25519.Signing.PrivateKey())
        let text = header + hexadecimal(fresh.key.rawRepresentation) + "\n"
        let (folder, name) = split(path)
        let added: Bool
        do {
            added = try folder.add(name, Array(text.utf8))
        } catch {
            throw .unwritable(path: path, reason: "the folder can't be written to, or is full")
        }
        guard added else { throw .keyExists(path: path) }
        try fresh.verifier.write(to: path + ".pub")
        return fresh
    }

    private init(key: Curve25519.Signing.PrivateKey) { self.key = key }

    public init(path: String) throws(SignatureError) {
        let (folder, name) = Self.split(path)
        let read: [UInt8]?
        do {
            read = try folder.read(name)
        } catch {
            if case .permissionsTooOpen(let path, let mode) = error { throw .keyTooOpen(path: path, mode: mode) }
            throw .badKey(path: path)
        }
        guard let read else { throw .noKey(path: path) }
        let text = String(decoding: read, as: UTF8.self)
        guard text.hasPrefix(Self.header), text.hasSuffix("\n"),
            let raw = bytes(text.dropFirst(Self.header.count).dropLast()),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: raw)
        else { throw .badKey(path: path) }
        self.key = key
    }

    public var verifier: SignatureVerifier { SignatureVerifier(key: key.publicKey) }
    /// The public half, 32 bytes.
    public var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// 64 bytes.
    public func signature(of message: [UInt8]) -> [UInt8] {
        // It fails only without randomness, and then nothing here could go on.
        Array(try! key.signature(for: message))
    }

    private static func split(_ path: String) -> (KeyFolder, String) {
        let url = URL(filePath: path)
        return (KeyFolder(path: url.deletingLastPathComponent().path), url.lastPathComponent)
    }
}

/// The public half of a ``SigningKey``.
public struct SignatureVerifier: Sendable {
    private static let header = "gantry-audit-public-key/1 "
    private let key: Curve25519.Signing.PublicKey

    init(key: Curve25519.Signing.PublicKey) { self.key = key }

    /// - Parameter bytes: 32, as of ``SigningKey/publicKey``; nil for what is no key.
    public init?(publicKey bytes: [UInt8]) {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return nil }
        self.key = key
    }

    /// - Parameter path: A file of one line, `gantry-audit-public-key/1` and 64 hexadecimal digits.
    public init(path: String) throws(SignatureError) {
        guard let data = FileManager.default.contents(atPath: path) else { throw .noKey(path: path) }
        let text = String(decoding: data, as: UTF8.self)
        guard text.hasPrefix(Self.header), text.hasSuffix("\n"),
            let raw = bytes(text.dropFirst(Self.header.count).dropLast()),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: raw)
        else { throw .badKey(path: path) }
        self.key = key
    }

    public var text: String { Self.header + hexadecimal(key.rawRepresentation) + "\n" }

    public func accepts(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        key.isValidSignature(signature, for: message)
    }

    /// Writes the file, or finds that it is there with this very key.
    func write(to path: String) throws(SignatureError) {
        if let there = FileManager.default.contents(atPath: path) {
            guard there == Data(text.utf8) else { throw .otherKey(path: path) }
            return
        }
        do { try Data(text.utf8).write(to: URL(filePath: path), options: .withoutOverwriting) } catch {
            throw .unwritable(path: path, reason: error.localizedDescription)
        }
    }
}
