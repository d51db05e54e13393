import Testing
import Traffic

@Suite struct EventTimeTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_772_436_600_100_000_000, "2026-03-02T07:30:00.100Z"),
            (1_772_436_600_123_456_789, "2026-03-02T07:30:00.123456789Z"),
            (1_772_436_600_120_500_000, "2026-03-02T07:30:00.1205Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
            (-1_000_000_000, "1969-12-31T23:59:59.000Z"), (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func `times are written and read back as RFC 3339`(nanoseconds: Int64, text: String) {
        #expect(EventTime(nanoseconds: nanoseconds).rfc3339 == text)
        #expect(EventTime(rfc3339: text) == EventTime(nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "2026-03-02T08:30:00+01:00", "2026-03-02T07:30:00Z", "2026-03-02t07:30:00z", "2026-03-02 07:30:00.000Z",
        "2026-03-02T02:00:00.0-05:30",
    ])
    func `other spellings of one moment are the same`(text: String) {
        #expect(EventTime(rfc3339: text) == EventTime(nanoseconds: 1_772_436_600_000_000_000))
    }

    @Test(arguments: [
        "", "2026-03-02", "2026-03-02T07:30:00", "2026-03-02T07:30Z", "2026-02-30T07:30:00Z", "2026-13-01T00:00:00Z",
        "2026-03-02T24:00:00Z", "2026-03-02T07:60:00Z", "2026-03-02T07:30:00.Z", "2026-03-02T07:30:00.1234567890Z",
        "2026-03-02T07:30:00ZZ", "2026-03-02T07:30:00+0100", "0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z",
        "2026-03-02T07:30:00é", "２026-03-02T07:30:00Z", "2025-02-29T00:00:00Z",
    ])
    func `what is no RFC 3339 time is refused`(text: String) {
        #expect(EventTime(rfc3339: text) == nil)
    }

    @Test func `every moment comes back from its text`() {
        var state: UInt64 = 99
        for _ in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // Between 1800 and 2139: within the years that the type and the format share.
            let time = EventTime(nanoseconds: Int64(bitPattern: state) % 5_360_000_000_000_000_000)
            #expect(EventTime(rfc3339: time.rfc3339) == time, "\(time.nanoseconds)")
        }
    }

    @Test func `differences and sums are exact to the nanosecond`() {
        let time = EventTime(nanoseconds: 1_772_436_600_000_000_001)
        let later = time + .nanoseconds(2_500_000_007)
        #expect((later - time).inNanoseconds == 2_500_000_007)
        #expect((time - later).inNanoseconds == -2_500_000_007)
        #expect(time < later)
        #expect(Duration.milliseconds(-1500).inSeconds == -1.5)
        #expect(abs(EventTime(seconds: 1_772_436_601.1).seconds - 1_772_436_601.1) < 1e-6)
    }
}
