internal import Foundation
internal import Traffic
internal import Yams

/// How long each class of data may be kept; nil keeps it for ever. `gantry retention run` enforces it.
public struct PipelineRetention: Hashable, Sendable {
    /// With their journeys, legs and coverage, by first sight.
    public var sightings: Duration?
    /// Nil for as long as their sightings.
    public var crops: Duration?
    /// By the time of their last record.
    public var recordings: Duration?
    /// On the brokers: vehicles, reads, passages, and what was rejected.
    public var topics: Duration?
    /// Figures of schema city and of what cameras captured, by day.
    public var reports: Duration?
    /// Absolute path of the recordings; needed to keep them no longer.
    public var recordingsFolder: String?
    /// Absolute path of certificates and the key that signs them; nil for `.gantry/retention`.
    public var folder: String?

    public init() {}

    /// Minutes of a slot: the longest of which three fit into the shortest limit, so that what is dropped together is not
    /// kept for much less than it may be. Nil where nothing is to be dropped.
    public var slotMinutes: Int? {
        guard let shortest = [sightings, crops].compactMap({ $0 }).min() else { return nil }
        let minutes = Int(shortest.components.seconds / 60)
        return KeyPeriod.lengths.first { $0 * 3 <= minutes } ?? 1
    }
}

extension PipelineReading {
    /// Slots that may be kept at once: each is five tables, which every question over all of time has to plan for.
    private static var mostSlots: Int { 1000 }

    func retention(_ section: PipelineSection) -> PipelineRetention {
        var retention = PipelineRetention()
        let limit = PipelineFormat<Duration>.duration(.seconds(180)...(.seconds(3660 * 86_400)))
        retention.sightings = section.optional("sightings", limit)
        retention.crops = section.optional("crops", limit)
        retention.recordings = section.optional(
            "recordings", .duration(.seconds(60)...(.seconds(3660 * 86_400))))
        retention.topics = section.optional("topics", .duration(.seconds(60)...(.seconds(366 * 86_400))))
        retention.reports = section.optional("reports", .duration(.seconds(86_400)...(.seconds(36_600 * 86_400))))
        retention.recordingsFolder = path("recordings_folder", section, mustExist: false)
        retention.folder = path("folder", section, mustExist: false)
        if section.has("recordings") != section.has("recordings_folder") {
            document.report(
                .conflict, at: section.mark(of: section.has("recordings") ? "recordings" : "recordings_folder"),
                "retention.recordings and retention.recordings_folder need each other",
                "say both how long recordings are kept and where they lie")
        }
        if let crops = retention.crops, let sightings = retention.sightings, crops > sightings {
            document.report(
                .conflict, at: section.mark(of: "crops"), "retention.crops is longer than retention.sightings",
                "crops go with their sightings at the latest: shorten it, or remove the line")
        }
        if let minutes = retention.slotMinutes, minutes < 1440 {
            let slots = retention.sightings.map { Int($0.components.seconds / 60) / minutes } ?? .max
            if slots > Self.mostSlots {
                document.report(
                    .conflict, at: section.mark(of: "crops"),
                    "retention.crops of \(pipelineText(retention.crops ?? .zero)) needs partitions of \(minutes) min, too many for \(retention.sightings.map(pipelineText) ?? "sightings that are kept for ever")",
                    "keep crops for 3d at least, or for as long as sightings")
            }
        }
        section.close()
        return retention
    }
}

extension Pipeline {
    /// What is allowed and hardly meant: the file can be used as it is. By place in the file's sections.
    ///
    /// - Parameter file: As the user named it.
    public func warnings(file: String) -> [PipelineProblem] {
        var warnings: [PipelineProblem] = []
        func warn(_ what: String, _ remedy: String) {
            warnings.append(
                PipelineProblem(file: file, line: 0, column: 0, code: .doubtful, what: what, remedy: remedy))
        }
        if let topics = retention.topics, topics < .seconds(3600) {
            warn(
                "retention.topics is \(pipelineText(topics)): a stage or database that is down for longer loses what came meanwhile",
                "keep topics for longer than your longest outage, such as 1d")
        }
        if let sightings = retention.sightings {
            if let recordings = retention.recordings, recordings > sightings {
                warn(
                    "retention.recordings of \(pipelineText(recordings)) is longer than retention.sightings of \(pipelineText(sightings)), and recordings have plates in clear",
                    "keep recordings no longer than sightings")
            }
            if let topics = retention.topics, topics > sightings {
                warn(
                    "retention.topics of \(pipelineText(topics)) is longer than retention.sightings of \(pipelineText(sightings)), and topics have plates in clear",
                    "keep topics no longer than sightings")
            }
            let epoch = Duration.seconds(86_400 * (custody.tokenEpochDays ?? 7))
            if epoch > sightings, epoch > .seconds(86_400) {
                warn(
                    "custody.token_epoch of \(pipelineText(epoch)) is longer than retention.sightings of \(pipelineText(sightings)): its keys outlive the data",
                    "make the key folder with token_epoch: day")
            }
            if kafka != nil, retention.topics == nil {
                warn(
                    "retention.sightings is set and retention.topics is not, and topics have plates in clear",
                    "add retention.topics, no longer than sightings")
            }
        }
        return warnings
    }
}
