internal import Foundation
internal import Traffic
internal import Yams

extension PipelineReading {
    /// The `cameras` of a pipeline file.
    ///
    /// - Parameters:
    ///   - lookUp: Whether their files must exist on this machine.
    ///   - needed: Whether a file without cameras is a problem.
    func cameras(
        _ root: PipelineSection, decode: PipelineDecode, lookUp: Bool, needed: Bool
    ) -> [PipelineCamera] {
        let sections = root.sections("cameras") ?? []
        if needed, root.isEmptyList("cameras") {
            document.report(
                .noCameras, at: root.mark(of: "cameras"), "no camera is listed",
                "list them under 'cameras:', or give a folder of recordings with --media")
        }
        var seen: Set<String> = []
        return sections.compactMap { section in
            let camera = camera(section, decode: decode, lookUp: lookUp, time: .time)
            section.close()
            return unique(camera, section, &seen)
        }
    }

    /// The `cameras` of a `cameras.json`; it may hold more than Gantry reads.
    func mediaCameras(_ root: PipelineSection, decode: PipelineDecode) -> [PipelineCamera] {
        let sections = root.sections("cameras") ?? []
        if root.isEmptyList("cameras") {
            document.report(
                .noCameras, at: root.mark(of: "cameras"), "no camera is listed",
                #"write {"cameras": [{"id": ..., "source": ..., "longitude": ..., "latitude": ...}]}"#)
        }
        var seen: Set<String> = []
        return sections.compactMap { section in
            unique(camera(section, decode: decode, lookUp: true, time: .timeOrSeconds), section, &seen)
        }
    }

    private func unique(
        _ camera: PipelineCamera?, _ section: PipelineSection, _ seen: inout Set<String>
    ) -> PipelineCamera? {
        // A camera that is wrong otherwise still takes its name.
        guard let id = section.node("id")?.scalar?.string, !seen.insert(id).inserted else { return camera }
        document.report(
            .duplicateCamera, at: section.mark(of: "id"), "\(section.path).id is '\(id)', as of a camera before",
            "give each camera its own id")
        return nil
    }

    private func camera(
        _ section: PipelineSection, decode: PipelineDecode, lookUp: Bool, time: PipelineFormat<EventTime>
    ) -> PipelineCamera? {
        let id = section.required(
            "id", .name(longest: 64, upperCase: true), "add 'id: ring-north', the key of all its records")
        let where84 = "add WGS 84 degrees, as in 'longitude: 4.3499' and 'latitude: 50.8792'"
        let longitude = section.required("longitude", .number(-180...180), where84)
        let latitude = section.required("latitude", .number(-90...90), where84)
        let heading = section.optional("heading", .number(0...360))
        let validFrom = section.optional("valid_from", .time)
        let source = source(section, lookUp: lookUp)
        let started = section.optional("started", time)
        let rate = section.optional("fps", .number(0.01...1000))
        let sampling = section.optional("sample", .sampling)
        let motionGate = section.optional("motion_gate", .motionGate)
        let calibration = calibration(section)
        if let source, source.isLive {
            for key in ["started", "fps"] where section.has(key) {
                document.report(
                    .conflict, at: section.mark(of: key), "\(section.path).\(key) is set for a live source",
                    "remove it: live frames are stamped as they come")
            }
        }
        if case .folder? = source, !section.has("fps") {
            document.report(
                .missingKey, at: section.mark(of: "source"), "\(section.path) is a folder of images without 'fps'",
                "add 'fps: 10', how many of its images make a second")
        }
        if case .perSecond(let wanted)? = sampling, let rate, wanted > rate {
            document.report(
                .conflict, at: section.mark(of: "sample"),
                "\(section.path).sample asks for more frames than its fps gives", "write 'sample: all'")
        }
        guard let id, let longitude, let latitude, let source else { return nil }
        return PipelineCamera(
            camera: Camera(id: CameraID(id), longitude: longitude, latitude: latitude, heading: heading),
            validFrom: validFrom,
            source: source, started: started, framesPerSecond: rate, sampling: sampling ?? decode.sampling,
            motionGate: motionGate ?? decode.motionGate, calibration: calibration)
    }

    private func source(_ section: PipelineSection, lookUp: Bool) -> PipelineSource? {
        guard section.has("source") else {
            _ = section.required("source", .text, "add a file, a folder of images, or an http:// or rtsp:// address")
            return nil
        }
        guard let text = expanded("source", section) else { return nil }
        let mark = section.mark(of: "source")
        if let scheme = text.range(of: "://").map({ text[..<$0.lowerBound].lowercased() }) {
            let host =
                text.dropFirst(scheme.count + 3).prefix { $0 != "/" && $0 != "?" }.split(separator: "@").last ?? ""
            switch scheme {
            case "http" where !host.isEmpty, "https" where !host.isEmpty: return .http(text)
            case "rtsp" where !host.isEmpty, "rtsps" where !host.isEmpty: return .rtsp(text)
            default:
                document.report(
                    .unknownSource, at: mark,
                    "\(section.path).source is '\(PipelineSource.hidingPassword(text))', which can't be opened",
                    "write a path, or an address that begins http://host, https://host, rtsp://host or rtsps://host")
                return nil
            }
        }
        let path = absolute(text)
        guard lookUp else { return .file(path) }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            document.report(
                .missingSource, at: mark, "\(section.path).source is '\(text)', and there is no '\(path)'",
                "put the recording there or correct the path, which starts from the folder of this file")
            return nil
        }
        return isFolder.boolValue ? .folder(path) : .file(path)
    }

