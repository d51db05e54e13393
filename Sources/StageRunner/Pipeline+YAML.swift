internal import Foundation
internal import Logging
internal import Stages
internal import Traffic

extension Pipeline {
    /// Every setting as it is in effect, defaults included, in the form of a pipeline file.
    ///
    /// Reading it back gives the same pipeline, unless passwords are hidden.
    public func yaml(hidingPasswords: Bool) -> String {
        let secret = { (text: String) in hidingPasswords ? Self.hidingPasswords(text) : text }
        var text = YAMLText()
        text.entry("name", name)
        text.entry("timezone", timezone)
        text.list("cameras", cameras) { text, camera in
            text.quoted("id", camera.id.text)
            text.quoted("source", secret(camera.source.location))
            text.entry("longitude", camera.camera.longitude)
            text.entry("latitude", camera.camera.latitude)
            text.entry("heading", camera.camera.heading)
            text.entry("valid_from", camera.validFrom?.rfc3339)
            text.entry("started", camera.started?.rfc3339)
            text.entry("fps", camera.framesPerSecond)
            text.entry("sample", camera.sampling.text)
            text.entry("motion_gate", camera.motionGate.text)
            guard let calibration = camera.calibration else { return }
            text.section("calibration") { text in
                text.entry("heading", calibration.heading)
                text.list("points", calibration.points) { text, point in
                    text.entry("x", point.picture.x)
                    text.entry("y", point.picture.y)
                    text.entry("across", point.road.x)
                    text.entry("along", point.road.y)
                }
            }
        }
        if let kafka {
            text.section("kafka") { text in
                text.quoted("brokers", kafka.brokers.joined(separator: ","))
                text.entry("partitions", kafka.partitions)
                text.entry("replicas", kafka.replicas)
                text.entry("patience", pipelineText(kafka.patience))
                text.entry("session_timeout", pipelineText(kafka.sessionTimeout))
                text.entry("frame_retention", pipelineText(kafka.frameRetention))
                text.entry("maximum_message", "\(kafka.maximumMessage)B")
                guard !kafka.properties.isEmpty else { return }
                text.section("properties") { text in
                    for (key, value) in kafka.properties.sorted(by: { $0.key < $1.key }) {
                        let hidden = hidingPasswords && (key.contains("password") || key.contains("secret"))
                        text.quoted(key, hidden ? "***" : value)
                    }
                }
            }
        }
        text.section("decode") { text in
            text.entry("sample", decode.sampling.text)
            text.entry("motion_gate", decode.motionGate.text)
            text.entry("queue", decode.queue)
            text.entry("threads", decode.threads)
            text.entry("open_timeout", pipelineText(decode.openTimeout))
            text.entry("read_timeout", pipelineText(decode.readTimeout))
            text.entry("reconnect", "\(pipelineText(decode.reconnectFirst))..\(pipelineText(decode.reconnectLast))")
        }
        text.section("detect") { text in
            text.quoted("vehicles", detect.vehicles)
            text.quoted("plates", detect.plates)
            text.quoted("faces", detect.faces)
            text.entry("backend", detect.backend.rawValue)
            text.entry("threads", detect.threads)
            text.entry("workers", detect.workers.map(String.init) ?? "auto")
            text.entry("vehicle_score", detect.vehicleScore)
            text.entry("plate_score", detect.plateScore)
            text.entry("face_score", detect.faceScore)
            text.entry("vehicle_quality", detect.vehicleQuality)
            text.entry("plate_quality", detect.plateQuality)
        }
        text.section("read") { text in
            text.entry("reader", read.reader)
            text.quoted("model", read.model)
            text.quoted("grammars", read.grammars)
            text.entry("abstain", read.abstain)
            text.entry("workers", read.workers.map(String.init) ?? "auto")
        }
        text.section("track") { text in
            text.entry("maximum_gap", pipelineText(track.maximumGap))
            text.entry("minimum_frames", track.minimumFrames)
            text.entry("minimum_plate_frames", track.minimumPlateFrames)
            text.entry("minimum_share", track.minimumShare)
            text.entry("minimum_overlap", track.minimumOverlap)
            text.entry("accept", track.accept)
            text.entry("minimum_votes", track.minimumVotes)
            text.entry("accept_single", track.acceptSingle)
            text.entry("dwell", track.dwell.map(pipelineText) ?? "off")
            text.entry("maximum_tracks", track.maximumTracks)
        }
        text.section("sink") { text in
            text.entry("batch", sink.batch)
        }
        text.section("database") { text in
            text.quoted("url", database.url.map(secret))
            text.entry("suppress_below", database.suppressBelow)
        }
        text.section("custody") { text in
            text.quoted("keys", custody.keys)
            text.quoted("wrapping_key", custody.wrappingKey)
            text.entry("domain", custody.domain)
            text.entry("token_epoch", custody.tokenEpochDays.map { "\($0)d" })
            text.entry("token_overlap", pipelineText(custody.tokenOverlap))
        }
        if retention != PipelineRetention() {
            text.section("retention") { text in
                text.entry("sightings", retention.sightings.map(pipelineText))
                text.entry("crops", retention.crops.map(pipelineText))
                text.entry("recordings", retention.recordings.map(pipelineText))
                text.entry("topics", retention.topics.map(pipelineText))
                text.entry("reports", retention.reports.map(pipelineText))
                text.quoted("recordings_folder", retention.recordingsFolder)
                text.quoted("folder", retention.folder)
            }
        }
        text.section("http") { text in
            text.entry("port", http.port)
        }
        text.section("log") { text in
            text.entry("level", log.level.rawValue)
            text.entry("format", log.format.rawValue)
        }
        return text.text
    }

