/// One HTML page that needs no other file, made for reading and for printing.
struct Page {
    private var body = ""
    /// Places that only the operator can fill in.
    private(set) var blanks = 0

    mutating func heading(_ text: String) { body += "<h2>\(Self.escaped(text))</h2>\n" }
    mutating func subheading(_ text: String) { body += "<h3>\(Self.escaped(text))</h3>\n" }
    mutating func paragraph(_ text: String) { body += "<p>\(Self.escaped(text))</p>\n" }
    mutating func note(_ text: String) { body += "<p class=\"note\">\(Self.escaped(text))</p>\n" }

    mutating func list(_ items: [String]) {
        body += "<ul>" + items.map { "<li>\(Self.escaped($0))</li>" }.joined(separator: "\n") + "</ul>\n"
    }

    /// What the system can't know, in a frame, so that it is not overlooked.
    mutating func blank(_ what: String) {
        blanks += 1
        body += "<p class=\"blank\"><b>To be filled in by the controller:</b> \(Self.escaped(what))</p>\n"
    }

    /// - Parameter rows: As many cells each as the head has.
    mutating func table(_ head: [String], _ rows: [[String]]) {
        guard !rows.isEmpty else { return }
        body += "<table><thead><tr>" + head.map { "<th>\(Self.escaped($0))</th>" }.joined() + "</tr></thead>\n<tbody>"
        for row in rows { body += "<tr>" + row.map { "<td>\(Self.escaped($0))</td>" }.joined() + "</tr>\n" }
        body += "</tbody></table>\n"
    }

    /// - Parameter svg: A drawing that this project made; it is taken as it is.
    mutating func figure(svg: String, caption: String) {
        body += "<figure>\(svg)<figcaption>\(Self.escaped(caption))</figcaption></figure>\n"
    }

    func html(title: String, subtitle: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(Self.escaped(title))</title>
        <style>
        body { font: 16px/1.5 system-ui, sans-serif; color: #1c2430; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.7rem; margin-bottom: 0; } h2 { font-size: 1.25rem; margin-top: 2.2rem; border-bottom: 1px solid #cfd6df; }
        h3 { font-size: 1.05rem; margin-bottom: .3rem; }
        .subtitle, .note, figcaption { color: #55606e; font-size: .92rem; }
        table { border-collapse: collapse; width: 100%; margin: .8rem 0; font-size: .93rem; }
        th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #dfe4ea; }
        th { background: #f2f5f8; }
        .blank { border: 2px dashed #b26a00; background: #fff8ec; padding: .5rem .8rem; }
        figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
        @media print { body { max-width: none; margin: 0; } h2 { break-after: avoid; } table, figure, .blank { break-inside: avoid; } }
        </style></head><body>
        <h1>\(Self.escaped(title))</h1>
        <p class="subtitle">\(Self.escaped(subtitle))</p>
        \(body)</body></html>

        """
    }

    static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}
