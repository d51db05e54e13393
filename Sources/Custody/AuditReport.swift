/// What the log says of a period, in counts: for the public, so without names of users, case numbers or tokens.
public struct AuditReport: Sendable {
    /// How often one thing was done.
    public struct Tally: Sendable {
        public private(set) var granted = 0, refused = 0, done = 0
        /// Looks whose rows were counted, and those of them that returned any.
        public private(set) var counted = 0, found = 0
        public private(set) var rows: Int64 = 0
        private var users: Set<String> = [], cases: Set<String> = []

        public var looks: Int { granted + refused }
        public var userCount: Int { users.count }
        public var caseCount: Int { cases.count }
        /// Looks that returned rows, of those granted whose rows were counted; nil without one.
        public var hitRate: Double? { counted == 0 ? nil : Double(found) / Double(counted) }

        fileprivate mutating func add(_ entry: AuditEntry) {
            switch entry.fields[5] {
            case "granted":
                granted += 1
                if let returned = entry.returned {
                    counted += 1
                    found += returned > 0 ? 1 : 0
                    rows += returned
                }
            case "refused": refused += 1
            default: done += 1
            }
            if let user = entry.fields[2] { users.insert(user) }
            if let number = entry.fields[8], !number.isEmpty { cases.insert(number) }
        }
    }

    /// Looks, and what they were for, why they were refused, and when they were.
    public private(set) var total = Tally()
    public private(set) var byAction: [String: Tally] = [:]
    public private(set) var byPurpose: [String: Tally] = [:]
    public private(set) var byReason: [String: Tally] = [:]
    /// By UTC day, `2026-03-02`.
    public private(set) var byDay: [String: Tally] = [:]
    /// What was done that is no look: settings, keys, retention, erasure; by action.
    public private(set) var done: [String: Tally] = [:]
    /// UTC days, both included; nil for the log's own first or last.
    public let from, to: String?
    /// The log's last entry and its digest, whatever the period.
    public private(set) var head: (entry: Int64, digest: [UInt8]) = (0, [])
    /// Words that must not be shown: users and case numbers, in small letters.
    private var secrets: Set<String> = []

    /// - Parameters:
    ///   - from: The first UTC day, nil for all.
    ///   - to: The last one.
    public init(from: String? = nil, to: String? = nil) {
        self.from = from
        self.to = to
    }

    /// Takes the next entry of the log; those outside the period only as the head.
    public mutating func add(_ entry: AuditEntry) {
        head = (entry.id, entry.digest)
        for secret in [entry.fields[2], entry.fields[8]].compactMap({ $0 }) where !secret.isEmpty {
            secrets.insert(secret.lowercased())
        }
        let day = String((entry.fields[1] ?? "").prefix(10))
        if let from, day < from { return }
        if let to, day > to { return }
        let action = entry.fields[4] ?? ""
        guard entry.fields[5] != "done" else {
            done[action, default: Tally()].add(entry)
            return
        }
        total.add(entry)
        byAction[action, default: Tally()].add(entry)
        let purpose = entry.fields[7] ?? ""
        byPurpose[purpose, default: Tally()].add(entry)
        byDay[day, default: Tally()].add(entry)
        if entry.fields[5] == "refused" { byReason[entry.fields[6] ?? "", default: Tally()].add(entry) }
    }

    /// A text that users wrote, without what may name a vehicle, a case or a user: words with a digit, and users' names and
    /// case numbers, become `#`.
    public func publishable(_ text: String) -> String {
        if text.allSatisfy(\.isWhitespace) { return "none given" }
        if secrets.contains(text.lowercased()) { return "#" }
        var shown = text.split(whereSeparator: \.isWhitespace).map { word -> String in
            let bare = word.drop { !$0.isLetter && !$0.isNumber }.reversed().drop { !$0.isLetter && !$0.isNumber }
            let plain = String(bare.reversed()).lowercased()
            return word.contains(where: \.isNumber) || secrets.contains(plain) ? "#" : String(word)
        }.joined(separator: " ")
        if shown.count > 80 { shown = shown.prefix(79) + "…" }
        return shown
    }

    /// Rows of a table, the most looks first, under names that may be shown; two that read the same are two rows.
    public func rows(_ tallies: [String: Tally]) -> [(name: String, tally: Tally)] {
        tallies.sorted { ($1.value.looks + $1.value.done, $0.key) < ($0.value.looks + $0.value.done, $1.key) }
            .map { (publishable($0.key), $0.value) }
    }
}
