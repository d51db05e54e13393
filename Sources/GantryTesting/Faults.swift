public import Topics

/// What goes wrong between two stages, from a seed: records that come twice, late, in another order, broken or never.
///
/// The same seed and records give the same faults. Rates are shares of the records, 0...1; each record suffers at most
/// one fault.
public struct Faults: Sendable {
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        /// It comes again, right after or up to ``Faults/span`` records later.
        case duplicate
        /// It comes up to ``Faults/span`` records late.
        case delay
        /// It never comes.
        case drop
        /// It changes places with the next record of its key.
        case reorder
        /// Its value is cut off, or some of its bits are turned.
        case corrupt
    }

    /// One thing that went wrong.
    public struct Incident: Hashable, Sendable {
        public var kind: Kind
        /// Index into the records as they were.
        public var index: Int
    }

    public var seed: UInt64
    public var rates: [Kind: Double]
    /// Most records that a late one lets by; positive.
    public var span: Int

    public init(seed: UInt64, rates: [Kind: Double], span: Int = 8) {
        precondition(rates.values.reduce(0, +) <= 1 && rates.values.allSatisfy { $0 >= 0 }, "rates are shares")
        precondition(span > 0, "a late record is late by something")
        self.seed = seed
        self.rates = rates
        self.span = span
    }

    /// The records as they arrive, and what was done to them.
    public func apply(to records: [Record]) -> (records: [Record], incidents: [Incident]) {
        var random = SeededGenerator(seed: seed)
        var incidents: [Incident] = []
        // Where each arrival stands: its own place, or a later one. Sorting by place keeps the order of equals.
        var arrivals: [(place: Double, record: Record)] = []
        var swapped: Set<Int> = []
        for (index, record) in records.enumerated() {
            var fault = kind(&random)
            var partner: Int?
            if fault == .reorder {
                partner = swapped.contains(index) ? nil : next(of: record.key, after: index, in: records)
                if partner == nil { fault = nil }
            }
            if let fault { incidents.append(Incident(kind: fault, index: index)) }
            let late = Double(index + 1 + random.index(span)) + 0.5
            switch fault {
            case .duplicate: arrivals += [(Double(index), record), (late, record)]
            case .delay: arrivals.append((late, record))
            case .drop: break
            case .corrupt: arrivals.append((Double(index), Self.corrupted(record, &random)))
            case .reorder:
                swapped.insert(partner!)
                arrivals.append((Double(partner!) + 0.25, record))
            case nil: arrivals.append((Double(index), record))
            }
        }
        let order = arrivals.indices.sorted {
            arrivals[$0].place != arrivals[$1].place ? arrivals[$0].place < arrivals[$1].place : $0 < $1
        }
        return (order.map { arrivals[$0].record }, incidents)
    }

    private func kind(_ random: inout SeededGenerator) -> Kind? {
        var point = random.share()
        for kind in Kind.allCases {
            point -= rates[kind] ?? 0
            if point < 0 { return kind }
        }
        return nil
    }

    private func next(of key: String?, after index: Int, in records: [Record]) -> Int? {
        records[(index + 1)...].prefix(span * 4).firstIndex { $0.key == key }
    }

    private static func corrupted(_ record: Record, _ random: inout SeededGenerator) -> Record {
        var broken = record
        guard !broken.value.isEmpty else { return broken }
        if random.chance(0.5) {
            broken.value.removeLast(1 + random.index(broken.value.count))
        } else {
            for _ in 0...random.index(4) {
                broken.value[random.index(broken.value.count)] ^= 1 << UInt8(random.index(8))
            }
        }
        return broken
    }
}
