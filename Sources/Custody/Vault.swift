import Crypto
import Foundation
public import Traffic

/// Makes tokens of plates, and seals and opens their texts and pictures.
///
/// Sealed bytes are bound to the passage, its camera and the period of its key: moved to another row they do not open.
public struct Vault: PassageProtecting {
    /// Where a sealed thing lives.
    public struct Place: Hashable, Sendable {
        public var passage: PassageID
        public var camera: CameraID
        /// The first frame's time: the key's period and the token epoch hold it.
        public var firstSeen: EventTime

        public init(passage: PassageID, camera: CameraID, firstSeen: EventTime) {
            self.passage = passage
            self.camera = camera
            self.firstSeen = firstSeen
        }
    }

    /// The tokens to look for, to find one plate in one epoch.
    public struct Search: Hashable, Sendable {
        public var epoch: TokenEpoch
        public var token, lookAlikeToken: [UInt8]
    }

    private enum Kind: String { case text, crop }

    public let keys: KeyStore
    public init(keys: KeyStore) { self.keys = keys }

    public func protect(_ passage: Passage, in period: KeyPeriod) throws(ProtectionError) -> PassageProtection {
        do throws(CustodyError) {
            let place = Place(passage: passage.id, camera: passage.camera, firstSeen: passage.firstSeen)
            var plate: PassageProtection.Plate?
            if let text = passage.plate?.text {
                let search = try tokens(of: text, in: TokenEpoch(passage.firstSeen, days: keys.epochDays), create: true)
                plate = PassageProtection.Plate(
                    token: search.token, lookAlikeToken: search.lookAlikeToken, tokenEpoch: search.epoch.number,
                    sealedText: try seal(text: text, at: place, in: period))
            }
            return PassageProtection(
                plate: plate,
                sealedCrop: try passage.best.crop.map { crop throws(CustodyError) in
                    try seal(crop: crop.jpeg, at: place, in: period)
                })
        } catch {
            let reason = String(error.description.dropFirst(error.code.count + 1))
            if case .destroyed = error { throw .refused(code: error.code, reason: reason) }
            throw .unavailable(code: error.code, reason: reason)
        }
    }

    /// The tokens of a plate in each epoch that touches a period, oldest first; epochs without a key are left out,
    /// since nothing can have been stored in them.
    public func search(for plate: PlateText, from: EventTime, to: EventTime) throws(CustodyError) -> [Search] {
        let first = TokenEpoch(from, days: keys.epochDays), last = TokenEpoch(to, days: keys.epochDays)
        var found: [Search] = []
        for epoch in keys.inventory().epochs.sorted() where epoch >= first && epoch <= last {
            found.append(try tokens(of: plate, in: epoch, create: false))
        }
        return found
    }

    func tokens(of plate: PlateText, in epoch: TokenEpoch, create: Bool) throws(CustodyError) -> Search {
        let exact = try keys.tokenKey(.sighting, epoch, create: create)
        let alike = try keys.tokenKey(.lookAlike, epoch, create: create)
        return Search(
            epoch: epoch, token: Self.token(.sighting, epoch, plate.text, key: exact),
            lookAlikeToken: Self.token(.lookAlike, epoch, plate.lookAlikes, key: alike))
    }

    /// Padded to a multiple of 16 bytes, so that the length says little about the plate.
    ///
    /// - Parameter period: Nil for the place's UTC day.
    public func seal(text: PlateText, at place: Place, in period: KeyPeriod? = nil) throws(CustodyError) -> [UInt8] {
        var padded = Array(text.text.utf8)
        padded.append(0x80)
        padded += [UInt8](repeating: 0, count: (16 - padded.count % 16) % 16)
        return try seal(padded, .text, at: place, in: period)
    }

    public func open(text sealed: [UInt8], at place: Place) throws(CustodyError) -> PlateText {
        let padded = try open(sealed, .text, at: place)
        guard let end = padded.lastIndex(of: 0x80),
            let text = PlateText(String(decoding: padded[..<end], as: UTF8.self))
        else { throw .notAuthentic }
        return text
    }

    /// - Parameters:
    ///   - jpeg: A file, as in ``Crop/jpeg``.
    ///   - period: Nil for the place's UTC day.
    public func seal(crop jpeg: [UInt8], at place: Place, in period: KeyPeriod? = nil) throws(CustodyError) -> [UInt8] {
        try seal(jpeg, .crop, at: place, in: period)
    }

    public func open(crop sealed: [UInt8], at place: Place) throws(CustodyError) -> [UInt8] {
        try open(sealed, .crop, at: place)
    }

    private func seal(
        _ bytes: [UInt8], _ kind: Kind, at place: Place, in period: KeyPeriod?
    ) throws(CustodyError) -> [UInt8] {
        let period = period ?? .day(place.firstSeen)
        precondition(period.contains(place.firstSeen), "a passage is sealed in the period in which it was first seen")
        let key = try keys.dataKey(period, create: true)
        return Custody.seal(bytes, under: key, binding: Self.binding(kind, place, period))
    }

    /// Tries the keys of all periods that the moment lies in: sealed bytes do not say which theirs is, and there are few.
    private func open(_ bytes: [UInt8], _ kind: Kind, at place: Place) throws(CustodyError) -> [UInt8] {
        var refusal: CustodyError?
        for minutes in KeyPeriod.lengths {
            let period = KeyPeriod(containing: place.firstSeen, minutes: minutes)
            do throws(CustodyError) {
                let key = try keys.dataKey(period, create: false)
                return try unseal(bytes, under: key, binding: Self.binding(kind, place, period))
            } catch {
                switch (error, refusal) {
                // One that was destroyed may have been theirs.
                case (.destroyed, .unknownKey?), (.destroyed, .notAuthentic?), (.destroyed, nil): refusal = error
                case (.notAuthentic, .unknownKey?), (.notAuthentic, nil), (.unknownKey, nil): refusal = error
                case (.destroyed, _), (.notAuthentic, _), (.unknownKey, _): break
                default: throw error
                }
            }
        }
        throw refusal ?? .notAuthentic
    }

    private static func binding(_ kind: Kind, _ place: Place, _ period: KeyPeriod) -> [UInt8] {
        Array("gantry-seal/1\0\(kind.rawValue)\0\(place.passage)\0\(period)\0\(place.camera)".utf8)
    }

    /// The first 16 bytes of HMAC-SHA-256 over purpose, epoch and text. Never over a guessed region, which changes.
    private static func token(_ purpose: KeyStore.Purpose, _ epoch: TokenEpoch, _ text: String, key: SymmetricKey)
        -> [UInt8]
    {
        let message = Array("gantry-token/1\0\(purpose.rawValue)\0\(epoch)\0\(text)".utf8)
        return Array(HMAC<SHA256>.authenticationCode(for: message, using: key).prefix(16))
    }
}

extension PlateText {
    /// The text with characters that readers confuse made equal: 0 O D Q, 1 I L, 8 B, 5 S, 2 Z.
    public var lookAlikes: String {
        String(
            text.map { character -> Character in
                switch character {
                case "O", "D", "Q": "0"
                case "I", "L": "1"
                case "B": "8"
                case "S": "5"
                case "Z": "2"
                default: character
                }
            })
    }
}
