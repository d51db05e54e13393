/// One thing that `gantry doctor` looked at.
public struct DoctorLine: Hashable, Sendable, Codable {
    public enum State: String, Hashable, Sendable, Codable {
        case ok
        /// Works, but could be better, or was not asked.
        case note
        case failed
    }

    /// What was looked at, in a word or two.
    public var name: String
    public var state: State
    /// What was found, with versions and paths.
    public var found: String
    /// The command or setting that mends it; nil where nothing needs mending.
    public var remedy: String?

    public init(_ name: String, _ state: State, _ found: String, remedy: String? = nil) {
        self.name = name
        self.state = state
        self.found = found
        self.remedy = remedy
    }
}

/// What was looked at, in order.
public struct DoctorReport: Hashable, Sendable, Codable {
    public var lines: [DoctorLine]
    public init(_ lines: [DoctorLine]) { self.lines = lines }

    public var isHealthy: Bool { !lines.contains { $0.state == .failed } }

    /// A table for people; a line that is not well names what mends it.
    public var table: String {
        let width = lines.map(\.name.count).max() ?? 0
        return lines.map { line in
            let state =
                switch line.state {
                case .ok: "ok    "
                case .note: "note  "
                case .failed: "FAILED"
                }
            let name = line.name + String(repeating: " ", count: width - line.name.count)
            return "\(state)  \(name)  \(line.found)" + (line.remedy.map { "; \($0)" } ?? "")
        }.joined(separator: "\n")
    }
}

/// What only a process that links OpenCV can say: the answer of `gantry-local doctor-vision --json`.
public struct VisionReport: Hashable, Sendable, Codable {
    /// A model of the manifest.
    public struct Model: Hashable, Sendable, Codable {
        public var name: String
        public var task: PipelineModelTask
        /// Nil when it is installed and its digest is right.
        public var problem: String?

        public init(name: String, task: PipelineModelTask, problem: String?) {
            self.name = name
            self.task = task
            self.problem = problem
        }
    }

    /// Back end, OpenCV, Tesseract, grammars.
    public var lines: [DoctorLine]
    public var models: [Model]

    public init(lines: [DoctorLine], models: [Model]) {
        self.lines = lines
        self.models = models
    }

    /// The lines, and one for each task: a task needs one good model, further ones may be absent.
    public var doctorLines: [DoctorLine] {
        lines
            + PipelineModelTask.allCases.map { task in
                let candidates = models.filter { $0.task == task }
                let good = candidates.filter { $0.problem == nil }.map(\.name)
                let bad = candidates.compactMap { model in model.problem.map { "\(model.name): \($0)" } }
                let name = "model, \(task.rawValue)"
                if good.isEmpty {
                    let found = bad.isEmpty ? "none in the manifest" : bad.joined(separator: "; ")
                    return DoctorLine(name, .failed, found, remedy: "run `make models`")
                }
                return DoctorLine(
                    name, .ok,
                    good.joined(separator: ", ") + (bad.isEmpty ? "" : " (not \(bad.joined(separator: "; ")))"))
            }
    }

    /// What keeps a pipeline from using a model; nil when nothing does.
    ///
    /// - Parameter name: Nil for any model of the task.
    public func trouble(_ name: String?, _ task: PipelineModelTask) -> PipelineProbes.Trouble? {
        let candidates = models.filter { $0.task == task }
        guard let name else {
            guard !candidates.contains(where: { $0.problem == nil }) else { return nil }
            return .init(what: "no model for \(task.rawValue) is installed", remedy: "run `make models`")
        }
        guard let model = candidates.first(where: { $0.name == name }) else {
            let near = PipelineSpelling.guess(name, among: candidates.map(\.name))
            let known = candidates.map(\.name).sorted().joined(separator: ", ")
            return .init(
                what: "the manifest has no model '\(name)' for \(task.rawValue)",
                remedy: near.map { "did you mean '\($0)'?" } ?? "use one of \(known), or add it to the manifest")
        }
        return model.problem.map {
            .init(what: "the model '\(name)' can't be used: \($0)", remedy: "run `make models`")
        }
    }
}
