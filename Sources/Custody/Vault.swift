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
    /// From an epoch's beginning on, how long a passage is also given the tokens of the epoch before, so that journeys
    /// over the epoch's end stay whole.
    public let overlap: Duration
    /// Half of the shortest epoch.
    public static let longestOverlap = Duration.seconds(12 * 3600)

    /// - Parameter overlap: From 0 to ``longestOverlap``.
    public init(keys: KeyStore, overlap: Duration = .seconds(4 * 3600)) {
        precondition(overlap >= .zero && overlap <= Self.longestOverlap, "epochs can't overlap by \(overlap)")
        self.keys = keys
        self.overlap = overlap
    }

    public func protect(_ passage: Passage, in period: KeyPeriod) throws(ProtectionError) -> PassageProtection {
        do throws(CustodyError) {
            let place = Place(passage: passage.id, camera: passage.camera, firstSeen: passage.firstSeen)
            var plate: PassageProtection.Plate?
            if let text = passage.plate?.text {
                let search = try tokens(of: text, in: TokenEpoch(passage.firstSeen, days: keys.epochDays), create: true)
                plate = PassageProtection.Plate(
                    token: search.token, lookAlikeToken: search.lookAlikeToken,
                    previous: try previous(text, search.epoch, at: passage.firstSeen), tokenEpoch: search.epoch.number,
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

    /// Nil after the overlap, and where the epoch before has no keys any more.
    private func previous(
        _ text: PlateText, _ epoch: TokenEpoch, at time: EventTime
    ) throws(CustodyError) -> PassageProtection.Plate.Previous? {
        guard time - epoch.start(days: keys.epochDays) < overlap else { return nil }
        do throws(CustodyError) {
            // Passages of the epoch before may come later than this one, so its keys are made here too.
            let before = try tokens(of: text, in: TokenEpoch(number: epoch.number - 1), create: true)
            return PassageProtection.Plate.Previous(token: before.token, lookAlikeToken: before.lookAlikeToken)
        } catch {
            if case .destroyed = error { return nil }
            throw error
        }
    }

    /// The tokens of a plate in each epoch that touches a period, oldest first; epochs without a key are left out,
    /// since nothing can have been stored in them. A journey keeps its token over the end of the epoch in which it began,
    /// so the epoch before is among them for a period that begins early in one.
    public func search(for plate: PlateText, from: EventTime, to: EventTime) throws(CustodyError) -> [Search] {
        let first = TokenEpoch(from + (.zero - Self.longestOverlap), days: keys.epochDays)
        let last = TokenEpoch(to, days: keys.epochDays)
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
            epoch: epoch, token: token(.sighting, epoch, plate.text, key: exact),
            lookAlikeToken: token(.lookAlike, epoch, plate.lookAlikes, key: alike))
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

    /// The first 16 bytes of HMAC-SHA-256 over domain, purpose, epoch and text. Never over a guessed region, which changes.
    private func token(_ purpose: KeyStore.Purpose, _ epoch: TokenEpoch, _ text: String, key: SymmetricKey)
        -> [UInt8]
    {
        // Traffic's is as it was before there were domains, so that tokens of older databases stay what they are.
        let scope = keys.domain == KeyStore.traffic ? "gantry-token/1" : "gantry-token/2\0\(keys.domain)"
        let message = Array("\(scope)\0\(purpose.rawValue)\0\(epoch)\0\(text)".utf8)
        return Array(HMAC<SHA256>.authenticationCode(for: message, using: key).prefix(16))
    }
}

extension TokenEpoch {
    /// - Parameter days: The length of an epoch; positive.
    func start(days: Int) -> EventTime { Day(number: Int32(Int(number) * days + 4)).start }
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
