import Foundation

/// Where the key comes from that wraps all others.
///
/// A source gives one key, or two while it is being changed: the newer first. Each is 32 bytes: as this store writes
/// them, or as lines of base64 or hexadecimal digits. Source: docs/decisions/0016-keys.md.
public enum WrappingKeySource: Hashable, Sendable, CustomStringConvertible {
    /// `wrapping.key` in the key folder.
    case folder
    /// A file of its owner's alone, anywhere.
    case file(String)
    /// What systemd hands to a service under this name: `LoadCredential=`, `LoadCredentialEncrypted=`.
    case credential(String)
    /// What a command of the shell prints.
    case command(String)

    /// Reads `file:PATH`, `credential:NAME` and `command:COMMAND`; nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let rest = String(text[text.index(after: colon)...])
        guard !rest.isEmpty else { return nil }
        switch text[..<colon] {
        case "file": self = .file(rest)
        case "credential" where !rest.contains("/") && rest != ".." && rest != ".": self = .credential(rest)
        case "command": self = .command(rest)
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .folder: "wrapping.key in the key folder"
        case .file(let path): "the file \(path)"
        case .credential(let name): "the systemd credential \(name)"
        case .command(let command): "the command `\(command)`"
        }
    }

    /// Whether this store can change the key there.
    public var isWritable: Bool {
        switch self {
        case .folder, .file: true
        case .credential, .command: false
        }
    }

    /// Seconds that a command has.
    static let patience = 10

    /// Asks for the key, for a folder that is not there yet.
    public func tried() throws(CustodyError) -> String {
        let found = try load(KeyFolder(path: "/"))
        return found == nil ? "\(self), which the first run makes" : "\(self)"
    }

    /// Where its file lies; nil without one that this store writes.
    func place(_ keys: KeyFolder) -> (folder: KeyFolder, name: String)? {
        switch self {
        case .folder: return (keys, "wrapping.key")
        case .file(let path):
            let url = URL(fileURLWithPath: path)
            return (KeyFolder(path: url.deletingLastPathComponent().path), url.lastPathComponent)
        case .credential, .command: return nil
        }
    }

    /// The keys that it gives now, the newest first; nil where there is no file yet.
    func load(_ keys: KeyFolder) throws(CustodyError) -> [WrappingKey]? {
        let bytes: [UInt8]
        switch self {
        case .folder, .file:
            guard let place = place(keys), let found = try place.folder.read(place.name) else { return nil }
            // A file that a rotation replaced while it was read has been overwritten: the new one is whole.
            if WrappingKey.list(found) == nil, let again = try place.folder.read(place.name) {
                bytes = again
            } else {
                bytes = found
            }
        case .credential(let name):
            guard let folder = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty else {
                throw .noWrappingKey(
                    source: "\(self)",
                    reason: "CREDENTIALS_DIRECTORY is not set: systemd sets it for a service with LoadCredential=")
            }
            guard let found = FileManager.default.contents(atPath: "\(folder)/\(name)") else {
                throw .noWrappingKey(source: "\(self)", reason: "\(folder)/\(name) can't be read")
            }
            bytes = Array(found)
        case .command(let command):
            switch ShellCommand.output(of: command, seconds: Self.patience) {
            case .success(let found): bytes = found
            case .failure(let failure): throw .noWrappingKey(source: "\(self)", reason: failure.reason)
            }
        }
        guard let found = WrappingKey.list(bytes) else {
            throw .noWrappingKey(
                source: "\(self)", reason: "it gave \(bytes.count) bytes that are not one key of 32 bytes, or two")
        }
        return found
    }
}
