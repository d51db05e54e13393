/// Linear equations of which there may be more than unknowns.
enum LeastSquares {
    /// Below this share of the largest, a number is taken for 0: points picked by hand are no more exact.
    static let least = 5e-3

    /// - Parameter equations: Each with its coefficients, then its right side.
    /// - Returns: The unknowns; nil when the equations, or too nearly so, don't determine them.
    static func solve(_ equations: [[Double]], unknowns: Int) -> [Double]? {
        var matrix = equations
        guard matrix.count >= unknowns else { return nil }
        var largest = 0.0
        for column in 0..<unknowns {
            // Householder: a reflection that leaves only the diagonal of what is below.
            var square = 0.0
            for row in column..<matrix.count { square += matrix[row][column] * matrix[row][column] }
            let length = square.squareRoot()
            guard length.isFinite else { return nil }
            largest = max(largest, length)
            guard length > least * largest else { return nil }
            let head = matrix[column][column]
            let diagonal = head > 0 ? -length : length
            var mirror = [Double](repeating: 0, count: matrix.count)
            for row in column..<matrix.count { mirror[row] = matrix[row][column] }
            mirror[column] -= diagonal
            let norm = 2 * length * (length + abs(head))
            for other in column...unknowns {
                var product = 0.0
                for row in column..<matrix.count { product += mirror[row] * matrix[row][other] }
                let factor = 2 * product / norm
                for row in column..<matrix.count { matrix[row][other] -= factor * mirror[row] }
            }
        }
        var result = [Double](repeating: 0, count: unknowns)
        for row in stride(from: unknowns - 1, through: 0, by: -1) {
            var rest = matrix[row][unknowns]
            for column in stride(from: row + 1, to: unknowns, by: 1) { rest -= matrix[row][column] * result[column] }
            result[row] = rest / matrix[row][row]
        }
        return result.allSatisfy(\.isFinite) ? result : nil
    }
}

/// Directions in plain arithmetic, for the same reason as ``VoteMath``.
enum Bearing {
    /// Degrees clockwise from straight ahead, -180...180; 0 for no way at all.
    static func degrees(right: Double, ahead: Double) -> Double {
        let across = abs(right)
        let along = abs(ahead)
        guard across > 0 || along > 0 else { return 0 }
        let quarter = across <= along ? arcTangent(across / along) : 90 - arcTangent(along / across)
        let half = ahead >= 0 ? quarter : 180 - quarter
        return right >= 0 ? half : -half
    }

    /// Degrees, of 0...1; within 1e-12.
    private static func arcTangent(_ value: Double) -> Double {
        // Twice halved: atan v = 2 atan(v / (1 + sqrt(1 + v²))), whose argument is then below 0.2.
        let once = value / (1 + (1 + value * value).squareRoot())
        let twice = once / (1 + (1 + once * once).squareRoot())
        let square = twice * twice
        var term = twice
        var sum = 0.0
        for index in 0..<14 {
            sum += term / Double(2 * index + 1)
            term *= -square
        }
        return 4 * sum * 57.295_779_513_082_32
    }
}
