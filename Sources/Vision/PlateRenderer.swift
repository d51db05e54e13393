internal import Foundation
internal import Traffic

/// Draws number plates in a free typeface, as pictures of a plate seen straight on.
public struct PlateRenderer: ~Copyable {
    /// A plate's shape and colours.
    public enum Style: String, Sendable, CaseIterable {
        /// 520 x 110 mm, red on white, blue band: `1ABC234` is drawn as 1-ABC-234.
        case belgian
        /// 520 x 110 mm, black on white, a blue band at each end: `AB123CD` is drawn as AB-123-CD.
        case french
        /// 520 x 110 mm, black on yellow, blue band: `AB123C` is drawn as AB-123-C.
        case dutch
        /// 305 x 152 mm, dark blue on white under the state's name: drawn without breaks.
        case american

        /// Millimetres.
        public var size: (width: Double, height: Double) { self == .american ? (305, 152) : (520, 110) }
    }

    private let font: Typeface

    /// Pixels for each millimetre of the plate.
    static let scale = 1.6

    /// Where Debian's fonts-roadgeek (MIT) and, failing that, fonts-dejavu-core (Bitstream Vera) put their files.
    static let typefaces = [
        "/usr/share/fonts/truetype/roadgeek/RG2014E.ttf",
        "/usr/share/fonts/truetype/dejavu/DejaVuSansCondensed-Bold.ttf",
    ]

    /// - Parameter typeface: A font file; nil takes the first of ``typefaces`` that is installed.
    /// - Throws: ``RenderError/noTypeface`` when there is none.
    public init(typeface: String? = nil) throws {
        let candidates = typeface.map { [$0] } ?? Self.typefaces
        guard let path = candidates.first(where: { FileManager.default.isReadableFile(atPath: $0) }) else {
            throw RenderError.noTypeface(candidates)
        }
        font = try Typeface(path: path)
    }

    /// A plate of ``Style/size`` at 1.6 pixels a millimetre.
    ///
    /// - Parameter text: Upper-case letters and digits without breaks.
    public func plate(text: String, style: Style) throws(VisionError) -> Picture {
        try plate(text: text, style: style, light: .white)
    }

    /// - Parameter light: What falls on it; white leaves its own colours.
    func plate(text: String, style: Style, light: Colour) throws(VisionError) -> Picture {
        let scale = Self.scale
        let width = style.size.width * scale, height = style.size.height * scale
        let ink = style.ink * light, ground = style.ground * light
        var canvas = try Canvas(width: Int(width.rounded()), height: Int(height.rounded()), fill: ink)
        let edge = 4 * scale
        try canvas.fill(Box(x: edge, y: edge, width: width - 2 * edge, height: height - 2 * edge), ground)

        var left = edge, right = width - edge
        let band = 42 * scale, blue = Colour(24, 56, 140) * light
        if style != .american {
            try canvas.fill(Box(x: edge, y: edge, width: band, height: height - 2 * edge), blue)
            try drawBand(&canvas, style, Box(x: edge, y: edge, width: band, height: height - 2 * edge), light)
            left += band
        }
        if style == .french {
            try canvas.fill(Box(x: right - band, y: edge, width: band, height: height - 2 * edge), blue)
            right -= band
        }
        var baseline = height / 2, capHeight = 74 * scale
        if style == .american {
            capHeight = 66 * scale
            let name = "GANTRY", small = 15 * scale
            let across = try font.width(of: name, capHeight: small, spacing: 3 * scale)
            try canvas.text(
                name, font: font, at: Point(x: (width - across) / 2, y: 32 * scale), capHeight: small,
                spacing: 3 * scale, colour: Colour(150, 30, 40) * light)
            baseline += 10 * scale
        }
        baseline += capHeight / 2

        // Letters keep their height and lose spacing first; what is still too wide becomes smaller as a whole.
        let line = style.spaced(text)
        let room = right - left - 40 * scale
        var spacing = 7 * scale
        var across = try font.width(of: line, capHeight: capHeight, spacing: spacing)
        if across > room {
            spacing = max(2 * scale, spacing - (across - room) / Double(max(1, line.count - 1)))
            across = try font.width(of: line, capHeight: capHeight, spacing: spacing)
        }
        if across > room {
            let shrink = room / across
            baseline -= capHeight * (1 - shrink) / 2
            capHeight *= shrink
            spacing *= shrink
            across = try font.width(of: line, capHeight: capHeight, spacing: spacing)
        }
        try canvas.text(
            line, font: font, at: Point(x: left + (right - left - across) / 2, y: baseline), capHeight: capHeight,
            spacing: spacing, colour: ink)
        return try canvas.picture()
    }

    /// A ring of stars and the country's letter.
    private func drawBand(_ canvas: inout Canvas, _ style: Style, _ box: Box, _ light: Colour) throws(VisionError) {
        let scale = Self.scale, yellow = Colour(250, 210, 40) * light
        for star in 0..<12 {
            let angle = Double(star) / 12 * 2 * .pi
            let x = box.center.x + cos(angle) * 13 * scale, y = box.y + 34 * scale + sin(angle) * 13 * scale
            let side = 2.2 * scale
            try canvas.fill(Box(x: x - side, y: y - side, width: 2 * side, height: 2 * side), yellow)
        }
        let capHeight = 22 * scale
        let across = try font.width(of: style.country, capHeight: capHeight, spacing: scale)
        try canvas.text(
            style.country, font: font, at: Point(x: box.center.x - across / 2, y: box.maxY - 12 * scale),
            capHeight: capHeight, spacing: scale, colour: .white * light)
    }
}

extension PlateRenderer.Style {
    var ground: Colour { self == .dutch ? Colour(246, 200, 40) : Colour(244, 244, 240) }

    var ink: Colour {
        switch self {
        case .belgian: Colour(150, 22, 34)
        case .french, .dutch: Colour(20, 20, 24)
        case .american: Colour(24, 34, 96)
        }
    }

    var country: String {
        switch self {
        case .belgian: "B"
        case .french: "F"
        case .dutch: "NL"
        case .american: ""
        }
    }

    /// The text with a dash between its groups.
    func spaced(_ text: String) -> String {
        guard self != .american else { return text }
        var line = "", previous: Character?
        for character in text {
            if let previous, previous.isNumber != character.isNumber { line.append("-") }
            line.append(character)
            previous = character
        }
        return line
    }
}
