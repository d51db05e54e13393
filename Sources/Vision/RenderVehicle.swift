internal import Foundation
internal import Traffic

/// A vehicle as a lit mesh, with its lamps' places.
struct VehicleModel: Sendable {
    let mesh: Mesh
    /// Lamps that shine, in the mesh's metres, and their colour.
    let lamps: [(point: SIMD3<Double>, colour: Colour, radius: Double)]
    let shape: BodyShape
    let plate: Picture

    /// - Parameters:
    ///   - front: Whether the front is the near end.
    ///   - braking: Whether brake lamps are lit.
    init(_ vehicle: ScenarioVehicle, front: Bool, lane: Int, light: SceneLight, plate: Picture) {
        let shape = BodyShape(vehicle.body)
        let length = shape.length
        let side = lane == 0 ? Scenario.laneOffset : -Scenario.laneOffset
        var builder = VehicleBuilder(
            shape: shape, paint: Material(colour: vehicle.paint, gloss: 0.85), front: front, lamps: light.lamps,
            mesh: Mesh(light: light, eye: SIMD3(side, 2.4, -13)) { point in
                front ? point : SIMD3(point.x, point.y, length - point.z)
            })
        builder.build()
        mesh = builder.mesh
        lamps = builder.shining
        self.shape = shape
        self.plate = plate
    }
}

/// Puts a body together from rings, caps and patches. Its own z runs from the front, 0, to the rear.
private struct VehicleBuilder {
    let shape: BodyShape
    let paint: Material
    let front: Bool
    let lamps: Bool
    var mesh: Mesh
    var shining: [(point: SIMD3<Double>, colour: Colour, radius: Double)] = []

    private var half: Double { shape.width / 2 }

    mutating func build() {
        wheels()
        body()
        cabin()
        if let load = shape.load { cargo(top: load) }
        if front {
            frontFace()
            mirrors()
        } else {
            rearFace()
        }
    }

    /// A section of the body: how far along, its width's share of the whole, and its lower and upper edge.
    private func section(_ z: Double, _ share: Double, _ low: Double, _ high: Double) -> [SIMD3<Double>] {
        roundedRing(corner: 0.24, steps: 5).map { x, y in
            SIMD3(x * half * share, (low + high) / 2 + y * (high - low) / 2, z)
        }
    }

    private mutating func body() {
        let shape = shape, low = shape.clearance
        let rear = shape.load == nil ? shape.length : shape.length - 0.02
        let sections = [
            section(0.10, 0.90, low + 0.04, shape.bonnet), section(0.18, 0.95, low, shape.bonnet + 0.03),
            section(0.40, 0.985, low - 0.02, shape.bonnet + 0.07),
            section(shape.windscreenFoot, 1, low - 0.02, shape.belt),
            section(shape.length * 0.5, 1, low - 0.02, shape.belt),
            section(rear - 0.9, 1, low - 0.02, shape.belt + 0.01),
            section(rear - 0.35, 0.985, low, shape.belt), section(rear - 0.16, 0.95, low + 0.03, shape.belt - 0.02),
            section(rear - 0.08, 0.91, low + 0.06, shape.belt - 0.05),
        ]
        let dark = Material.plastic, paint = paint
        mesh.sheet(
            sections, closed: true, inside: { SIMD3(0, (low + shape.belt) / 2, $0.z) },
            material: { _, column in (27..<36).contains(column) ? dark : paint })
        let middle = SIMD3(0, (low + shape.belt) / 2, shape.length / 2)
        mesh.cap(sections[0], bulge: -0.1, inside: middle, material: { _, _ in paint })
        mesh.cap(sections[8], bulge: 0.08, inside: middle, material: { _, _ in paint })
    }

