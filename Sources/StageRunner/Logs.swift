import Foundation
public import Logging
import Synchronization

/// How log lines look.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-03-02T07:30:00.123Z warning gantry-track: text key=value`
    case text
    /// One JSON object a line: `time`, `level`, `logger`, `message` and the metadata.
    case json
}

/// A swift-log handler that writes whole lines to standard error.
public struct LineLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level
    private let label: String
    private let format: LogFormat
    private let write: @Sendable (String) -> Void

    /// - Parameter write: Takes one line with its line feed; by default standard error.
    public init(
        label: String, format: LogFormat, level: Logger.Level,
        write: @escaping @Sendable (String) -> Void = LineLogHandler.standardError
    ) {
        self.label = label
        self.format = format
        self.logLevel = level
        self.write = write
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let own = event.metadata { fields.merge(own) { $1 } }
        if let error = event.error { fields["error"] = "\(error)" }
        let time = Date.now.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
        switch format {
        case .text:
            let pairs = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted($0.value.description))" }
            let message = event.message.description.replacing("\n", with: "\\n")
            write("\(time)Z \(event.level) \(label): \(message)\(pairs.joined())\n")
        case .json:
            var object = fields.mapValues(\.description)
            object["time"] = "\(time)Z"
            object["level"] = event.level.rawValue
            object["logger"] = label
            object["message"] = event.message.description
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let line = try? encoder.encode(object) else { return }
            write(String(decoding: line, as: UTF8.self) + "\n")
        }
    }

    private static func quoted(_ text: String) -> String {
        text.contains(where: { $0.isWhitespace || $0 == "\"" || $0 == "=" }) ? "\(text.debugDescription)" : text
    }

    private static let writing = Mutex(())

    /// One line at a time, whoever writes.
    public static let standardError: @Sendable (String) -> Void = { line in
        writing.withLock { _ in FileHandle.standardError.write(Data(line.utf8)) }
    }
}
