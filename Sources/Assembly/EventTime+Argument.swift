public import ArgumentParser
public import Traffic

/// A moment on the command line: RFC 3339, as in `2026-03-02T07:30:00Z`.
extension EventTime: ExpressibleByArgument {
    public init?(argument: String) { self.init(rfc3339: argument) }
}
