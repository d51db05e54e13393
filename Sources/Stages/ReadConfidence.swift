#if canImport(Glibc)
    import Glibc
#endif

/// How sure a read is that its whole text is right.
///
/// A logistic function of what the reader and the interpreter believe.
public enum ReadConfidence {
    /// Above this a symbol is left alone by patterns.
    static let sure = 0.98
    /// The default abstain threshold.
    public static let defaultAbstain = 0.75

    /// - Parameters:
    ///   - posterior: The text's share among all texts considered, 0...1.
    ///   - lines: Every look, laid along the text.
    ///   - fits: Whether some pattern fits.
    static func ofBest(posterior: Double, lines: [Alignment], fits: Bool) -> Double {
        let weakest = lines.map { $0.belief.min() ?? 0 }.reduce(0, +) / Double(lines.count)
        return min(posterior, 0.999) * (0.5 + 0.5 * weakest) * (fits ? 1 : 0.9)
    }
}
