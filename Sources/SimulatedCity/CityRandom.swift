/// A small seeded generator (SplitMix64), so that one seed gives one city on every machine.
///
/// Only sums, products and square roots are made of its numbers: the C library's logarithm and exponential may differ in
/// their last bit between processors.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
struct CityRandom {
    /// What the numbers are for. Those of one part say nothing about those of another.
    enum Part: UInt64 {
        case network = 1, bottleneck, cameras, places, vehicle, tours, trip, sighting, skew, outages, taste, days
    }

    private var state: UInt64

    init(_ seed: UInt64, _ part: Part, _ a: Int = 0, _ b: Int = 0) {
        state = seed &+ part.rawValue &* 0xd1b5_4a32_d192_ed03
        state = next() ^ UInt64(bitPattern: Int64(a))
        state = next() ^ UInt64(bitPattern: Int64(b))
        _ = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// From 0 up to but not including 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func double(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + unit() * (range.upperBound - range.lowerBound)
    }

    /// - Parameter count: Positive.
    mutating func index(_ count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(count)).high) }

    mutating func chance(_ share: Double) -> Bool { unit() < share }

    /// About normal with mean 0 and deviation 1; never beyond 3.5. Four uniform numbers, added.
    mutating func normal() -> Double { (unit() + unit() + unit() + unit() - 2) * 1.732_050_807_568_877_2 }

    /// An index by weight, from the running sums of the weights.
    mutating func index(sums: [Double]) -> Int {
        let wanted = unit() * (sums.last ?? 0)
        var low = 0, high = sums.count - 1
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] > wanted { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
