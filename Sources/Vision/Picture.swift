internal import CVision
public import Traffic

/// An 8-bit image in memory, BGR or grey, never changed once made.
///
/// Crops share its storage. Being immutable, it may be used from several threads at once.
public final class Picture: @unchecked Sendable {
    let handle: OpaquePointer

    /// Takes over a handle that the shim made.
    init(owning handle: OpaquePointer) { self.handle = handle }
    deinit { vision_image_destroy(handle) }

    /// Runs an entry point that makes an image.
    static func made(
        _ make: (UnsafeMutablePointer<OpaquePointer?>, inout vision_error) -> VisionStatus
    ) throws(VisionError) -> Picture {
        var created: OpaquePointer?
        try checked { error in make(&created, &error) }
        return Picture(owning: created!)  // the shim's contract: ok always sets it
    }

    /// Decodes a JPEG, PNG or other still image to BGR.
    public static func decoding(_ bytes: [UInt8]) throws(VisionError) -> Picture {
        guard !isCutOff(bytes) else { throw .badImage("a JPEG that ends early, after \(bytes.count) bytes") }
        return try made { image, error in
            bytes.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return .badImage }
                return vision_image_decode(base, buffer.count, image, &error)
            }
        }
    }

    /// Whether a JPEG lacks its end. The decoder itself would paint what is missing grey and only warn.
    private static func isCutOff(_ bytes: [UInt8]) -> Bool {
        guard bytes.starts(with: [0xFF, 0xD8]) else { return false }
        // Some cameras append data of their own, so the end need not be the last thing.
        var at = bytes.count - 2
        while at >= max(2, bytes.count - 65_536) {
            if bytes[at] == 0xFF, bytes[at + 1] == 0xD9 { return false }
            at -= 1
        }
        return true
    }

    /// Copies rows of interleaved pixels.
    ///
    /// - Parameters:
    ///   - pixels: `height` rows of `width * channels` bytes, without padding.
    ///   - channels: 3 (BGR) or 1 (grey).
    public static func copying(
        _ pixels: [UInt8], width: Int, height: Int, channels: Int
    ) throws(VisionError) -> Picture {
        guard pixels.count == width * height * channels, !pixels.isEmpty else {
            throw .badImage("\(pixels.count) bytes for \(width)x\(height)x\(channels)")
        }
        return try made { image, error in
            pixels.withUnsafeBufferPointer {
                vision_image_from_pixels(
                    $0.baseAddress!, Int32(width), Int32(height), Int32(channels), width * channels, image, &error)
            }
        }
    }

    private var pixels: vision_pixels { vision_image_pixels(handle) }
    public var width: Int { Int(pixels.width) }
    public var height: Int { Int(pixels.height) }
    /// 3 (BGR) or 1 (grey).
    public var channels: Int { Int(pixels.channels) }

    /// Borrows the pixels, row after row, `step` bytes apart.
    public func withPixels<Result>(_ body: (UnsafePointer<UInt8>, _ step: Int) throws -> Result) rethrows -> Result {
        let view = pixels
        return try withExtendedLifetime(self) { try body(view.data!, view.step) }
    }

    /// The part of the picture inside a box, rounded outwards to whole pixels; shares storage.
    ///
    /// - Throws: ``VisionError/badImage(_:)`` when the box lies outside.
    public func crop(_ box: Box) throws(VisionError) -> Picture {
        let rect = try pixelRect(box)
        return try Picture.made { image, error in vision_image_crop(handle, rect, image, &error) }
    }

    /// The box of whole pixels that ``crop(_:)`` cuts.
    public func pixelBox(_ box: Box) throws(VisionError) -> Box {
        let rect = try pixelRect(box)
        return Box(x: Double(rect.x), y: Double(rect.y), width: Double(rect.width), height: Double(rect.height))
    }

    private func pixelRect(_ box: Box) throws(VisionError) -> vision_rect {
        guard let inside = box.clamped(width: Double(width), height: Double(height)) else {
            throw .badImage("the box \(box) lies outside \(width)x\(height)")
        }
        let left = inside.x.rounded(.down), top = inside.y.rounded(.down)
        let right = inside.maxX.rounded(.up), bottom = inside.maxY.rounded(.up)
        return vision_rect(x: Int32(left), y: Int32(top), width: Int32(right - left), height: Int32(bottom - top))
    }

    /// A deep copy, for code of this library that draws before it shares.
    func copy() throws(VisionError) -> Picture {
        try Picture.made { image, error in vision_image_copy(handle, image, &error) }
    }

    public func resized(width: Int, height: Int) throws(VisionError) -> Picture {
        try Picture.made { image, error in vision_image_resize(handle, Int32(width), Int32(height), image, &error) }
    }

    public func grey() throws(VisionError) -> Picture {
        try Picture.made { image, error in vision_image_grey(handle, image, &error) }
    }

    /// Perspective rectification: `corners` (pixels of this picture) become the corners of the result.
    public func rectified(_ corners: Quadrilateral, width: Int, height: Int) throws(VisionError) -> Picture {
        let points = corners.points.map { vision_point(x: $0.x, y: $0.y) }
        return try Picture.made { image, error in
            points.withUnsafeBufferPointer {
                vision_image_rectify(handle, $0.baseAddress!, Int32(width), Int32(height), image, &error)
            }
        }
    }

    /// - Parameter quality: 1...100.
    public func jpeg(quality: Int) throws(VisionError) -> [UInt8] { try encoded(".jpg", quality: quality) }

    public func png() throws(VisionError) -> [UInt8] { try encoded(".png", quality: 0) }

    private func encoded(_ kind: String, quality: Int) throws(VisionError) -> [UInt8] {
        var bytes: OpaquePointer?
        try checked { error in vision_image_encode(handle, kind, Int32(quality), &bytes, &error) }
        defer { vision_bytes_destroy(bytes) }
        var count = 0
        let data = vision_bytes_data(bytes!, &count)
        return Array(UnsafeBufferPointer(start: data, count: count))
    }
}

/// The OpenCV below.
public enum OpenCV {
    /// For example 40600 for 4.6.0.
    public static var version: Int { Int(vision_opencv_version()) }
    /// Threads inside one OpenCV call. Call once, at start.
    public static func setThreads(_ count: Int) { vision_set_threads(Int32(count)) }

    /// Raises an exception below the shim; for the test that shows it comes back as an error.
    static func provokeException() throws(VisionError) { try checked { vision_provoke_exception(&$0) } }
}
