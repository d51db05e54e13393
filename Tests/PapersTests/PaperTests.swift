import Testing
import Traffic

@testable import Papers

/// Goal: the papers say what the configuration says, name what is missing, and hold nothing that could be misread as markup.
@Suite struct PaperTests {
    static func facts() -> SystemFacts {
        var facts = SystemFacts(system: "ring & <station>", zone: "UTC", made: EventTime(seconds: 1_772_409_600))
        facts.stages = [.init(name: "decode", does: "decodes", gives: "frames")]
        facts.publication = .init(minimumVehicles: 10, roundTo: 5, shortestBucket: "5 minutes", noiseEpsilon: nil)
        facts.keys = .init(source: "a file", tokenEpoch: "7 days", days: 3, destroyedDays: 1)
        facts.stored = .init(
            cameras: 6, days: 3, firstDay: "2026-03-02", lastDay: "2026-03-04", passages: 1200, captured: 0.914)
        facts.roles = [.init(name: "gantry_auditor", may: "read the audit log", members: 1)]
        facts.purposes = [
            .init(name: "theft", legalBasis: "Police Act 1", details: [("Oldest data", "90 days")])
        ]
        facts.retention = [.init(data: "sightings", limit: "30d", oldest: "2026-03-02")]
        facts.looks = [.init(purpose: "theft", action: "trace", granted: 8, refused: 2, hits: 6)]
        facts.looksPeriod = "the last 30 days"
        facts.auditEntries = 10
        facts.accuracy = [["figure", "all (165)"], ["exact", "88.5 (82.7-92.5)"]]
        facts.models = [.init(task: "faces", name: "yunet-640", licence: "Apache-2.0", origin: "libfacedetection")]
        return facts
    }

    @Test(arguments: Paper.allCases) func `what is configured is on the page`(paper: Paper) {
        let document = paper.document(Self.facts(), drawing: paper == .dpia ? "<svg>flow</svg>" : nil)
        #expect(document.openPoints == [])
        #expect(document.blanks > 0, "no system knows its controller")
        #expect(document.html.contains("ring &amp; &lt;station&gt;") && !document.html.contains("<station>"))
        for words in ["Police Act 1", "90 days", "30d", "88.5 (82.7-92.5)", "at least 10 distinct vehicles"] {
            #expect(document.html.contains(words), "\(words)")
        }
        // One page, nothing fetched from elsewhere.
        #expect(
            !document.html.contains("http:") && !document.html.contains("https:") && !document.html.contains("<script"))
    }

    @Test func `the assessment shows the flow, the keys and the recipients`() {
        let html = Paper.dpia.document(Self.facts(), drawing: "<svg>flow</svg>").html
        for words in [
            "<svg>flow</svg>", "a file", "7 days", "1 days' keys were destroyed", "gantry_auditor", "yunet-640", "91%",
        ] {
            #expect(html.contains(words), "\(words)")
        }
    }

    @Test func `the public sees how often was looked, and found`() {
        let html = Paper.transparency.document(Self.facts(), drawing: nil).html
        #expect(html.contains("<td>theft</td><td>trace</td><td>8</td><td>2</td><td>6 (75%)</td>"))
        #expect(html.contains("6</td><td>3</td><td>1200"))
    }

    static let gaps: [(String, @Sendable (inout SystemFacts) -> Void)] = [
        ("Aggregates are shown from 2 vehicles on", { $0.publication?.minimumVehicles = 2 }),
        ("No purpose is configured", { $0.purposes = [] }),
        ("Purpose theft names no legal basis", { $0.purposes[0].legalBasis = "" }),
        ("No retention is configured", { $0.retention = [] }),
        ("No end of keeping is set for sightings", { $0.retention[0].limit = nil }),
        ("There are no keys here", { $0.keys = nil }),
        ("Nobody has the role gantry_auditor", { $0.roles[0].members = 0 }),
        ("No measured accuracy", { $0.accuracy = [] }),
    ]

    @Test(arguments: gaps.indices) func `what is missing is an open point`(index: Int) {
        var facts = Self.facts()
        Self.gaps[index].1(&facts)
        #expect(facts.openPoints.count == 1 && facts.openPoints[0].hasPrefix(Self.gaps[index].0), "\(facts.openPoints)")
        #expect(Paper.dpia.document(facts, drawing: nil).html.contains(Page.escaped(facts.openPoints[0])))
    }

    @Test func `the drawing names every stage and quotes what it is given`() {
        var facts = Self.facts()
        facts.stages.append(.init(name: "a \"b\" \\", does: "x", gives: "y"))
        let dot = DataFlow(facts).dot
        #expect(dot.contains("\"camera\" -> \"decode\" [label=\"video\"]"))
        #expect(dot.contains("\"decode\" -> \"a \\\"b\\\" \\\\\" [label=\"frames\"]"))
        #expect(dot.contains("\"a \\\"b\\\" \\\\\" -> database [label=\"y\"]"))
    }
}
