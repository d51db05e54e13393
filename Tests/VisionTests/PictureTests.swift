import Testing
import Traffic

@testable import Vision

@Suite struct PictureTests {
    @Test func `an exception below the shim becomes a typed error`() {
        #expect(throws: VisionError.self) { try OpenCV.provokeException() }
    }

    @Test func `bytes that are no image are refused`() {
        #expect(throws: VisionError.self) { _ = try Picture.decoding([]) }
        #expect(throws: VisionError.self) { _ = try Picture.decoding(Array(repeating: 0, count: 512)) }
    }

    @Test func `a JPEG that was cut off is refused, one with data behind its end is not`() throws {
        let picture = try Picture.copying(
            (0..<(64 * 48 * 3)).map { UInt8(truncatingIfNeeded: $0 * 7) }, width: 64, height: 48, channels: 3)
        let jpeg = try picture.jpeg(quality: 90)
        #expect(try Picture.decoding(jpeg + [1, 2, 3]).width == 64)
        for length in [3, jpeg.count / 2, jpeg.count - 1] {
            #expect(throws: VisionError.self) { _ = try Picture.decoding(Array(jpeg.prefix(length))) }
        }
    }

    @Test func `a picture survives PNG unchanged`() throws {
        let pixels = (0..<(7 * 5 * 3)).map { UInt8($0 * 2) }
        let picture = try Picture.copying(pixels, width: 7, height: 5, channels: 3)
        let back = try Picture.decoding(try picture.png())
        #expect(back.width == 7 && back.height == 5 && back.channels == 3)
        let bytes = back.withPixels { data, step in (0..<5).flatMap { row in (0..<21).map { data[row * step + $0] } } }
        #expect(bytes == pixels)
    }

    @Test func `a crop covers whole pixels and stays inside`() throws {
        let picture = try Picture.copying(Array(repeating: 9, count: 300), width: 10, height: 10, channels: 3)
        let crop = try picture.crop(Box(x: 7.5, y: -3, width: 9, height: 5.2))
        #expect(crop.width == 3 && crop.height == 3)
        #expect(throws: VisionError.self) { _ = try picture.crop(Box(x: 20, y: 0, width: 3, height: 3)) }
    }
}
