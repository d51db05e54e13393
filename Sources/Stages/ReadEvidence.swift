#if canImport(Glibc)
    import Glibc
#endif

/// What speaks for the best text of a plate, and how sure that makes it.
public struct ReadEvidence: Hashable, Sendable {
    /// The text's share among all texts considered, 0...1.
    public var posterior: Double
    /// The share of looks that show exactly this text, 0...1.
    public var agreement: Double
    /// Whether the text follows some pattern.
    public var fits: Bool

    public init(posterior: Double, agreement: Double, fits: Bool) {
        self.posterior = posterior
        self.agreement = agreement
        self.fits = fits
    }

    /// Reads below this confidence are not accepted unless the operator says otherwise.
    ///
    /// On photographs that were not fitted 94% of what it accepts is right, and it accepts 75% of all plates.
    public static let defaultAbstain = 0.8

    /// That the whole text is right, 0...1: a logistic function, fitted by `training/reader/calibrate.py`.
    ///
    /// Source: docs/decisions/0006-reading.md.
    public var confidence: Double {
        // Bounded, so that certainty about the pixels can't outweigh all else: 0.997 is the most it can say.
        let odds = max(-7, min(7, log(posterior / (1 - posterior))))
        let score = -2.422 + 0.548 * odds + 1.708 * agreement + (fits ? 2.691 : 0)
        return 1 / (1 + exp(-score))
    }
}
