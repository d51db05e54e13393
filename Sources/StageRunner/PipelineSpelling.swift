/// Guesses what a misspelt word was meant to be.
enum PipelineSpelling {
    /// The nearest word, if it is near: at most a third of the letters wrong, dashes and capitals aside.
    static func guess(_ word: String, among words: some Sequence<String>) -> String? {
        let plain = simplified(word)
        let limit = max(1, plain.count / 3)
        return words.map { (word: $0, distance: distance(plain, simplified($0))) }
            .filter { $0.distance <= limit }
            .min { ($0.distance, $0.word) < ($1.distance, $1.word) }?.word
    }

    /// `'x'` for a near miss, else all the words: text to follow "write" or "use".
    static func advice(_ word: String, among words: [String]) -> String {
        if let guess = guess(word, among: words) { return "'\(guess)'" }
        return "one of \(words.sorted().joined(separator: ", "))"
    }

    private static func simplified(_ word: String) -> [Character] {
        // Long words are cut: the distance takes time by the square, and the file is not trusted.
        word.prefix(64).lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    private static func distance(_ a: [Character], _ b: [Character]) -> Int {
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var rows = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
        for i in 0...a.count { rows[i][0] = i }
        for j in 0...b.count { rows[0][j] = j }
        for i in 1...a.count {
            for j in 1...b.count {
                var least = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1)
                least = min(least, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    least = min(least, rows[i - 2][j - 2] + 1)
                }
                rows[i][j] = least
            }
        }
        return rows[a.count][b.count]
    }
}