    /// Frames that come so seldom that each would close the tracks of the one before.
    func gapConflicts(_ pipeline: Pipeline, _ root: PipelineSection) {
        let gap = pipeline.track.maximumGap.inSeconds
        func check(_ settings: Node.Mapping?, _ name: String) {
            if let sample = settings?["sample"]?.scalar,
                case .perSecond(let rate)? = try? PipelineFormat.sampling.parse(sample.string), rate * gap < 1
            {
                document.report(
                    .conflict, at: sample.mark, "\(name).sample leaves more time between frames than track.maximum_gap",
                    "sample more often, or raise track.maximum_gap to some frames' time: \(pipelineText(.seconds(3 / rate)))"
                )
            }
            // A closed gate passes a frame a second, and sampling may delay that by a frame.
            if let gate = settings?["motion_gate"]?.scalar,
                case .share? = try? PipelineFormat.motionGate.parse(gate.string), gap < 1.5
            {
                document.report(
                    .conflict, at: gate.mark,
                    "\(name).motion_gate passes one frame a second while nothing moves, and track.maximum_gap is \(pipelineText(pipeline.track.maximumGap))",
                    "raise track.maximum_gap to 2s, or a vehicle that stops is counted twice")
            }
        }
        check(root.node("decode")?.mapping, "decode")
        for (index, camera) in (root.node("cameras")?.sequence.map { Array($0) } ?? []).enumerated() {
            check(camera.mapping, "cameras[\(index)]")
        }
    }

    /// A path from the folder of the file, without `..`.
    func absolute(_ path: String) -> String {
        let start = URL(fileURLWithPath: folder, isDirectory: true)
        return URL(fileURLWithPath: path, relativeTo: start).standardizedFileURL.path
    }

    /// A path setting; nil when absent or reported.
    func path(_ key: String, _ section: PipelineSection, mustExist: Bool) -> String? {
        guard let (text, mark) = section.text(key) else { return nil }
        let path = absolute(text)
        if mustExist, !FileManager.default.fileExists(atPath: path) {
            document.report(
                .missingFile, at: mark, "\(section.path).\(key) is '\(text)', and there is no '\(path)'",
                "correct the path, which starts from the folder of this file, or remove the line for the default")
            return nil
        }
        return path
    }

