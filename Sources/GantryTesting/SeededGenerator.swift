/// SplitMix64: small, seeded, the same on every machine, so that a seed printed by a failing test reproduces it.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    /// 0 to just below 1.
    public mutating func share() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
    /// True with this probability, 0...1.
    public mutating func chance(_ probability: Double) -> Bool { share() < probability }
    /// -range to range.
    public mutating func spread(_ range: Double) -> Double { (share() * 2 - 1) * range }
    /// 0 to below `count`, which must be positive.
    public mutating func index(_ count: Int) -> Int { Int(next() % UInt64(count)) }
}
