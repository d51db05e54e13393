import Testing
import Traffic

@testable import Vision

@Suite struct LineImageTests {
    /// Black left half, white right half.
    private func halves(width: Int, height: Int) throws -> Picture {
        try Picture.copying(
            (0..<height).flatMap { _ in (0..<width).map { $0 < width / 2 ? 0 : 255 } }, width: width, height: height,
            channels: 1)
    }

    private func row(_ picture: Picture) -> [UInt8] {
        picture.withPixels { data, step in (0..<picture.width).map { data[20 * step + $0] } }
    }

    @Test(arguments: [72, 144, 1440]) func `any plate becomes a grey line of one size`(width: Int) throws {
        let corners = Quadrilateral(Box(x: 0, y: 0, width: Double(width), height: Double(width) / 4))
        let line = try LineImage(
            halves(width: width, height: width / 4), corners: corners, margin: .init(across: 0, down: 0))
        #expect(line.picture.width == 144 && line.picture.height == 40 && line.picture.channels == 1)
        let row = row(line.picture)
        #expect(row[..<70].allSatisfy { $0 == 0 } && row[74...].allSatisfy { $0 == 255 })
    }

    @Test func `the margin shows what surrounds the plate`() throws {
        // The plate is the right half; with a quarter of its width around it, black shows on the left.
        let corners = Quadrilateral(Box(x: 100, y: 0, width: 100, height: 40))
        let tight = try LineImage(halves(width: 200, height: 40), corners: corners, margin: .init(across: 0, down: 0))
        let wide = try LineImage(halves(width: 200, height: 40), corners: corners, margin: .init(across: 0.25, down: 0))
        #expect(row(tight.picture)[2] == 255)
        #expect(row(wide.picture)[..<20].allSatisfy { $0 == 0 } && row(wide.picture)[26] == 255)
    }

    @Test func `a blurred line is less sharp`() throws {
        let corners = Quadrilateral(Box(x: 0, y: 0, width: 144, height: 40))
        let margin = LineImage.Margin(across: 0, down: 0)
        let sharp = try LineImage(halves(width: 144, height: 40), corners: corners, margin: margin)
        let small = try halves(width: 144, height: 40).resized(width: 18, height: 5).resized(width: 144, height: 40)
        let blurred = try LineImage(small, corners: corners, margin: margin)
        #expect(try blurred.sharpness() < sharp.sharpness() / 4)
    }

    @Test func `corners that enclose nothing are refused, not a crash`() throws {
        let point = Quadrilateral(Box(x: 5, y: 5, width: 0, height: 0))
        _ = try? LineImage(halves(width: 144, height: 40), corners: point, margin: .init(across: 0, down: 0))
        let far = Quadrilateral(Box(x: 1e7, y: -1e7, width: 40, height: 10))
        _ = try? LineImage(halves(width: 144, height: 40), corners: far, margin: .init(across: 0, down: 0))
    }
}
