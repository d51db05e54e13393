/// A named piece of data beside a record's value.
public struct Header: Hashable, Sendable {
    public var name: String
    public var value: [UInt8]

    public init(_ name: String, _ value: [UInt8]) {
        self.name = name
        self.value = value
    }

    public init(_ name: String, _ text: String) { self.init(name, Array(text.utf8)) }

    /// The value as UTF-8; malformed bytes become U+FFFD.
    public var text: String { String(decoding: value, as: UTF8.self) }
}

/// One record of a topic, as bytes.
public struct Record: Hashable, Sendable {
    /// The camera id: records with one key keep their order. Nil spreads records over the partitions.
    public var key: String?
    public var value: [UInt8]
    /// In the order they were written; a name may repeat.
    public var headers: [Header]
    /// Event time in nanoseconds since 1970 UTC. Kafka keeps whole milliseconds of it; messages carry the rest.
    public var timestamp: Int64

    public init(key: String?, value: [UInt8], headers: [Header] = [], timestamp: Int64 = 0) {
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
    }

    /// The first header of that name, as text.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.text }
}

/// One partition of one topic.
public struct Partition: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var topic: String
    public var number: Int32

    public init(topic: String, number: Int32) {
        self.topic = topic
        self.number = number
    }
    public var description: String { "\(topic)[\(number)]" }
    public static func < (a: Partition, b: Partition) -> Bool { (a.topic, a.number) < (b.topic, b.number) }
}

/// Where a record lies.
public struct Position: Hashable, Sendable, CustomStringConvertible {
    public var partition: Partition
    /// From 0, growing by at least 1 from record to record.
    public var offset: Int64

    public init(partition: Partition, offset: Int64) {
        self.partition = partition
        self.offset = offset
    }
    public var description: String { "\(partition)@\(offset)" }
}
