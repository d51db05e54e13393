/// A camera's stable name, as in the pipeline file; the key of all its records.
public struct CameraID: Hashable, Comparable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    public let text: String
    public init(_ text: String) { self.text = text }
    public init(stringLiteral text: String) { self.text = text }
    public var description: String { text }
    public static func < (a: CameraID, b: CameraID) -> Bool { a.text < b.text }
}

/// Where a camera stands and looks.
public struct Camera: Hashable, Sendable {
    public var id: CameraID
    /// WGS 84 degrees.
    public var longitude, latitude: Double
    /// Compass degrees the camera looks towards, 0 north, 90 east; nil when unknown.
    public var heading: Double?

    public init(id: CameraID, longitude: Double, latitude: Double, heading: Double?) {
        self.id = id
        self.longitude = longitude
        self.latitude = latitude
        self.heading = heading
    }
}

/// One uninterrupted run of one source: a digest of camera and start time. Frame numbers start at 0 in each.
public struct Epoch: Hashable, Sendable, CustomStringConvertible {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    /// Sixteen hexadecimal digits.
    public var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// The identity of one decoded frame. Repeats of a record are recognised by it.
public struct FrameID: Hashable, Sendable {
    public var camera: CameraID
    public var epoch: Epoch
    /// Decoded frames since the epoch began, from 0; sampling and gating leave holes.
    public var frame: Int

    public init(camera: CameraID, epoch: Epoch, frame: Int) {
        self.camera = camera
        self.epoch = epoch
        self.frame = frame
    }
}