    /// Windows and roof: rings that lie flat, from the window line up.
    private mutating func cabin() {
        let shape = shape, half = half
        let outline = roundedRing(corner: 0.12, steps: 10)
        let levels = [0.0, 0.1, 0.3, 0.5, 0.7, 0.86, 0.95, 1.0]
        let base = shape.belt - 0.06, rise = shape.height - 0.05 - base
        let rings = levels.map { level -> [SIMD3<Double>] in
            let lean = pow(level, 1.15)
            let near = shape.windscreenFoot + (shape.windscreenHead - shape.windscreenFoot) * lean
            let far = shape.rearFoot + (shape.roofEnd - shape.rearFoot) * lean
            let width = half * (0.95 - 0.19 * pow(level, 1.4) * (shape.height > 2 ? 0.5 : 1))
            return outline.map { x, z in
                let bow = 0.12 * (1 - x * x)
                return SIMD3(
                    x * width, base + rise * level,
                    (near + far) / 2 + z * (far - near) / 2 + (z < -0.5 ? -bow : z > 0.5 ? bow * 0.5 : 0))
            }
        }
        let middle = SIMD3(0, base, (shape.windscreenFoot + shape.rearFoot) / 2)
        let paint = paint
        let closedRear = shape.height > 2
        mesh.sheet(rings, closed: true, inside: { SIMD3(middle.x, $0.y - 0.15, middle.z) }) { row, column in
            let (x, z) = outline[column], (x2, z2) = outline[(column + 1) % outline.count]
            guard row >= 1 && row <= 4 else { return paint }
            if abs(x) < 0.9 && abs(x2) < 0.9 { return closedRear && z > 0 ? paint : .glass }
            let along = (z + z2) / 2
            if abs(along) > 0.86 || (-0.12...0.02).contains(along) { return paint }
            if closedRear && along > -0.5 { return paint }
            return .glass
        }
        // The roof, slightly vaulted.
        let top = rings[rings.count - 1]
        let crown = top.reduce(SIMD3.zero, +) / Double(top.count)
        let rows = [1.0, 0.8, 0.5, 0.2, 0.001].map { share in
            top.map { crown + ($0 - crown) * share + SIMD3(0, 0.05 * (1 - share * share), 0) }
        }
        mesh.sheet(rows, closed: true, inside: { _ in middle }, material: { _, _ in paint })
        if front { interior(base: base, rise: rise) }
    }

    /// The dashboard's edge and two head-rests behind the windscreen, so that it doesn't look solid.
    private mutating func interior(base: Double, rise: Double) {
        let shape = shape
        let lean = { (y: Double) in
            let level = pow(max(0, (y - base) / rise), 1.15)
            return shape.windscreenFoot + (shape.windscreenHead - shape.windscreenFoot) * level
        }
        let seat = Material(colour: Colour(58, 58, 62), gloss: 0.7)
        for x in [-0.36, 0.36] {
            let low = base + rise * 0.34, high = base + rise * 0.62
            let outline = [(x - 0.13, low), (x + 0.13, low), (x + 0.11, high), (x - 0.11, high)]
            mesh.patch(outline, seat, inside: SIMD3(0, base, 9)) { x, y in
                lean(y) - 0.12 * (1 - pow(x / (0.85 * shape.width / 2), 2)) - 0.012
            }
        }
    }

    private mutating func cargo(top: Double) {
        let low = 0.75, near = 2.08, far = shape.length, half = half * 1.06
        let outline = roundedRing(corner: 0.04, steps: 6)
        let ring = { (z: Double) in
            outline.map { x, y in SIMD3(x * half, (low + top) / 2 + y * (top - low) / 2, z) }
        }
        let middle = SIMD3(0, (low + top) / 2, (near + far) / 2)
        let sheet = Material(colour: Colour(218, 220, 222), gloss: 0.25)
        mesh.sheet(
            [ring(near), ring(far)], closed: true, inside: { SIMD3(0, middle.y, $0.z) }, material: { _, _ in sheet })
        mesh.cap(ring(near), bulge: -0.01, inside: middle, material: { _, _ in sheet })
        mesh.cap(ring(far), bulge: 0.01, inside: middle, material: { _, _ in sheet })
        guard !front else { return }
        let seam = Material.plastic
        for (left, right) in [(-0.012, 0.012), (-half * 0.97, -half * 0.95), (half * 0.95, half * 0.97)] {
            mesh.patch(rectangle(left, right, low + 0.06, top - 0.06), seam, inside: middle) { _, _ in far + 0.03 }
        }
    }

