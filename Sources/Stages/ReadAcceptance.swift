/// From which confidence on reads are accepted, and what that means.
///
/// Source: `training/reader/calibrate.py`, on photographs that were not fitted; docs/accuracy.md.
public struct ReadAcceptance: Hashable, Sendable {
    /// The share of accepted reads that are right, 0...1.
    public var precision: Double
    /// Reads of at least this confidence are accepted, 0...1.
    public var confidence: Double
    /// The share of all plates, read or not, of which a read is accepted, 0...1.
    public var coverage: Double

    public init(precision: Double, confidence: Double, coverage: Double) {
        self.precision = precision
        self.confidence = confidence
        self.coverage = coverage
    }

    /// In rising precision. Of all plates of 161 photographs and three worse copies of each.
    public static let measured = [
        ReadAcceptance(precision: 0.90, confidence: 0.562, coverage: 0.848),
        ReadAcceptance(precision: 0.92, confidence: 0.697, coverage: 0.787),
        ReadAcceptance(precision: 0.94, confidence: 0.810, coverage: 0.747),
        ReadAcceptance(precision: 0.95, confidence: 0.841, coverage: 0.716),
        ReadAcceptance(precision: 0.96, confidence: 0.896, coverage: 0.651),
        ReadAcceptance(precision: 0.97, confidence: 0.915, coverage: 0.531),
    ]

    /// The least strict acceptance that is right at least so often; nil when none that was measured is.
    ///
    /// - Parameter precision: 0...1.
    public static func reaching(_ precision: Double) -> ReadAcceptance? {
        measured.first { $0.precision >= precision }
    }
}
