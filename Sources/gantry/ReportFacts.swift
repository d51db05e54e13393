import Assembly
import Custody
import Foundation
import Papers
import PostGIS
import StageRunner
import Traffic
import Yams

/// Gathers what a system says of itself: its pipeline file, its database, its keys, and this build's models.
struct ReportFacts {
    let system: SystemOptions
    /// Of the audit log.
    let days: Int

    func gathered() throws -> SystemFacts {
        let pipeline = try system.loaded()
        let now = EventTime(seconds: Date().timeIntervalSince1970.rounded())
        var facts = SystemFacts(system: pipeline?.name ?? "gantry", zone: pipeline?.timezone ?? "UTC", made: now)
        facts.stages = Self.stages
        let database = try SystemInventory(database: system.address(pipeline))
        let stored = try database.stored()
        facts.stored = SystemFacts.Stored(
            cameras: stored.cameras, days: stored.days, firstDay: stored.firstDay, lastDay: stored.lastDay,
            passages: stored.passages, captured: stored.captured)
        let publication = try database.publication()
        facts.publication = SystemFacts.Publication(
            minimumVehicles: publication.minimumVehicles, roundTo: publication.roundTo,
            shortestBucket: Self.words(publication.shortestBucket), noiseEpsilon: publication.noiseEpsilon)
        facts.roles = try database.roles().map {
            SystemFacts.Role(name: $0.name, may: $0.comment ?? Self.role($0.name), members: $0.members)
        }
        facts.looks = try database.looks(days: days).map {
            SystemFacts.Looks(
                purpose: $0.purpose, action: $0.action, granted: $0.granted, refused: $0.refused, hits: $0.hits)
        }
        facts.looksPeriod = "the last \(days) days"
        facts.auditEntries = try database.auditEntries()
        facts.purposes = try database.purposes().map {
            SystemFacts.Purpose(
                name: $0.name, legalBasis: $0.basis,
                details: [
                    ("For members of", $0.audience), ("Data looked at alone, up to", $0.alone),
                    ("With a second person, up to", $0.approved),
                ])
        }
        facts.retention = try retention(pipeline, now)
        facts.keys = try keys(pipeline)
        facts.models = Self.models(pipeline)
        facts.accuracy = Self.accuracy()
        return facts
    }

    /// Empty where no limit is set at all.
    private func retention(_ pipeline: Pipeline?, _ now: EventTime) throws -> [SystemFacts.Retention] {
        guard let pipeline, pipeline.retention != PipelineRetention() else { return [] }
        let status = try RetentionStatus(
            pipeline, database: system.address(pipeline), keys: try? system.keys(pipeline), at: now)
        var kept = status.lines.compactMap { line -> SystemFacts.Retention? in
            switch line.class {
            case "certificates": nil
            case "audit log":
                SystemFacts.Retention(data: line.class, limit: "for ever: its chain begins with the first entry")
            default: SystemFacts.Retention(data: line.class, limit: line.limit, oldest: line.oldest)
            }
        }
        kept.append(
            SystemFacts.Retention(
                data: "topics of the message broker", limit: pipeline.retention.topics.map { "\($0.short)" }))
        return kept
    }

    private func keys(_ pipeline: Pipeline?) throws -> SystemFacts.Keys? {
        guard let store = try? system.keys(pipeline) else { return nil }
        let inventory = store.inventory()
        return SystemFacts.Keys(
            domain: store.domain, source: Self.place(of: store.source),
            tokenEpoch: store.epochDays == 1 ? "day" : "\(store.epochDays) days", days: inventory.days.count,
            destroyedDays: inventory.destroyedDays.count)
    }

    /// Without paths and commands, which are nobody else's business.
    private static func place(of source: WrappingKeySource) -> String {
        switch source {
        case .folder: "a file beside them, for its owner alone"
        case .file: "a file apart from them, for its owner alone"
        case .credential: "systemd's credentials"
        case .command: "a key service, asked by a command"
        }
    }

