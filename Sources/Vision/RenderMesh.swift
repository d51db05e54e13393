internal import CVision
internal import Foundation
internal import Traffic

/// Lit triangles in a vehicle's own metres: its near end at z = 0, its middle at x = 0, the road at y = 0.
struct Mesh: Sendable {
    private(set) var points: [SIMD3<Double>] = []
    private(set) var colours: [vision_colour] = []
    private var triangles: [Int32] = []
    /// Of each pair of triangles: a point on it, and its outward normal.
    private var faces: [(point: SIMD3<Double>, normal: SIMD3<Double>)] = []

    let light: SceneLight
    /// Where it is looked at from; reflections are worked out once, for a vehicle half-way.
    let eye: SIMD3<Double>
    /// Applied to every point before it is lit.
    private let place: @Sendable (SIMD3<Double>) -> SIMD3<Double>

    init(light: SceneLight, eye: SIMD3<Double>, place: @escaping @Sendable (SIMD3<Double>) -> SIMD3<Double>) {
        self.light = light
        self.eye = eye
        self.place = place
    }

    /// A curved sheet through rows of points, all of the same count.
    ///
    /// - Parameters:
    ///   - closed: Whether each row's last point joins its first.
    ///   - inside: A point that every normal faces away from, for each point of the sheet.
    ///   - material: Of the patch after the given row and column.
    mutating func sheet(
        _ rows: [[SIMD3<Double>]], closed: Bool, inside: (SIMD3<Double>) -> SIMD3<Double>,
        material: (_ row: Int, _ column: Int) -> Material
    ) {
        let count = rows[0].count, centres = rows.map { $0.map { place(inside($0)) } }
        let rows = rows.map { $0.map(place) }
        let wrapped = { (column: Int) in closed ? (column + count) % count : min(max(column, 0), count - 1) }
        let normals = rows.indices.map { row in
            (0..<count).map { column in
                let down = rows[min(row + 1, rows.count - 1)][column] - rows[max(row - 1, 0)][column]
                let along = rows[row][wrapped(column + 1)] - rows[row][wrapped(column - 1)]
                let normal = unit(cross(down, along))
                return dot(normal, rows[row][column] - centres[row][column]) < 0 ? -normal : normal
            }
        }
        for row in 0..<(rows.count - 1) {
            for column in 0..<(closed ? count : count - 1) {
                let next = wrapped(column + 1)
                let material = material(row, column)
                let corners = [(row, column), (row, next), (row + 1, next), (row + 1, column)]
                let first = Int32(points.count)
                for (r, c) in corners {
                    points.append(rows[r][c])
                    colours.append(
                        light.shaded(material, normal: normals[r][c], at: rows[r][c], from: eye).shim)
                }
                faces.append((rows[row][column], corners.reduce(SIMD3.zero) { $0 + normals[$1.0][$1.1] }))
                triangles += [first, first + 1, first + 2, first, first + 2, first + 3]
            }
        }
    }

    /// Two sheets that close a ring: it shrinks towards its middle, which bulges by `bulge` along z.
    mutating func cap(
        _ ring: [SIMD3<Double>], bulge: Double, inside: SIMD3<Double>, material: (_ row: Int, _ column: Int) -> Material
    ) {
        let middle = ring.reduce(SIMD3.zero, +) / Double(ring.count)
        let rows = [1, 0.85, 0.65, 0.4, 0.2, 0.001].map { (share: Double) in
            ring.map { point in
                let flat = middle + (point - middle) * share
                return flat + SIMD3(0, 0, bulge * (1 - pow(share, 4)))
            }
        }
        sheet(rows, closed: true, inside: { _ in inside }, material: material)
    }

    /// A convex shape given in x and y, laid on a surface.
    ///
    /// - Parameter surface: z for an x and y, already lifted off what lies below.
    mutating func patch(
        _ outline: [(Double, Double)], _ material: Material, inside: SIMD3<Double>,
        surface: (Double, Double) -> Double
    ) {
        let left = outline.map(\.0).min()!, right = outline.map(\.0).max()!
        let columns = 8, rows = 4
        var grid = Array(repeating: [SIMD3<Double>](), count: rows + 1)
        for column in 0...columns {
            let x = left + (right - left) * (0.002 + 0.996 * Double(column) / Double(columns))
            var low = Double.infinity, high = -Double.infinity
            for (a, b) in zip(outline, outline.dropFirst() + outline.prefix(1)) where (a.0 - x) * (b.0 - x) <= 0 {
                guard a.0 != b.0 else { continue }
                let y = a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0)
                low = min(low, y)
                high = max(high, y)
            }
            for row in 0...rows {
                let y = low + (high - low) * Double(row) / Double(rows)
                grid[row].append(SIMD3(x, y, surface(x, y)))
            }
        }
        sheet(grid, closed: false, inside: { _ in inside }, material: { _, _ in material })
    }

    /// The sides of the mesh that face a camera, its near end at `origin`.
    func projected(_ view: ScenarioView, at origin: SIMD3<Double>) -> (vertices: [vision_vertex], triangles: [Int32]) {
        var seen: [vision_vertex] = [], kept: [Int32] = []
        let eye = view.eye - origin
        for (face, first) in zip(faces, stride(from: 0, to: points.count, by: 4)) {
            guard dot(face.normal, eye - face.point) > 0 else { continue }
            let start = seen.count
            for index in first..<(first + 4) {
                guard let pixel = view.project(points[index] + origin) else { break }
                seen.append(
                    vision_vertex(
                        x: Float(pixel.point.x), y: Float(pixel.point.y), inverse_depth: Float(1 / pixel.depth),
                        colour: colours[index]))
            }
            guard seen.count == start + 4 else {
                seen.removeLast(seen.count - start)
                continue
            }
            kept += triangles[(first / 4 * 6)..<(first / 4 * 6 + 6)].map { $0 - Int32(first) + Int32(start) }
        }
        return (seen, kept)
    }
}

/// Points around a rectangle with rounded corners in -1...1, anticlockwise from the middle of the right side.
///
/// - Parameters:
///   - corner: The corners' radius.
///   - steps: Points on each straight side.
func roundedRing(corner: Double, steps: Int) -> [(Double, Double)] {
    let straight = 1 - corner
    var ring: [(Double, Double)] = []
    for side in 0..<4 {
        let turn = Double(side) * .pi / 2
        var piece: [(Double, Double)] = []
        for step in 0..<steps { piece.append((1, -straight + 2 * straight * Double(step) / Double(steps))) }
        for step in 0..<4 {
            let angle = Double(step) / 4 * .pi / 2
            piece.append((straight + corner * cos(angle), straight + corner * sin(angle)))
        }
        ring += piece.map { ($0.0 * cos(turn) - $0.1 * sin(turn), $0.0 * sin(turn) + $0.1 * cos(turn)) }
    }
    return ring
}
