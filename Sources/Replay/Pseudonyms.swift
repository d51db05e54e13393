internal import Crypto
internal import Foundation
public import Stages
public import Traffic

/// Stable invented plates in place of real ones, so that a recording can be shared.
///
/// One plate has one pseudonym wherever it appears, made from a keyed digest: without the key nothing leads back, and
/// who knows one vehicle's pseudonym learns nothing about the others. A pseudonym follows the grammar of the plate it
/// replaces; that a place holds one of 0 and 1, or of O and I, can be seen in it. What was misread on a vehicle differs
/// from its pseudonym as it differed from its plate, so that votes come out as they did.
///
/// It is no anonymity: times and places stay, and who knows where a vehicle was finds its pseudonym there.
public struct Pseudonyms: Sendable {
    private struct Stay: Sendable {
        var epoch: Epoch
        var frames: ClosedRange<Int>
        var text: [UInt8]
    }

    private let grammars: GrammarSet
    private let key: SymmetricKey
    private var stays: [CameraID: [Stay]] = [:]
    /// Every text that the recording is known to hold: none of them may be invented again.
    private var real: Set<[UInt8]> = []
    private var made: [[UInt8]: [UInt8]] = [:]
    private var given: Set<[UInt8]> = []

    /// A read belongs to a vehicle in view when at most this share of its characters differ from the vehicle's plate.
    private static let nearness = 0.4

    /// - Parameter key: At least 16 bytes; the same key gives the same pseudonyms in another recording.
    public init(grammars: GrammarSet, key: [UInt8]) {
        precondition(key.count >= 16, "a key of pseudonyms has at least 16 bytes")
        self.grammars = grammars
        self.key = SymmetricKey(data: key)
    }

    /// Remembers which plate a vehicle had, and when it was where. All passages come before the first replacement.
    public mutating func learn(_ passage: Passage) {
        guard let text = passage.plate?.text else { return }
        real.insert(Array(text.text.utf8))
        stays[passage.camera, default: []].append(
            Stay(
                epoch: passage.epoch, frames: passage.firstFrame...max(passage.firstFrame, passage.lastFrame),
                text: Array(text.text.utf8)))
    }

    /// The pseudonym of what was read on a plate in one frame. It is as long as the text.
    public mutating func pseudonym(of text: PlateText, at camera: CameraID, epoch: Epoch, frame: Int) -> PlateText {
        let read = Array(text.text.utf8)
        let plate = vehicle(read, camera, epoch, frame) ?? read
        let invented = invented(for: plate)
        return PlateText(String(decoding: follow(read, from: plate, to: invented), as: UTF8.self)) ?? text
    }

    /// The plate of the vehicle in view whose plate is nearest to what was read.
    private func vehicle(_ read: [UInt8], _ camera: CameraID, _ epoch: Epoch, _ frame: Int) -> [UInt8]? {
        var best: (distance: Int, text: [UInt8])?
        for stay in stays[camera] ?? [] where stay.epoch == epoch && stay.frames.contains(frame) {
            let distance = editDistance(stay.text, read)
            guard Double(distance) <= Self.nearness * Double(max(stay.text.count, read.count)) else { continue }
            if best.map({ distance < $0.distance }) ?? true { best = (distance, stay.text) }
        }
        return best?.text
    }

    private mutating func invented(for plate: [UInt8]) -> [UInt8] {
        if let known = made[plate] { return known }
        let places = places(of: plate)
        let loose = plate.map { character in Self.all.filter { Self.isDigit($0) == Self.isDigit(character) } }
        var chosen = plate
        for attempt in 0..<512 {
            // Where few texts are of the kind, as for 1011, others must do: a real one never may.
            chosen = characters(attempt < 256 ? places : loose, digest("plate", plate, attempt))
            let isFree = !given.contains(chosen) && !real.contains(chosen) && chosen != plate
            if isFree && !grammars.excludes(chosen) { break }
        }
        made[plate] = chosen
        given.insert(chosen)
        return chosen
    }

