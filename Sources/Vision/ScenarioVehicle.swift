internal import Foundation
internal import Traffic

/// One simulated vehicle: what it looks like and what its plate says.
public struct ScenarioVehicle: Sendable, Hashable {
    public enum Body: String, Sendable, CaseIterable {
        case hatchback, saloon, offRoader, van, lorry

        /// The class a detector trained on everyday photographs would give it.
        public var name: String {
            switch self {
            case .hatchback, .saloon, .offRoader: "car"
            case .van, .lorry: "truck"
            }
        }
    }

    /// How the plate hangs.
    public enum Plate: String, Sendable {
        case straight
        /// Bent under so far that its characters can't be made out.
        case bent
    }

    /// Counted from 0; the same in every visit.
    public var number: Int
    public var body: Body
    public var paint: Colour
    /// Letters and digits without breaks. Of series that are not issued: see docs/decisions/0008-simulated-clips.md.
    public var plate: String
    public var style: PlateRenderer.Style
    public var hangs: Plate

    init(number: Int, seed: UInt64) {
        var random = SeededRandom(seed: seed, part: "vehicle \(number)")
        self.number = number
        body = random.pick([.hatchback, .hatchback, .saloon, .saloon, .offRoader, .offRoader, .van, .lorry])
        paint = random.pick(Self.paints)
        if body == .van || body == .lorry { paint = random.pick([Colour(228, 230, 230), Colour(200, 204, 210)]) }
        style = random.pick([.belgian, .belgian, .french, .dutch])
        // Look-alikes of other characters are left out, as most countries do.
        let letters = Array("ABCDEFGHJKLNPRSTVXZ"), digits = Array("0123456789")
        let word = { (count: Int) in String((0..<count).map { _ in random.pick(letters) }) }
        let figure = { (count: Int) in String((0..<count).map { _ in random.pick(digits) }) }
        plate =
            switch style {
            case .belgian: "\(random.pick(Array("45678")))" + word(3) + figure(3)
            case .french: "\(random.pick(Array("TVXZ")))" + word(1) + figure(3) + word(2)
            case .dutch: "\(random.pick(Array("AEC")))" + word(1) + figure(3) + word(1)
            case .american: word(3) + figure(4)
            }
        hangs = number % 16 == 7 ? .bent : .straight
    }

    private static let paints = [
        Colour(196, 200, 204), Colour(40, 42, 48), Colour(150, 24, 28), Colour(28, 58, 120), Colour(226, 228, 226),
        Colour(96, 102, 108), Colour(60, 92, 70), Colour(176, 140, 84), Colour(120, 158, 190),
    ]
}

/// Measures of a body in metres, front at z = 0.
struct BodyShape: Sendable {
    var length, width, height: Double
    /// Height of the bonnet's front edge, of the window line, and of the body's lower edge.
    var bonnet, belt, clearance: Double
    /// Along the vehicle: windscreen's foot and head, the roof's end, the rear window's foot.
    var windscreenFoot, windscreenHead, roofEnd, rearFoot: Double
    var wheel: Double
    /// Height of the plate's middle at the front and at the rear.
    var frontPlate, rearPlate: Double
    /// Top of a load box behind the cab; nil without one.
    var load: Double?

    init(_ body: ScenarioVehicle.Body) {
        self.init(
            length: 4.1, width: 1.8, height: 1.49, bonnet: 0.80, belt: 0.98, clearance: 0.2, windscreenFoot: 1.0,
            windscreenHead: 1.75, roofEnd: 3.35, rearFoot: 3.95, wheel: 0.32, frontPlate: 0.42, rearPlate: 0.62)
        switch body {
        case .hatchback: break
        case .saloon:
            (length, width, height, windscreenFoot, windscreenHead) = (4.7, 1.84, 1.45, 1.25, 2.05)
            (roofEnd, rearFoot, belt, rearPlate) = (3.3, 4.05, 0.96, 0.70)
        case .offRoader:
            (length, width, height, bonnet, belt) = (4.6, 1.92, 1.72, 1.0, 1.15)
            (clearance, windscreenFoot, windscreenHead) = (0.26, 1.15, 1.8)
            (roofEnd, rearFoot, wheel, frontPlate, rearPlate) = (4.05, 4.5, 0.37, 0.5, 0.8)
        case .van:
            (length, width, height, bonnet, belt) = (5.3, 2.0, 2.25, 1.05, 1.3)
            (clearance, windscreenFoot, windscreenHead) = (0.26, 0.75, 1.45)
            (roofEnd, rearFoot, wheel, frontPlate, rearPlate) = (5.2, 5.27, 0.35, 0.5, 0.75)
        case .lorry:
            (length, width, height, bonnet, belt) = (6.5, 2.1, 2.2, 1.15, 1.3)
            (clearance, windscreenFoot, windscreenHead) = (0.3, 0.5, 0.95)
            (roofEnd, rearFoot, wheel, frontPlate, rearPlate) = (1.9, 1.98, 0.4, 0.55, 0.7)
            load = 2.9
        }
    }

    private init(
        length: Double, width: Double, height: Double, bonnet: Double, belt: Double, clearance: Double,
        windscreenFoot: Double, windscreenHead: Double, roofEnd: Double, rearFoot: Double, wheel: Double,
        frontPlate: Double, rearPlate: Double
    ) {
        (self.length, self.width, self.height) = (length, width, height)
        (self.bonnet, self.belt, self.clearance) = (bonnet, belt, clearance)
        (self.windscreenFoot, self.windscreenHead) = (windscreenFoot, windscreenHead)
        (self.roofEnd, self.rearFoot, self.wheel) = (roofEnd, rearFoot, wheel)
        (self.frontPlate, self.rearPlate) = (frontPlate, rearPlate)
    }

    /// The plate's corners, the vehicle's near end at z = 0 and its middle at x = 0.
    func plateCorners(_ vehicle: ScenarioVehicle, front: Bool) -> [SIMD3<Double>] {
        let tilt = vehicle.hangs == .bent ? -1.15 : 0.06
        let width = vehicle.style.size.width / 2000, half = vehicle.style.size.height / 2000
        let y = front ? frontPlate : rearPlate
        let up = half * cos(tilt), back = half * sin(tilt)
        return [
            SIMD3(-width, y + up, -0.05 + back), SIMD3(width, y + up, -0.05 + back),
            SIMD3(width, y - up, -0.05 - back), SIMD3(-width, y - up, -0.05 - back),
        ]
    }
}