    /// A model's name, asked of the probe even when it is left to the default.
    func model(
        _ key: String, _ task: PipelineModelTask, _ section: PipelineSection, _ probes: PipelineProbes
    ) -> String? {
        let name = section.optional(key, .name(longest: 64, upperCase: true))
        if task == .faces, let name, ["off", "none", "false", "no"].contains(name) {
            document.report(
                .conflict, at: section.mark(of: key),
                "detect.faces is '\(name)', but no crop leaves without a face pass",
                "remove the line: faces are found only to be blurred, and that can't be switched off")
            return nil
        }
        if !section.has(key) || name != nil, let trouble = probes.model?(name, task) {
            document.report(.model, at: section.mark(of: key), trouble.what, trouble.remedy)
        }
        return name
    }

    /// A text with `${NAME}` replaced from the environment, so that passwords stay out of the file.
    func expanded(_ key: String, _ section: PipelineSection) -> String? {
        guard let (text, mark) = section.text(key) else { return nil }
        return expanded(text, at: mark, "\(section.path).\(key)")
    }

    func expanded(_ text: String, at mark: Mark?, _ name: String) -> String? {
        var result = ""
        var rest = text[...]
        while let open = rest.range(of: "${"), let close = rest[open.upperBound...].firstIndex(of: "}") {
            let variable = String(rest[open.upperBound..<close])
            guard let value = environment[variable] else {
                document.report(
                    .missingVariable, at: mark,
                    "\(name) needs the environment variable '\(variable)', which is not set",
                    "set it where the process starts")
                return nil
            }
            result += rest[..<open.lowerBound] + value
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    static func isHostAndPort(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex else { return false }
        let port = text[text.index(after: colon)...]
        return port.allSatisfy(\.isASCII) && (Int(port).map { (1...65_535).contains($0) } ?? false)
            && !text.contains(" ") && !text.contains("/")
    }
}

extension Pipeline {
    /// The cameras that `cameras.json` lists in a folder of recordings, with this pipeline's sampling.
    ///
    /// Times may be RFC 3339 or seconds since 1970 UTC; keys that Gantry doesn't know are left alone.
    /// - Throws: ``PipelineError/problems(_:)`` with everything that is wrong, sorted by place.
    public static func cameras(
        fromMedia folder: String, decode: PipelineDecode = PipelineDecode()
    ) throws(PipelineError) -> [PipelineCamera] {
        let file = folder.hasSuffix("/") ? "\(folder)cameras.json" : "\(folder)/cameras.json"
        guard FileManager.default.fileExists(atPath: file) else {
            let what = "there is no cameras.json in the media folder"
            let remedy = #"write one: {"cameras": [{"id": ..., "source": ..., "longitude": ..., "latitude": ...}]}"#
            throw .problems([
                PipelineProblem(file: file, line: 0, column: 0, code: .noCameraList, what: what, remedy: remedy)
            ])
        }
        // JSON is YAML, so the same reader gives the same messages with the same places.
        let document = PipelineDocument(file: file)
        let start = URL(fileURLWithPath: folder, isDirectory: true).standardizedFileURL.path
        let reading = PipelineReading(document: document, folder: start, environment: [:])
        let cameras = document.root().map { reading.mediaCameras($0, decode: decode) } ?? []
        guard document.problems.isEmpty else { throw .problems(document.problems.sorted()) }
        return cameras
    }
}

extension PipelineKafka {
    /// librdkafka settings that are not the user's, with where to go instead.
    static let ownProperties: [String: String] = [
        "bootstrap.servers": "set kafka.brokers",
        "metadata.broker.list": "set kafka.brokers",
        "session.timeout.ms": "set kafka.session_timeout",
        "message.max.bytes": "set kafka.maximum_message",
        "group.id": "remove it: groups are named for the pipeline",
        "enable.auto.commit": "remove it: offsets are committed after the work",
        "enable.auto.offset.store": "remove it: offsets are committed after the work",
        "auto.offset.reset": "remove it: a new group begins at the start",
        "enable.idempotence": "remove it: it is always on",
        "acks": "remove it: every write is acknowledged by all replicas",
    ]
}