    /// Which characters may stand where: those of the likeliest pattern, else letters for letters, digits for digits. What
    /// looks like another character stays among those that do, because a vote takes them for one.
    private func places(of plate: [UInt8]) -> [[UInt8]] {
        let region = grammars.regions(of: plate).first?.region
        let fitting = grammars.patterns(ofLength: plate.count).filter { $0.region == region && $0.fits(plate) }
        let pattern = fitting.max { $0.share < $1.share }?.places
        return plate.enumerated().map { index, character in
            let kin = Self.kin(of: character)
            let allowed = kin.filter { pattern?[index].contains($0) ?? true }
            return allowed.isEmpty ? [character] : allowed
        }
    }

    /// Another text as far from `invented` as `read` is from `plate`: at each place what was read instead of a character
    /// becomes what its own permutation makes of it, so that different misreads stay different and alike ones alike.
    private func follow(_ read: [UInt8], from plate: [UInt8], to invented: [UInt8]) -> [UInt8] {
        // Lined up by looks: texts that differ only in O for 0 must be lined up in one way.
        EditScript.steps(from: plate.map(Self.look), to: read.map(Self.look)).compactMap { step -> UInt8? in
            switch step {
            case .leaveOut: nil
            case .keep(let from, let to), .change(let from, let to):
                permuted(read[to], of: plate, at: from, where: (plate[from], invented[from]))
            case .add(let to): permuted(read[to], of: plate, at: plate.count + to, where: nil)
            }
        }
    }

    /// - Parameter known: A character of the place and what it became, which the permutation keeps to.
    private func permuted(
        _ character: UInt8, of plate: [UInt8], at place: Int, where known: (real: UInt8, invented: UInt8)?
    ) -> UInt8 {
        let kin = Self.kin(of: character)
        let keys = digest("place", plate, place)
        var order: [UInt8]
        if Self.looks.contains(character) {
            // 0 and O go the same way, so that they stay alike.
            order = keys[31] & 1 == 0 ? kin : kin.reversed()
        } else {
            // A keyed order of the kin; the alphabet's index decides between equal keys.
            order = kin.enumerated().sorted { a, b in
                let (first, second) = (keys[Int(a.element) % 32], keys[Int(b.element) % 32])
                return first != second ? first < second : a.offset < b.offset
            }.map(\.element)
        }
        if let known, let from = kin.firstIndex(of: known.real), let at = order.firstIndex(of: known.invented) {
            order.swapAt(from, at)
        } else if let known, Self.looks.contains(character), Self.looks.contains(known.real) {
            // The other of a pair such as 0 and O goes where its fellow went.
            let isFirst = known.invented == UInt8(ascii: "0") || known.invented == UInt8(ascii: "O")
            let wasFirst = known.real == UInt8(ascii: "0") || known.real == UInt8(ascii: "O")
            let goesFirst = (character == kin[0]) == (isFirst == wasFirst)
            return kin[goesFirst ? 0 : 1]
        }
        return order[kin.firstIndex(of: character) ?? 0]
    }

    private func characters(_ places: [[UInt8]], _ digest: [UInt8]) -> [UInt8] {
        places.enumerated().map { index, all in
            // Two bytes a place, so that no character is noticeably likelier.
            let number = Int(digest[index * 2 % 32]) << 8 | Int(digest[(index * 2 + 1) % 32])
            return all[number % all.count]
        }
    }

    private func digest(_ purpose: String, _ plate: [UInt8], _ number: Int) -> [UInt8] {
        let message = Array(purpose.utf8) + [0] + plate + [0] + Array("\(number)".utf8)
        return Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
    }

    private static let all = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    private static func isDigit(_ character: UInt8) -> Bool { (48...57).contains(character) }
    private static func look(_ character: UInt8) -> UInt8 {
        switch character {
        case UInt8(ascii: "O"): UInt8(ascii: "0")
        case UInt8(ascii: "I"): UInt8(ascii: "1")
        default: character
        }
    }
    /// Those that plates write alike: 0 like O, 1 like I.
    private static let looks = Set("0O1I".utf8)
    private static let kins: [[UInt8]] = ["01", "OI", "23456789", "ABCDEFGHJKLMNPQRSTUVWXYZ"].map { Array($0.utf8) }
    /// The characters that may take each other's place; 0 and 1, O and I in the same order.
    private static func kin(of character: UInt8) -> [UInt8] { kins.first { $0.contains(character) } ?? [character] }
}
