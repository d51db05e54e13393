internal import Foundation
internal import Logging
internal import Stages

extension Pipeline {
    /// Reads and checks a pipeline file whole.
    ///
    /// - Parameters:
    ///   - path: The file; relative paths in it start from its folder.
    ///   - list: Where the cameras come from.
    ///   - probes: What to ask of the world around.
    ///   - environment: Values for `${NAME}` in addresses and librdkafka settings; nil for the process's own.
    /// - Throws: ``PipelineError/problems(_:)`` with everything that is wrong, sorted by place.
    public init(
        contentsOf path: String, cameras list: PipelineCameraList = .listed, probes: PipelineProbes = PipelineProbes(),
        environment: [String: String]? = nil
    ) throws(PipelineError) {
        let document = PipelineDocument(file: path)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().standardizedFileURL.path
        let reading = PipelineReading(
            document: document, folder: folder, environment: environment ?? ProcessInfo.processInfo.environment)
        let pipeline = document.root().map { reading.pipeline($0, cameras: list, probes: probes) }
        document.finish()
        var problems = document.problems
        self = pipeline ?? Pipeline(name: "")
        if case .media(let media) = list {
            do {
                cameras = try Self.cameras(fromMedia: media, decode: decode)
            } catch {
                if case .problems(let more) = error { problems += more }
            }
        }
        guard problems.isEmpty else { throw .problems(problems.sorted()) }
    }
}

/// One reading of a pipeline file.
struct PipelineReading {
    let document: PipelineDocument
    /// Absolute; relative paths start from it.
    let folder: String
    let environment: [String: String]

    func pipeline(
        _ root: PipelineSection, cameras list: PipelineCameraList, probes: PipelineProbes
    ) -> Pipeline {
        let name = root.required(
            "name", .name(longest: 63, upperCase: false), "add 'name: city', the prefix of topics and consumer groups")
        var pipeline = Pipeline(name: name ?? "")
        root.set("timezone", &pipeline.timezone, .timezone)
        pipeline.decode = decode(root.section("decode"))
        pipeline.detect = detect(root.section("detect"), probes)
        pipeline.read = read(root.section("read"), probes)
        pipeline.track = track(root.section("track"))
        pipeline.sink = sink(root.section("sink"))
        pipeline.database = database(root.section("database"), probes)
        pipeline.custody = custody(root.section("custody"), probes)
        pipeline.retention = retention(root.section("retention"))
        pipeline.http = http(root.section("http"))
        pipeline.log = log(root.section("log"))
        let kafka = root.section("kafka")
        if root.has("kafka") { pipeline.kafka = self.kafka(kafka, probes) }
        switch list {
        case .listed: pipeline.cameras = cameras(root, decode: pipeline.decode, lookUp: true, needed: true)
        case .elsewhere: pipeline.cameras = cameras(root, decode: pipeline.decode, lookUp: false, needed: false)
        case .media: _ = cameras(root, decode: pipeline.decode, lookUp: false, needed: false)
        }
        gapConflicts(pipeline, root)
        root.close()
        return pipeline
    }

    private func decode(_ section: PipelineSection) -> PipelineDecode {
        var decode = PipelineDecode()
        section.set("sample", &decode.sampling, .sampling)
        section.set("motion_gate", &decode.motionGate, .motionGate)
        section.set("queue", &decode.queue, .integer(2...8))
        section.set("threads", &decode.threads, .integer(1...64))
        section.set("open_timeout", &decode.openTimeout, .duration(.milliseconds(100)...(.seconds(600))))
        section.set("read_timeout", &decode.readTimeout, .duration(.milliseconds(100)...(.seconds(600))))
        if let (first, last) = section.optional("reconnect", .backoff) {
            decode.reconnectFirst = first
            decode.reconnectLast = last
        }
        section.close()
        return decode
    }

    private func detect(_ section: PipelineSection, _ probes: PipelineProbes) -> PipelineDetect {
        var detect = PipelineDetect()
        detect.vehicles = model("vehicles", .vehicles, section, probes)
        detect.plates = model("plates", .plates, section, probes)
        detect.faces = model("faces", .faces, section, probes)
        section.set("backend", &detect.backend, .word)
        section.set("threads", &detect.threads, .integer(1...256))
        section.set("workers", &detect.workers, .workers)
        detect.vehicleScore = section.optional("vehicle_score", .number(0...1))
        detect.plateScore = section.optional("plate_score", .number(0...1))
        detect.faceScore = section.optional("face_score", .number(0...1))
        section.set("vehicle_quality", &detect.vehicleQuality, .integer(1...100))
        section.set("plate_quality", &detect.plateQuality, .integer(1...100))
        section.close()
        return detect
    }

    private func read(_ section: PipelineSection, _ probes: PipelineProbes) -> PipelineRead {
        var read = PipelineRead()
        section.set("reader", &read.reader, .name(longest: 64, upperCase: false))
        read.model = model("model", .reader, section, probes)
        read.grammars = path("grammars", section, mustExist: true)
        read.abstain = section.optional("abstain", .number(0...1))
        if let acceptance = section.optional("precision", .precision) {
            if section.has("abstain") {
                document.report(
                    .conflict, at: section.mark(of: "precision"), "read.precision and read.abstain are both set",
                    "keep one: both say from which confidence a read is accepted")
            }
            read.abstain = acceptance.confidence
        }
        section.set("workers", &read.workers, .workers)
        section.close()
        return read
    }

