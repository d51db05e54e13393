internal import Crypto
internal import Foundation
public import Stages
public import Traffic

/// Stable invented plates in place of real ones, so that a recording can be shared.
///
/// One plate has one pseudonym wherever it appears, made from a keyed digest: without the key nothing leads back, and
/// who knows one vehicle's pseudonym learns nothing about the others. A pseudonym follows the grammar of the plate it
/// replaces. What was misread on a vehicle differs from its pseudonym as it differed from its plate, so that votes
/// come out as they did.
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
        let result = plate == read ? invented : follow(read, from: plate, to: invented)
        return PlateText(String(decoding: result, as: UTF8.self)) ?? text
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
        var chosen = plate
        for attempt in 0..<256 {
            chosen = characters(places, digest("plate", plate, attempt))
            let isFree = !given.contains(chosen) && !real.contains(chosen) && chosen != plate
            if isFree && !grammars.excludes(chosen) { break }
        }
        made[plate] = chosen
        given.insert(chosen)
        return chosen
    }

    /// Which characters may stand where: those of the likeliest pattern, else letters for letters, digits for digits.
    private func places(of plate: [UInt8]) -> [PlateCharacters] {
        let region = grammars.regions(of: plate).first?.region
        let fitting = grammars.patterns(ofLength: plate.count).filter { $0.region == region && $0.fits(plate) }
        if let pattern = fitting.max(by: { $0.share < $1.share }) { return pattern.places }
        return plate.map { Self.isDigit($0) ? .digits : .letters }
    }

    /// Another text as far from `invented` as `read` is from `plate`.
    private func follow(_ read: [UInt8], from plate: [UInt8], to invented: [UInt8]) -> [UInt8] {
        EditScript.steps(from: plate, to: read).compactMap { step -> UInt8? in
            switch step {
            case .keep(let from, _): return invented[from]
            case .leaveOut: return nil
            case .change(let from, let to):
                return other(than: invented[from], like: read[to], digest("change", plate, from * 256 + Int(read[to])))
            case .add(let to): return other(than: 0, like: read[to], digest("add", plate, to * 256 + Int(read[to])))
            }
        }
    }

    private func other(than taken: UInt8, like character: UInt8, _ digest: [UInt8]) -> UInt8 {
        let all = Self.all.filter { Self.isDigit($0) == Self.isDigit(character) && $0 != taken }
        return all[Int(digest[0]) % all.count]
    }

    private func characters(_ places: [PlateCharacters], _ digest: [UInt8]) -> [UInt8] {
        places.enumerated().map { index, place in
            let all = Self.all.filter(place.contains)
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
}
