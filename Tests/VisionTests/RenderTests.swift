import Testing
import Traffic

@testable import Vision

@Suite struct RenderTests {
    @Test(arguments: PlateRenderer.Style.allCases)
    func `a plate has its country's proportions and carries ink`(style: PlateRenderer.Style) throws {
        let plate = try PlateRenderer().plate(text: "4KTR871", style: style)
        let ratio = Double(plate.width) / Double(plate.height)
        #expect(abs(ratio - style.size.width / style.size.height) < 0.02)
        let share = try darkShare(of: plate)
        #expect(share > 0.08 && share < 0.5, "\(share) of the plate is dark")
    }

    @Test func `another text gives another plate, the same text the same`() throws {
        let renderer = try PlateRenderer()
        let first = try renderer.plate(text: "4KTR871", style: .belgian).png()
        #expect(try renderer.plate(text: "4KTR871", style: .belgian).png() == first)
        #expect(try renderer.plate(text: "4KTR872", style: .belgian).png() != first)
    }

    @Test func `a missing typeface is named`() {
        #expect(throws: RenderError.noTypeface(["/nowhere/a.ttf"])) {
            _ = try PlateRenderer(typeface: "/nowhere/a.ttf")
        }
    }

    @Test func `groups are parted by dashes`() {
        #expect(PlateRenderer.Style.belgian.spaced("4KTR871") == "4-KTR-871")
        #expect(PlateRenderer.Style.french.spaced("TX482KM") == "TX-482-KM")
        #expect(PlateRenderer.Style.american.spaced("4KTR871") == "4KTR871")
    }

    private func darkShare(of picture: Picture) throws -> Double {
        let grey = try picture.grey()
        let dark = grey.withPixels { data, step in
            (0..<grey.height).reduce(0) { sum, row in
                sum + (0..<grey.width).count { data[row * step + $0] < 110 }
            }
        }
        return Double(dark) / Double(grey.width * grey.height)
    }
}