    private mutating func wheels() {
        let radius = shape.wheel, width = 0.22
        for z in [radius + 0.42, shape.length - radius - 0.5] {
            for side in [-1.0, 1.0] {
                let outer = side * (half - 0.02), inner = outer - side * width
                let ring = { (x: Double, share: Double) in
                    (0..<20).map { step -> SIMD3<Double> in
                        let angle = Double(step) / 20 * 2 * .pi
                        return SIMD3(x, radius + sin(angle) * radius * share, z + cos(angle) * radius * share)
                    }
                }
                let rows = [
                    ring(inner, 0.9), ring(inner + side * 0.03, 1), ring(outer - side * 0.03, 1), ring(outer, 0.94),
                    ring(outer, 0.66), ring(outer - side * 0.03, 0.3), ring(outer - side * 0.03, 0.01),
                ]
                let middle = SIMD3(outer - side * width / 2, radius, z)
                let rim = Material(colour: Colour(140, 144, 150), gloss: 0.6)
                mesh.sheet(rows, closed: true, inside: { _ in middle }, material: { row, _ in row < 4 ? .rubber : rim })
            }
        }
    }

    private func rectangle(_ left: Double, _ right: Double, _ low: Double, _ high: Double) -> [(Double, Double)] {
        [(left, low), (right, low), (right, high), (left, high)]
    }

    /// z of the front's or rear's skin, a little proud of it.
    private func skin(_ x: Double, _ y: Double, low: Double, high: Double) -> Double {
        let across = abs(x) / (half * 0.9), up = abs(y - (low + high) / 2) / ((high - low) / 2)
        let share = min(1, pow(pow(across, 5) + pow(up, 5), 0.2))
        return 0.1 - 0.1 * (1 - pow(share, 4)) - 0.025
    }

    private mutating func frontFace() {
        let low = shape.clearance + 0.04, high = shape.bonnet
        let tall = high - low, half = half
        let middle = SIMD3(0, (low + high) / 2, shape.length / 2)
        let at = { (share: Double) in low + tall * share }
        let surface = { [self] (x: Double, y: Double) in skin(x, y, low: low, high: high) }
        let chrome = Material.chrome, dark = Material.plastic
        let lens = Material(
            colour: Colour(206, 212, 220), gloss: 1, glow: lamps ? Colour(210, 206, 186) : Colour(16, 18, 20))

        mesh.patch(rectangle(-half * 0.72, half * 0.72, at(0.03), at(0.2)), dark, inside: middle, surface: surface)
        mesh.patch(rectangle(-half * 0.86, half * 0.86, at(0.225), at(0.24)), dark, inside: middle, surface: surface)
        let grille = [
            (-half * 0.46, at(0.60)), (half * 0.46, at(0.60)), (half * 0.5, at(0.86)), (-half * 0.5, at(0.86)),
        ]
        mesh.patch(grille, chrome, inside: middle, surface: surface)
        for slat in 0..<4 {
            let foot = at(0.615 + 0.06 * Double(slat))
            mesh.patch(
                rectangle(-half * 0.455, half * 0.455, foot, foot + tall * 0.048), dark, inside: middle,
                surface: { surface($0, $1) - 0.016 })
        }
        for side in [-1.0, 1.0] {
            let housing = [
                (side * half * 0.50, at(0.66)), (side * half * 0.80, at(0.62)), (side * half * 0.88, at(0.94)),
                (side * half * 0.54, at(0.84)),
            ]
            mesh.patch(housing, dark, inside: middle, surface: surface)
            let glass = housing.map { x, y in
                (side * half * 0.69 + (x - side * half * 0.69) * 0.88, at(0.765) + (y - at(0.765)) * 0.82)
            }
            mesh.patch(glass, lens, inside: middle, surface: { surface($0, $1) - 0.01 })
            let bulb = (0..<10).map { step -> (Double, Double) in
                let angle = Double(step) / 10 * 2 * .pi
                return (side * half * 0.70 + cos(angle) * 0.055, at(0.76) + sin(angle) * 0.055)
            }
            mesh.patch(bulb, Material(colour: Colour(90, 96, 104), gloss: 1, glow: lens.glow), inside: middle) {
                surface($0, $1) - 0.02
            }
            let fog = rectangle(side * half * 0.80, side * half * 0.62, at(0.07), at(0.16))
            mesh.patch(fog, chrome, inside: middle, surface: { surface($0, $1) - 0.012 })
            if lamps {
                shining.append((SIMD3(side * half * 0.70, at(0.76), -0.05), Colour(235, 226, 196), 0.42))
            }
        }
        badge(at: (0, at(0.73)), inside: middle, surface: surface)
        plateHolder(at: shape.frontPlate, inside: middle, surface: surface)
    }