    /// Hides what follows `user:` in an address and `password=` in a connection string.
    static func hidingPasswords(_ text: String) -> String {
        PipelineSource.hidingPassword(text)
            .replacing(#/(password\s*=\s*)('[^']*'|[^\s&]*)/#) { "\($0.output.1)***" }
    }
}

extension PipelineSampling {
    var text: String {
        switch self {
        case .all: "all"
        case .perSecond(let rate): "\(rate)/s"
        }
    }
}

extension PipelineMotionGate {
    var text: String {
        switch self {
        case .off: return "off"
        case .share(let share):
            // Twelve digits where they say it all: 7%, not 7.000000000000001%.
            let short = String(format: "%.12g", share * 100)
            return Double(short).map { $0 / 100 } == share ? "\(short)%" : "\(share * 100)%"
        }
    }
}

/// Lines of YAML with their indentation.
private struct YAMLText {
    private(set) var text = ""
    private var depth = 0
    private var dash = false

    private mutating func line(_ content: String) {
        let indent = String(repeating: "  ", count: dash ? depth - 1 : depth)
        text += indent + (dash ? "- " : "") + content + "\n"
        dash = false
    }

    /// Nothing for nil: the setting is left to its default.
    mutating func entry<Value>(_ key: String, _ value: Value?) {
        if let value { line("\(key): \(value)") }
    }

    mutating func quoted(_ key: String, _ value: String?) {
        guard let value else { return }
        var escaped = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\": escaped += "\\\(scalar)"
            case "\n": escaped += "\\n"
            case "\t": escaped += "\\t"
            case "\0"..."\u{1F}", "\u{7F}": escaped += String(format: "\\x%02x", scalar.value)
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        line("\(key): \"\(escaped)\"")
    }

    mutating func section(_ key: String, _ body: (inout YAMLText) -> Void) {
        line("\(key):")
        depth += 1
        body(&self)
        depth -= 1
    }

    mutating func list<Entry>(_ key: String, _ entries: [Entry], _ body: (inout YAMLText, Entry) -> Void) {
        guard !entries.isEmpty else { return }
        line("\(key):")
        depth += 2
        for entry in entries {
            dash = true
            body(&self, entry)
        }
        depth -= 2
    }
}
