#if canImport(Glibc)
    import Glibc
#endif

/// What speaks for the best text of a plate, and how sure that makes it.
public struct ReadEvidence: Hashable, Sendable {
    /// The text's share among all texts considered, 0...1.
    public var posterior: Double
    /// The reader's belief in the weakest and in the mean character of the text, averaged over the looks, 0...1.
    public var weakest, mean: Double
    /// The share of looks that show exactly this text, 0...1.
    public var agreement: Double
    /// Whether the text follows some pattern.
    public var fits: Bool

    /// Reads below this confidence are not accepted unless the operator says otherwise.
    public static let defaultAbstain = 0.75

    /// That the whole text is right, 0...1: a logistic function, fitted by `training/reader/calibrate.py`.
    ///
    /// Source: docs/decisions/0006-reading.md.
    public var confidence: Double {
        let score =
            -1.0 + 0.5 * Self.logOdds(posterior) + 0.5 * Self.logOdds(weakest) + 1.0 * agreement + (fits ? 0.5 : 0)
        return 1 / (1 + exp(-score))
    }

    /// Kept within -7...7, so that certainty about one thing can't outweigh all others.
    private static func logOdds(_ share: Double) -> Double { max(-7, min(7, log(share / (1 - share)))) }
}