    private static let stages = [
        SystemFacts.Stage(
            name: "decode", does: "decodes the video of a camera and picks frames",
            gives: "frames"),
        SystemFacts.Stage(
            name: "detect",
            does: "finds vehicles, plates and faces; makes faces unrecognisable, cuts vehicles and plates out",
            gives: "small pictures without faces"),
        SystemFacts.Stage(name: "read", does: "reads each plate", gives: "texts with their certainty"),
        SystemFacts.Stage(
            name: "track", does: "joins what belongs to one vehicle, votes over its reads",
            gives: "one passage a vehicle"),
        SystemFacts.Stage(
            name: "sink", does: "replaces plates by keyed pseudonyms, seals text and picture",
            gives: "pseudonymous passages"),
    ]

    private static func role(_ name: String) -> String {
        switch name {
        case "gantry_reader": "read the published aggregates of schema city"
        case "gantry_ingest": "store passages; reads no pseudonym, text or picture"
        case "gantry_analyst": "ask for aggregates"
        case "gantry_investigator": "look at one vehicle, for a purpose and a case, on the log"
        case "gantry_supervisor": "approve the looks of others at older data"
        case "gantry_auditor": "read the log, purposes and approvals"
        case "gantry_keeper": "drop what is due and destroy keys; reads no passage"
        default: "see the database"
        }
    }

    /// `5 minutes` for `00:05:00`.
    private static func words(_ interval: String) -> String {
        let parts = interval.split(separator: ":").compactMap { Int($0) }
        guard parts.count == 3, parts[2] == 0 else { return interval }
        if parts[0] > 0 { return parts[0] == 1 ? "an hour" : "\(parts[0]) hours" }
        return parts[1] == 1 ? "a minute" : "\(parts[1]) minutes"
    }

    /// Folders beside this checkout's `.gantry`, and the working directory.
    private static var roots: [URL] {
        let home = try? GantryHome.find().directory.deletingLastPathComponent()
        return [home, URL(filePath: FileManager.default.currentDirectoryPath)].compactMap(\.self)
    }

    private static func text(_ file: String) -> String? {
        roots.lazy.compactMap { try? String(contentsOf: $0.appending(path: file), encoding: .utf8) }.first
    }

    /// The models that the pipeline names, or would take first.
    private static func models(_ pipeline: Pipeline?) -> [SystemFacts.Model] {
        struct Manifest: Decodable {
            struct Model: Decodable {
                var name, task, licence, origin: String
            }
            var preference: [String: [String]]
            var models: [Model]
        }
        guard let text = text("models/models.yaml"), let manifest = try? YAMLDecoder().decode(Manifest.self, from: text)
        else { return [] }
        let named = [
            "vehicles": pipeline?.detect.vehicles, "plates": pipeline?.detect.plates, "faces": pipeline?.detect.faces,
            "reader": pipeline?.read.model,
        ]
        return ["vehicles", "plates", "faces", "reader"].compactMap { task in
            let name = (named[task] ?? nil) ?? manifest.preference[task]?.first
            return manifest.models.first { $0.name == name }.map {
                SystemFacts.Model(task: task, name: $0.name, licence: $0.licence, origin: $0.origin)
            }
        }
    }

    /// The table of the reading's steps in docs/accuracy.md, which `make accuracy` writes.
    private static func accuracy() -> SystemFacts.Table {
        guard let text = text("docs/accuracy.md"),
            let start = text.range(of: "### Gantry on whole images, step by step")
        else { return [] }
        let rows = text[start.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
            .drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
        return rows.map { row in
            row.dropFirst().dropLast().split(separator: "|").map {
                $0.trimmingCharacters(in: .whitespaces).replacing("*", with: "")
            }
        }.filter { !($0.first?.hasPrefix("---") ?? true) }
    }
}
