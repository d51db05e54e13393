import Crypto

/// An Ed25519 key in a file for its owner alone: who has the public half can tell what was signed with it.
public struct SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey
    private static let header = Array("gantry-signing/1\n".utf8)

    /// 32 bytes.
    public var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// - Parameters:
    ///   - folder: Made when it is missing, with `create`.
    ///   - create: Make the file where there is none.
    /// - Throws: ``CustodyError/noSigningKey(path:)`` without a file, ``CustodyError/permissionsTooOpen(path:mode:)`` when
    ///   others can reach it.
    public init(folder path: String, name: String = "signing.key", create: Bool) throws(CustodyError) {
        let folder = KeyFolder(path: path)
        if create {
            try folder.create()
            let fresh = Curve25519.Signing.PrivateKey()
            _ = try folder.add(name, Self.header + Array(fresh.rawRepresentation))
        }
        guard let bytes = try folder.read(name) else { throw .noSigningKey(path: folder.file(name)) }
        guard bytes.starts(with: Self.header),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes.dropFirst(Self.header.count))
        else { throw .unreadableKey(path: folder.file(name), reason: "it has \(bytes.count) bytes") }
        self.key = key
    }

    /// 64 bytes; other ones each time.
    public func sign(_ bytes: [UInt8]) -> [UInt8] {
        // It fails for no input.
        Array(try! key.signature(for: bytes))
    }

    public static func isValid(_ signature: [UInt8], of bytes: [UInt8], by publicKey: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
        return key.isValidSignature(signature, for: bytes)
    }
}
