import Assembly
import Foundation
import KafkaTopics
import Logging
import SimulatedCity
import StageRunner
import Topics
import Traffic
import Wire

/// Makes a city's folder, window by window, and sends its passages where they go.
struct CityRun: Sendable {
    let city: SimulatedCity
    let options: CityFolder.Options
    let folder: String
    /// Nil for a recording in the folder.
    let brokers: String?
    /// Records a second into Kafka.
    let rate: Double?
    let usesSUMO: Bool
    let quiet: Bool
    private let started = ContinuousClock.now

    init(
        city: SimulatedCity, options: CityFolder.Options, folder: String, brokers: String?, rate: Double?,
        usesSUMO: Bool, quiet: Bool
    ) {
        self.city = city
        self.options = options
        self.folder = folder
        self.brokers = brokers
        self.rate = rate
        self.usesSUMO = usesSUMO
        self.quiet = quiet
    }

    /// On a thread of its own: encoding takes its time, and sends block.
    func run() async throws -> CityCounts { try await ThreadExecutor.run(name: "simulate") { try await make() } }

    private func make() async throws -> CityCounts {
        var files = try CityFolder(city, path: folder, options: options)
        var traffic = try usesSUMO ? SUMORun(city: city) { report($0) }.traffic() : CityTraffic(city)
        let outlet = try await outlet()
        var pace = CityPace(rate: rate)
        let length = (city.settings.seconds + city.settings.bucket - 1) / city.settings.bucket
        let line = quiet ? nil : CountLine("simulate", of: length, "windows")
        var done = 0
        while let window = traffic.next() {
            let records = try window.reports.map { try Record(report: $0) }
            if let outlet { try await pace.send(records, to: outlet) }
            try files.write(window, records: outlet == nil ? records : [])
            done += 1
            line?.show(min(done, length))
        }
        return try files.finish(traffic)
    }

    private func report(_ text: String) {
        if !quiet { FileHandle.standardError.write(Data("simulate: \(text)\n".utf8)) }
    }

    private func outlet() async throws -> KafkaOutlet<Record>? {
        guard let brokers else { return nil }
        var target = PipelineKafka()
        target.brokers = brokers.split(separator: ",").map(String.init)
        let topic = PipelineTopics(name: city.settings.name).passages
        let cluster = KafkaCluster(target, logger: Logger(label: "gantry"))
        try await cluster.connect()
        try await cluster.create([TopicPlan(topic, partitions: target.partitions)])
        return try cluster.outlet(topic: topic) { $0 }
    }

    func summary(_ counts: CityCounts) -> String {
        let seconds = started.duration(to: .now).inSeconds
        let perSecond = Int(Double(counts.passages + counts.stretches) / max(0.001, seconds))
        return """
            \(city.sites.count) cameras, \(counts.trips) trips, \(counts.passes) passes, \(counts.passages) passages told, \(counts.stretches) stretches of coverage in \
            \(Int(seconds.rounded())) s (\(perSecond) records/s), \(counts.legs) legs, \(counts.journeys) journeys
            """
    }
}

/// Sends no more than so many records a second.
struct CityPace {
    let rate: Double?
    private var sent = 0
    private let start = ContinuousClock.now

    init(rate: Double?) { self.rate = rate }

    mutating func send(_ records: [Record], to outlet: KafkaOutlet<Record>) async throws {
        // A tenth of a second's worth at a time, so that the rate is even.
        let part = rate.map { min(500, max(1, Int($0 / 10))) } ?? 500
        for first in stride(from: 0, to: records.count, by: part) {
            if let rate {
                let ahead = Duration.seconds(Double(sent) / rate) - start.duration(to: .now)
                if ahead > .zero { try await Task.sleep(for: ahead) }
            }
            let slice = Array(records[first..<min(first + part, records.count)])
            let refused = try await outlet.send(slice)
            if let refusal = refused.first { throw CityKafkaError.refused(refused.count, first: refusal.reason) }
            sent += slice.count
        }
    }
}

enum CityKafkaError: Error, Equatable, CustomStringConvertible {
    case refused(Int, first: String)

    var description: String {
        switch self {
        case .refused(let count, let first):
            "CTY205 Kafka refused \(count) records; the first: \(first). Look at the topic's settings, then start again."
        }
    }
}