    private func track(_ section: PipelineSection) -> PipelineTrack {
        var track = PipelineTrack()
        section.set("maximum_gap", &track.maximumGap, .duration(.milliseconds(10)...(.seconds(600))))
        section.set("minimum_frames", &track.minimumFrames, .integer(1...1000))
        section.set("minimum_plate_frames", &track.minimumPlateFrames, .integer(1...1000))
        section.set("minimum_share", &track.minimumShare, .number(0...1))
        section.set("minimum_overlap", &track.minimumOverlap, .number(0...1))
        section.set("accept", &track.accept, .number(0...1))
        section.set("minimum_votes", &track.minimumVotes, .integer(1...1000))
        section.set("accept_single", &track.acceptSingle, .number(0...1))
        section.set("dwell", &track.dwell, .dwell(.seconds(10)...(.seconds(7 * 86_400))))
        section.set("maximum_tracks", &track.maximumTracks, .integer(1...10_000))
        section.close()
        return track
    }

    private func sink(_ section: PipelineSection) -> PipelineSink {
        var sink = PipelineSink()
        section.set("batch", &sink.batch, .integer(1...100_000))
        section.close()
        return sink
    }

    private func database(_ section: PipelineSection, _ probes: PipelineProbes) -> PipelineDatabase {
        var database = PipelineDatabase()
        database.url = expanded("url", section)
        if let url = database.url, !url.hasPrefix("postgresql://"), !url.hasPrefix("postgres://"), !url.contains("=") {
            document.report(
                .unknownSource, at: section.mark(of: "url"), "database.url is not a PostgreSQL address",
                "write postgresql://user@host/name, or host=... dbname=...")
        } else if !section.has("url") || database.url != nil, let trouble = probes.database?(database.url) {
            document.report(.database, at: section.mark(of: "url"), trouble.what, trouble.remedy)
        }
        section.set("suppress_below", &database.suppressBelow, .integer(1...1_000_000))
        section.close()
        return database
    }

    private func custody(_ section: PipelineSection, _ probes: PipelineProbes) -> PipelineCustody {
        var custody = PipelineCustody()
        custody.keys = path("keys", section, mustExist: false)
        custody.wrappingKey = section.optional("wrapping_key", .wrappingKey).map { source in
            source.hasPrefix("file:") ? "file:" + absolute(String(source.dropFirst(5))) : source
        }
        if !section.has("wrapping_key") || custody.wrappingKey != nil, let trouble = probes.keys?(custody) {
            document.report(.keys, at: section.mark(of: "wrapping_key"), trouble.what, trouble.remedy)
        }
        section.set("domain", &custody.domain, .domain)
        section.set("token_overlap", &custody.tokenOverlap, .duration(.zero...(.seconds(12 * 3600))))
        custody.tokenEpochDays = section.optional("token_epoch", .days)
        section.close()
        return custody
    }

    private func kafka(_ section: PipelineSection, _ probes: PipelineProbes) -> PipelineKafka {
        var kafka = PipelineKafka()
        if let brokers = section.texts("brokers") {
            kafka.brokers = brokers
            let strange = brokers.first { !Self.isHostAndPort($0) }
            if let strange {
                document.report(
                    .unknownSource, at: section.mark(of: "brokers"), "kafka.brokers has '\(strange)'",
                    "write host:port, several separated by commas")
            } else if brokers.isEmpty {
                document.report(
                    .wrongShape, at: section.mark(of: "brokers"), "kafka.brokers is empty", "write host:port")
            }
        }
        if kafka.brokers.allSatisfy(Self.isHostAndPort), !kafka.brokers.isEmpty,
            let trouble = probes.broker?(kafka.brokers)
        {
            document.report(.broker, at: section.mark(of: "brokers"), trouble.what, trouble.remedy)
        }
        section.set("partitions", &kafka.partitions, .integer(1...10_000))
        section.set("replicas", &kafka.replicas, .integer(1...32))
        section.set("patience", &kafka.patience, .duration(.seconds(1)...(.seconds(3600))))
        section.set("session_timeout", &kafka.sessionTimeout, .duration(.seconds(1)...(.seconds(300))))
        section.set("frame_retention", &kafka.frameRetention, .duration(.seconds(1)...(.seconds(86_400))))
        section.set("maximum_message", &kafka.maximumMessage, .size(1_000_000...5_242_880))
        let ours = PipelineKafka.ownProperties
        for (key, value, mark) in section.table("properties") {
            if let home = ours[key] {
                document.report(.conflict, at: mark, "kafka.properties.\(key) is set by Gantry", home)
            } else if let value = expanded(value, at: mark, "kafka.properties.\(key)") {
                kafka.properties[key] = value
            }
        }
        section.close()
        return kafka
    }

    private func http(_ section: PipelineSection) -> PipelineHTTP {
        var http = PipelineHTTP()
        section.set("port", &http.port, .integer(0...65_535))
        section.close()
        return http
    }

    private func log(_ section: PipelineSection) -> PipelineLog {
        var log = PipelineLog()
        section.set("level", &log.level, .word)
        section.set("format", &log.format, .word)
        section.close()
        return log
    }
}
