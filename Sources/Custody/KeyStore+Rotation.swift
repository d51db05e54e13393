public import Foundation
import Synchronization

extension KeyStore {
    /// The steps of a rotation: the process may be killed after any of them.
    public enum RotationStep: Hashable, Sendable {
        /// The source has the new key before the old one.
        case added
        /// One more key is wrapped anew.
        case wrapped(Int)
        /// The folder says that its keys are wrapped with the new key.
        case noted
        /// The source has the new key alone.
        case forgotten
    }

    /// What a rotation did.
    public struct Rotation: Equatable, Sendable {
        /// Keys that are wrapped anew.
        public var keys: Int
        /// The present wrapping key's id.
        public var id: String
        /// Whether the source still gives the old key too, which its owner must take out of it.
        public var isOldKeyLeft: Bool
    }

    /// Since when the present wrapping key is in use; nil where an older build made the folder.
    public func wrappedSince() throws(CustodyError) -> Date? { try WrappingMark(folder)?.since }

    /// Wraps all keys with a new wrapping key. Processes that share the folder go on; one that is killed leaves a folder
    /// that opens, and the next rotation ends what it began.
    ///
    /// A file gets the new key from here. Another source must give it already, before the old one.
    ///
    /// - Throws: ``CustodyError/cannotRotate(source:)`` where the source gives one key and can't be written.
    public func rotate(onStep: (RotationStep) -> Void = { _ in }) throws(CustodyError) -> Rotation {
        try folder.locked { () throws(CustodyError) in
            try folder.eraseDrafts()
            let place = source.place(folder)
            if let place, place.folder.path != folder.path { try place.folder.eraseDrafts(of: place.name) }
            guard var keys = try source.load(folder) else {
                throw .noWrappingKey(source: "\(source)", reason: "there is no such file")
            }
            if keys.count == 1 {
                guard let place else { throw .cannotRotate(source: "\(source)") }
                keys.insert(.fresh(), at: 0)
                try place.folder.replace(place.name, WrappingKey.file(keys))
            }
            onStep(.added)
            let names = Self.wrappedNames(folder)
            for (index, file) in names.enumerated() {
                try rewrap(file, keys)
                onStep(.wrapped(index))
            }
            try folder.replace(WrappingMark.name, WrappingMark(keys[0], since: .now).bytes)
            onStep(.noted)
            if let place { try place.folder.replace(place.name, WrappingKey.file([keys[0]])) }
            onStep(.forgotten)
            wrapping.withLock { $0 = place == nil ? keys : [keys[0]] }
            return Rotation(keys: names.count, id: keys[0].id, isOldKeyLeft: place == nil)
        }
    }

    /// Unwraps every key.
    ///
    /// - Returns: Where the wrapping key comes from and how many it opened.
    public func openAll() throws(CustodyError) -> String {
        let names = Self.wrappedNames(folder)
        for file in names { _ = try unwrapped(String(file.dropLast(4))) }
        return "\(source), which opens all of \(names.count) keys"
    }

    private func rewrap(_ file: String, _ keys: [WrappingKey]) throws(CustodyError) {
        let name = String(file.dropLast(4))
        guard let bytes = try folder.read(file), unwrap(bytes, name: name, by: keys[0]) == nil else { return }
        guard let key = unwrap(bytes, name: name, by: keys[1]) else {
            // The old wrapping key stays, so nothing is lost.
            throw .unreadableKey(
                path: folder.file(file), reason: "it was changed, or is wrapped by another key than the source gives")
        }
        try folder.replace(file, Self.header + wrap(key, name: name, by: keys[0]))
    }
}