    private mutating func rearFace() {
        let length = shape.length
        let low = shape.clearance + 0.06, high = shape.belt - 0.05
        let tall = high - low, half = half
        let middle = SIMD3(0, (low + high) / 2, length / 2)
        let at = { (share: Double) in low + tall * share }
        // The rear is the front's skin mirrored; the load box ends level with the body.
        let surface = { [self] (x: Double, y: Double) in length - skin(x, y, low: low, high: high) }
        let dark = Material.plastic
        mesh.patch(rectangle(-half * 0.84, half * 0.84, at(0.0), at(0.2)), dark, inside: middle, surface: surface)
        mesh.patch(rectangle(-half * 0.80, half * 0.80, at(0.345), at(0.36)), dark, inside: middle, surface: surface)
        let lens = Material(
            colour: Colour(170, 16, 20), gloss: 0.9, glow: lamps ? Colour(120, 8, 10) : Colour(24, 2, 2))
        for side in [-1.0, 1.0] {
            let lamp = [
                (side * half * 0.60, at(0.60)), (side * half * 0.88, at(0.56)), (side * half * 0.89, at(0.93)),
                (side * half * 0.66, at(0.88)),
            ]
            mesh.patch(lamp, lens, inside: middle, surface: surface)
            mesh.patch(
                rectangle(side * half * 0.84, side * half * 0.70, at(0.64), at(0.71)),
                Material(colour: Colour(226, 226, 220), gloss: 0.9), inside: middle,
                surface: { surface($0, $1) + 0.012 })
            mesh.patch(
                rectangle(side * half * 0.74, side * half * 0.58, at(0.22), at(0.27)), lens, inside: middle,
                surface: { surface($0, $1) + 0.012 })
            if lamps { shining.append((SIMD3(side * half * 0.76, at(0.76), -0.05), Colour(190, 26, 22), 0.32)) }
        }
        badge(at: (0, at(0.86)), inside: middle, surface: { surface($0, $1) + 0.03 })
        plateHolder(at: shape.rearPlate, inside: middle, surface: { surface($0, $1) + 0.03 })
    }

    private mutating func badge(
        at centre: (Double, Double), inside: SIMD3<Double>, surface: (Double, Double) -> Double
    ) {
        let ring = (0..<12).map { step -> (Double, Double) in
            let angle = Double(step) / 12 * 2 * .pi
            return (centre.0 + cos(angle) * 0.06, centre.1 + sin(angle) * 0.06)
        }
        mesh.patch(ring, .chrome, inside: inside) { x, y in surface(x, y) - 0.022 }
    }

    private mutating func plateHolder(
        at height: Double, inside: SIMD3<Double>, surface: (Double, Double) -> Double
    ) {
        mesh.patch(rectangle(-0.275, 0.275, height - 0.07, height + 0.07), .plastic, inside: inside, surface: surface)
    }

    private mutating func mirrors() {
        let z = shape.windscreenFoot + 0.25, y = shape.belt + 0.08
        for side in [-1.0, 1.0] {
            let x = side * (half + 0.1)
            let rows = stride(from: -1.0, through: 1, by: 0.25).map { step -> [SIMD3<Double>] in
                let width = (1 - step * step).squareRoot().advanced(by: 0.02)
                return (0..<12).map { turn in
                    let angle = Double(turn) / 12 * 2 * .pi
                    return SIMD3(x + step * 0.13, y + sin(angle) * 0.09 * width, z + cos(angle) * 0.08 * width)
                }
            }
            let middle = SIMD3(x, y, z), paint = paint
            mesh.sheet(rows, closed: true, inside: { _ in middle }, material: { _, _ in paint })
        }
    }
}
