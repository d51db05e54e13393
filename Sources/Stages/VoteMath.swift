/// Logarithm and exponential in plain arithmetic.
///
/// The C library's may differ in their last bit between processors (they choose variants with fused operations at run
/// time), and votes must come out the same on any machine.
enum VoteMath {
    /// Natural logarithm of a positive, finite number; within 1e-14 of the true one near 1.
    static func log(_ value: Double) -> Double {
        precondition(value > 0 && value.isFinite, "the logarithm is asked of a positive, finite number")
        var mantissa = value.significand
        var power = Double(value.exponent)
        if mantissa > 1.414_213_562_373_095_1 {
            mantissa /= 2
            power += 1
        }
        // log m = 2 atanh((m - 1) / (m + 1)), whose argument is at most 0.172 here.
        let ratio = (mantissa - 1) / (mantissa + 1)
        let square = ratio * ratio
        var term = ratio
        var sum = 0.0
        var divisor = 1.0
        while divisor < 27 {
            sum += term / divisor
            term *= square
            divisor += 2
        }
        return 2 * sum + power * 0.693_147_180_559_945_3
    }

    /// Exponential, for -700...700; clamped outside.
    static func exp(_ value: Double) -> Double {
        let bounded = min(700, max(-700, value))
        let power = (bounded / 0.693_147_180_559_945_3).rounded()
        let rest = bounded - power * 0.693_147_180_559_945_3
        var term = 1.0
        var sum = 1.0
        for index in 1...18 {
            term *= rest / Double(index)
            sum += term
        }
        return Double(sign: .plus, exponent: Int(power), significand: sum)
    }
}
