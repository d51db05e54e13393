/// The models that Gantry knows, as `models/models.yaml` lists them.
public struct ModelManifest: Hashable, Sendable {
    /// What can run a model.
    public enum Runtime: String, Hashable, Sendable, CaseIterable {
        case openvino, opencv, tesseract
    }

    /// Where a file comes from; the details are for `scripts/models`.
    public enum Origin: String, Hashable, Sendable, CaseIterable {
        /// In this repository's `models` folder.
        case committed
        /// In a wheel on PyPI.
        case pypi
        /// In a source archive on PyPI.
        case pypiSource = "pypi-source"
        /// In a Debian package.
        case debian
        /// At a public address.
        case url
        /// Made by `scripts/models` from files in a source archive on PyPI.
        case converted
    }

    public struct File: Hashable, Sendable {
        public var name: String
        /// Lower-case hexadecimal.
        public var sha256: String
        public var origin: Origin
    }

    public struct Model: Hashable, Sendable {
        public var name: String
        public var task: ModelTask
        public var runsOn: [Runtime]
        public var licence: String
        public var origin: String
        public var files: [File]
    }

    public var models: [Model]
    /// Names, most wanted first.
    public var preference: [ModelTask: [String]]

    public init(models: [Model], preference: [ModelTask: [String]]) {
        self.models = models
        self.preference = preference
    }

    public func model(named name: String) -> Model? { models.first { $0.name == name } }

    /// The models of a task, most wanted first; those without a place in the preference come last.
    public func models(for task: ModelTask) -> [Model] {
        let wanted = preference[task] ?? []
        let rest = models.filter { $0.task == task && !wanted.contains($0.name) }
        return wanted.compactMap { model(named: $0) } + rest
    }

    /// - Throws: ``ModelFileError/invalid(file:problems:)`` with every problem and its line.
    public init(yaml: String, file: String) throws(ModelFileError) {
        let problems = ModelFileProblems()
        guard let root = ModelFields(yaml: yaml, problems) else { throw problems.error(file) }
        models = []
        for entry in root.list("models") {
            if let model = Self.model(entry, problems) {
                if models.contains(where: { $0.name == model.name }) {
                    problems.add(entry.firstLine, "a model named '\(model.name)' is listed twice")
                }
                models.append(model)
            }
        }
        preference = [:]
        if let section = root.fields("preference", required: false) {
            for task in ModelTask.allCases {
                let names = section.texts(task.rawValue)
                for name in names where !models.contains(where: { $0.name == name && $0.task == task }) {
                    problems.add(
                        section.line(task.rawValue) ?? 1, "'\(name)' is no model for \(task.rawValue) in this file")
                }
                preference[task] = names
            }
            section.close()
        }
        root.close()
        guard problems.isEmpty else { throw problems.error(file) }
    }

    private static func model(_ entry: ModelFields, _ problems: ModelFileProblems) -> Model? {
        let name = entry.text("name", required: true)
        let task = entry.word("task", ModelTask.self)
        let licence = entry.text("licence", required: true)
        let origin = entry.text("origin", required: true)
        let runsOn = entry.texts("runs_on").compactMap { word in
            let runtime = Runtime(rawValue: word)
            if runtime == nil {
                problems.add(entry.line("runs_on") ?? entry.firstLine, "nothing called '\(word)' runs models")
            }
            return runtime
        }
        let files = entry.list("files").compactMap { file -> File? in
            let name = file.text("file", required: true)
            let digest = file.text("sha256", required: true)
            let origin = file.word("from", Origin.self)
            for key in ["url", "package", "package_sha256", "member", "configuration", "size"] {
                _ = file.text(key, required: false)
            }
            file.close()
            if let digest, digest.count != 64 || !digest.allSatisfy({ "0123456789abcdef".contains($0) }) {
                problems.add(file.line("sha256") ?? file.firstLine, "'sha256' must be 64 lower-case hexadecimal digits")
            }
            guard let name, let digest, let origin else { return nil }
            return File(name: name, sha256: digest, origin: origin)
        }
        entry.close()
        guard let name, let task, let licence, let origin else { return nil }
        return Model(name: name, task: task, runsOn: runsOn, licence: licence, origin: origin, files: files)
    }
}
