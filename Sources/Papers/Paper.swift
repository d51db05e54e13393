import Traffic

/// A paper that the law or the public asks of whoever runs plate readers, made from what the system really does.
public enum Paper: String, CaseIterable, Sendable {
    /// Data protection impact assessment: GDPR article 35(7), directive (EU) 2016/680 article 27.
    case dpia
    /// Usage and privacy policy: California Civil Code 1798.90.51(b), and what data protection law wants told.
    case policy
    /// For the public: what there is, who looked, how often, and what for.
    case transparency

    public var title: String {
        switch self {
        case .dpia: "Data protection impact assessment"
        case .policy: "Usage and privacy policy"
        case .transparency: "Transparency report"
        }
    }

    /// A finished page.
    public struct Document: Sendable {
        public var html: String
        /// Places that only the operator can fill in.
        public var blanks: Int
        /// What the configuration leaves to be desired, as on the page of the assessment.
        public var openPoints: [String]
    }

    /// - Parameter drawing: ``DataFlow/dot`` drawn as SVG; nil where it could not be drawn, and the page has a table alone.
    public func document(_ facts: SystemFacts, drawing: String?) -> Document {
        var page = Page()
        switch self {
        case .dpia: page.addAssessment(facts, drawing: drawing)
        case .policy: page.addPolicy(facts)
        case .transparency: page.addTransparency(facts)
        }
        let subtitle =
            "System \(facts.system). Made \(facts.made.rfc3339.prefix(10)) from its configuration and its database."
        return Document(
            html: page.html(title: "\(title): \(facts.system)", subtitle: subtitle), blanks: page.blanks,
            openPoints: facts.openPoints)
    }
}

extension SystemFacts {
    /// Below this the published numbers are about people.
    private static let leastVehicles = 10

    /// What should be settled before such a system is used on real traffic.
    public var openPoints: [String] {
        var points: [String] = []
        if let publication, publication.minimumVehicles < Self.leastVehicles {
            points.append(
                "Aggregates are shown from \(publication.minimumVehicles) vehicles on, unrounded: that is for synthetic cities. Set database.suppress_below to 10 or more."
            )
        }
        if purposes.isEmpty {
            points.append("No purpose is configured for looks at single vehicles, so nothing says which are lawful.")
        }
        for purpose in purposes where purpose.legalBasis.isEmpty {
            points.append("Purpose \(purpose.name) names no legal basis.")
        }
        if retention.isEmpty {
            points.append("No retention is configured: data are kept until somebody deletes them.")
        }
        for kept in retention where kept.limit == nil {
            points.append("No end of keeping is set for \(kept.data).")
        }
        if keys == nil { points.append("There are no keys here, so this paper can't say how they are kept.") }
        if !roles.isEmpty, !roles.contains(where: { $0.name == "gantry_auditor" && $0.members > 0 }) {
            points.append("Nobody has the role gantry_auditor: the audit log is not looked at by a person of its own.")
        }
        if accuracy.isEmpty { points.append("No measured accuracy is at hand.") }
        return points
    }

    var publicationText: String {
        guard let publication else { return "How aggregates are published is not known here." }
        let k = publication.minimumVehicles
        guard k >= Self.leastVehicles else { return "Counts are shown from \(k) distinct vehicles on, as they are." }
        return
            "Counts are shown only where they rest on at least \(k) distinct vehicles, for stretches of at least \(publication.shortestBucket), as multiples of \(publication.roundTo) that are rounded up or down at random, so that two answers do not differ by a single vehicle."
            + (publication.noiseEpsilon.map {
                " Random noise (epsilon \($0)) is added, with a budget for each user and day."
            }
                ?? "")
    }
}
