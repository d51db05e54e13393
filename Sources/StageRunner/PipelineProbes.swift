/// What a model is for.
public enum PipelineModelTask: String, Hashable, Sendable, Codable, CaseIterable {
    case vehicles, plates, faces, reader
}

/// Questions about the world around the file, answered by whoever can; nil questions are not asked.
///
/// Each answer is nil when all is well.
public struct PipelineProbes: Sendable {
    /// What went wrong, and what to do about it.
    public struct Trouble: Hashable, Sendable {
        public var what: String
        public var remedy: String
        public init(what: String, remedy: String) {
            self.what = what
            self.remedy = remedy
        }
    }

    /// Whether a model is installed. A nil name asks for any model of the task.
    public var model: (@Sendable (_ name: String?, _ task: PipelineModelTask) -> Trouble?)?
    /// Whether a broker of the list answers; asked only for a file with a `kafka` section.
    public var broker: (@Sendable (_ brokers: [String]) -> Trouble?)?
    /// Whether the database answers at an address, nil for the cluster under `.gantry`.
    public var database: (@Sendable (_ url: String?) -> Trouble?)?

    /// Whether the keys open with the wrapping key's source.
    public var keys: (@Sendable (_ custody: PipelineCustody) -> Trouble?)?

    public init(
        model: (@Sendable (String?, PipelineModelTask) -> Trouble?)? = nil,
        broker: (@Sendable ([String]) -> Trouble?)? = nil,
        database: (@Sendable (String?) -> Trouble?)? = nil,
        keys: (@Sendable (PipelineCustody) -> Trouble?)? = nil
    ) {
        self.model = model
        self.broker = broker
        self.database = database
        self.keys = keys
    }
}

/// Where the cameras of a run come from.
public enum PipelineCameraList: Hashable, Sendable {
    /// The pipeline file's; their files must exist on this machine.
    case listed
    /// `cameras.json` of a folder, in place of the pipeline file's.
    case media(String)
    /// The pipeline file's, if it has any; their files are another machine's.
    case elsewhere
}
