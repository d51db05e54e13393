/// From which confidence on reads are accepted, and what that means.
///
/// Source: `training/reader/calibrate.py`, on photographs that were not fitted; docs/accuracy.md.
public struct ReadAcceptance: Hashable, Sendable {
    /// The share of accepted reads that are right, 0...1.
    public var precision: Double
    /// Reads of at least this confidence are accepted, 0...1.
    public var confidence: Double
    /// The share of all reads that this accepts, 0...1.
    public var coverage: Double

    public init(precision: Double, confidence: Double, coverage: Double) {
        self.precision = precision
        self.confidence = confidence
        self.coverage = coverage
    }

    /// In rising precision.
    public static let measured = [
        ReadAcceptance(precision: 0.955, confidence: 0.8, coverage: 0.710),
        ReadAcceptance(precision: 0.966, confidence: 0.9, coverage: 0.589),
    ]

    /// The least strict acceptance that is right at least so often; nil when none that was measured is.
    ///
    /// - Parameter precision: 0...1.
    public static func reaching(_ precision: Double) -> ReadAcceptance? {
        measured.first { $0.precision >= precision }
    }
}
