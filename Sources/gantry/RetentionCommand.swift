import ArgumentParser
import Assembly
import Custody
import Foundation
import KafkaTopics
import Logging
import PostGIS
import StageRunner
import Traffic

/// Takes away what is older than it may be, and shows that it is gone.
struct RetentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention",
        abstract: "Takes away what is older than it may be, and proves that it is gone.",
        discussion: """
            The pipeline file says how long each class of data is kept, from minutes to years:

              retention:
                sightings: 90d     # with journeys, legs and coverage
                crops: 30d
                topics: 1d
                reports: 730d
                recordings: 7d
                recordings_folder: /srv/recordings

            Let a timer run it as often as a third of the shortest limit, once a minute for minutes.
            """,
        subcommands: [RetentionRunCommand.self, RetentionStatusCommand.self, RetentionVerifyCommand.self])
}

struct RetentionOptions: ParsableArguments {
    @OptionGroup var system: SystemOptions

    func loaded() throws -> Pipeline {
        guard let pipeline = try system.loaded() else { throw ValidationError("--pipeline names the limits") }
        guard pipeline.retention != PipelineRetention() else {
            complain("\(RetentionError.nothingConfigured)")
            throw ExitCode(65)
        }
        return pipeline
    }

    /// Where certificates lie, and the key that signs them.
    func folder(_ pipeline: Pipeline) throws -> String {
        try pipeline.retention.folder ?? GantryHome.find().directory.appending(path: "retention").path
    }

    func cluster(_ pipeline: Pipeline) -> KafkaCluster? {
        guard pipeline.retention.topics != nil, let kafka = pipeline.kafka else { return nil }
        var logger = Logger(label: "retention")
        logger.logLevel = .error
        return KafkaCluster(kafka, logger: logger)
    }

    static var now: EventTime { EventTime(seconds: Date.now.timeIntervalSince1970) }
}

struct RetentionRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Takes away what is older than it may be, once.",
        discussion: """
            First the data keys of what is due are destroyed, which makes its texts and pictures unreadable in backups too; \
            then its partitions are dropped, old recordings deleted, and the topics' retention set. What comes late for a \
            time that is gone is rejected (SNK308). Everything is on record in the audit log, and a certificate says what was \
            deleted. It may be killed and repeated at any moment; two at once are refused.

            Exit status: 0 when all was done, 1 when something could not be (it is named, the rest is done), 65 without \
            limits, 69 without a database, 75 while another run is at work, 77 without keys.

            Examples:
              gantry retention run --pipeline pipelines/city.yaml --make-key
              gantry retention run --pipeline pipelines/city.yaml
            """)
    @OptionGroup var options: RetentionOptions
    @Flag(help: "Make the key that signs certificates where there is none, and print its public half.")
    var makeKey = false
    @Option(help: "Why, for the record.")
    var reason = "retention"

    func run() async throws {
        var problems: [RetentionError] = []
        var ready: (Pipeline, String)?
        try answering {
            let pipeline = try options.loaded()
            let database = try options.system.address(pipeline)
            let folder = try options.folder(pipeline)
            let signer = try SigningKey(folder: folder, create: makeKey)
            if makeKey {
                let key = hexadecimal(signer.publicKey)
                print("Certificates are signed by \(key): give it to the auditor.")
            }
            let keys = try options.system.keys(pipeline)
            do {
                let outcome = try RetentionRun(
                    pipeline, database: database, keys: keys, signer: signer, folder: folder
                ).run(at: RetentionOptions.now, reason: reason)
                problems = outcome.problems
                let gone = outcome.statement
                let rows = gone.slots.compactMap { $0.rows["sighting"] }.reduce(0, +)
                print(
                    "\(gone.slots.count) slots with \(rows) sightings, pictures of \(gone.crops.count) more, \(gone.recordings.count) recordings and \(gone.tokenEpochs.count) token epochs are gone."
                )
                if let certificate = outcome.certificate { print("Certificate: \(certificate)") }
            } catch RetentionError.alreadyRunning {
                complain("\(RetentionError.alreadyRunning)")
                throw ExitCode(75)
            }
            // Journeys that were cut are made of what is left of them.
            while try LegKeeper(database: database).advance() > 0 {}
            ready = (pipeline, database)
        }
        if let (pipeline, database) = ready, let cluster = options.cluster(pipeline) {
            problems += await RetentionRun.limitTopics(pipeline, database: database, cluster, reason: reason)
        }
        for problem in problems { complain("\(problem)") }
        if !problems.isEmpty { throw ExitCode.failure }
    }
}

struct RetentionStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Says how old the oldest data of each class are, and whether they may be.",
        discussion: """
            Exit status: 0 when nothing is overdue, 1 when something is, by more than a third of its limit or an hour: for \
            monitoring. 65 without limits, 69 without a database.

            Example:
              gantry retention status --pipeline pipelines/city.yaml --format json
            """)
    @OptionGroup var options: RetentionOptions
    @Option(help: "table, json or csv.")
    var format: Answer.Format = .table

    func run() async throws {
        var status: RetentionStatus?
        var topics: (KafkaCluster, Pipeline, Duration)?
        try answering {
            let pipeline = try options.loaded()
            status = try RetentionStatus(
                pipeline, database: options.system.address(pipeline),
                keys: try? options.system.keys(pipeline), at: RetentionOptions.now)
            if let cluster = options.cluster(pipeline), let limit = pipeline.retention.topics {
                topics = (cluster, pipeline, limit)
            }
        }
        guard var status else { return }
        if let (cluster, pipeline, limit) = topics {
            await status.add(topics: pipeline.topics.streams, limit: limit, cluster)
        }
        let rows = status.lines.map { line in
            Answer.Row([
                .text(line.class), line.limit.map { .text($0) } ?? .none, line.oldest.map { .text($0) } ?? .none,
                .text(line.overdue ? "overdue" : "fine"), line.note.map { .text($0) } ?? .none,
            ])
        }
        print(
            Answer(
                columns: ["class", "limit", "oldest", "state", "note"], rows: rows, minimumVehicles: 1, zone: "UTC"
            ).rendered(format), terminator: "")
        if status.isOverdue { throw ExitCode.failure }
    }
}

struct RetentionVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Checks certificates of deletion.",
        discussion: """
            The public key is what `gantry retention run --make-key` printed: keep it where those who run the system can't \
            change it. The entries that a certificate names are in the audit log, which `gantry audit verify` checks. Exit \
            status 1 when a file proves nothing.

            Example:
              gantry retention verify deletion-2026-03-02T073400.000Z.json --key 4f1c...
            """)
    @Argument(help: "Certificates.")
    var files: [String]
    @Option(help: "The signer's public key, 64 hexadecimal digits.")
    var key: String

    func run() async throws {
        var bad = false
        for file in files {
            do {
                let statement = try DeletionCertificate(file: file, signedBy: key).statement
                let rows = statement.slots.compactMap { $0.rows["sighting"] }.reduce(0, +)
                print(
                    "\(file): good; at \(statement.at) \(statement.slots.count) slots with \(rows) sightings and \(statement.recordings.count) recordings were gone, keys destroyed."
                )
            } catch {
                complain("\(error)")
                bad = true
            }
        }
        if bad { throw ExitCode.failure }
    }
}
