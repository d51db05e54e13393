/// What stops a replay. Codes `RPL2xx`.
public enum ReplayError: Error, Equatable, CustomStringConvertible {
    case noSuchTopic(file: String, wanted: String, found: [String])
    case severalPipelines(file: String, topics: [String])
    case noImages(String)
    case noPassages(String)
    case refused(Int, first: String)
    case notRecorded(file: String, topic: String, found: [String])
    case overwritesInput(String)
    case nothingPlayed(file: String, topic: String)
    case noSuchCamera(file: String, camera: String, found: [String])

    public var description: String {
        func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
        return switch self {
        case .noSuchTopic(let file, let wanted, let found):
            "RPL201 \(file) has no topic of \(wanted); it has \(list(found)). "
                + "Begin --through with the stage that reads one of those."
        case .severalPipelines(let file, let topics):
            "RPL202 \(file) holds several pipelines' topics (\(list(topics))). Record them apart."
        case .noImages(let file):
            "RPL203 no plate of \(file) has a picture, so there was nothing to read: its pictures were taken out. "
                + "Use --through track."
        case .noPassages(let file):
            "RPL204 \(file) has no passages to compare with. Make a baseline: gantry replay FILE --through ... --record BASELINE."
        case .refused(let count, let first): "RPL205 Kafka refused \(count) records; the first: \(first)"
        case .notRecorded(let file, let topic, let found):
            "RPL206 \(file) has no topic \(topic); it has \(list(found)). Name one of those."
        case .overwritesInput(let path):
            "RPL207 \(path) would be read and written at once, which destroys it. Name another file for the output."
        case .nothingPlayed(let file, let topic):
            "RPL208 \(file) has no record on \(topic) for what --camera, --from and --to ask for, so nothing was played. "
                + "gantry recording info lists cameras and times."
        case .noSuchCamera(let file, let camera, let found):
            "RPL209 \(file) has no camera \(camera); it has \(list(found)). Name one of those."
        }
    }
}
